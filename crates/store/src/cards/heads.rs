//! Patient heads inside a transaction: locked, read and replaced.

use crate::{
    Error, FacilityId, access::Writes, cards::rows::StoredHead, column, engine::database::Conn,
    schema::patient_head,
};
use diesel::{
    ExpressionMethods, OptionalExtension, PgConnection, QueryDsl, QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_query,
    sql_types::{Array, Binary, Integer},
};
use model::Tag;
use std::collections::HashMap;

/// Reads the heads of patients, sorted, so that nobody else changes them before this
/// transaction ends. On PostgreSQL a patient without one gets an empty row, by which writers
/// of a new patient wait for each other too; it counts as none.
pub(crate) fn hold(
    tx: &mut impl Writes,
    facility: FacilityId,
    patients: &[Tag],
) -> Result<HashMap<Tag, Vec<u8>>, Error> {
    if patients.is_empty() {
        return Ok(HashMap::new());
    }
    let tags: Vec<&[u8]> = patients
        .iter()
        .map(|tag| tag.as_bytes().as_slice())
        .collect();
    let rows: Vec<(Vec<u8>, Vec<u8>)> = tx.write(|conn| match conn {
        Conn::Sqlite(conn) => {
            let find = |tag: &&[u8]| {
                patient_head::table
                    .find((facility.0, *tag))
                    .select((patient_head::patient_tag, patient_head::head))
                    .first(conn)
                    .optional()
                    .transpose()
            };
            tags.iter().filter_map(find).collect()
        }
        Conn::Postgres(conn) => {
            let rows = lock(conn, facility, &tags)?;
            if rows.len() == tags.len() {
                return Ok(rows);
            }
            begin(conn, facility, &tags)?;
            lock(conn, facility, &tags)
        }
    })?;
    let begun = rows.into_iter().filter(|(_, head)| !head.is_empty());
    begun
        .map(|(patient, head)| Ok((column::tag(&patient)?, head)))
        .collect()
}

fn lock(
    conn: &mut PgConnection,
    facility: FacilityId,
    tags: &[&[u8]],
) -> QueryResult<Vec<(Vec<u8>, Vec<u8>)>> {
    patient_head::table
        .filter(patient_head::facility_id.eq(facility.0))
        .filter(patient_head::patient_tag.eq_any(tags))
        .order(patient_head::patient_tag)
        .select((patient_head::patient_tag, patient_head::head))
        .for_update()
        .load(conn)
}

/// Waits for another transaction that does the same.
fn begin(conn: &mut PgConnection, facility: FacilityId, tags: &[&[u8]]) -> QueryResult<usize> {
    sql_query(
        "INSERT INTO patient_head (facility_id, patient_tag, data_key_id, head) \
         SELECT $1, tag, '', '' FROM unnest($2) AS row (tag) ORDER BY tag ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(facility.0)
    .bind::<Array<Binary>, _>(tags)
    .execute(conn)
}

/// Puts heads in the place of those that are held.
pub(crate) fn put(
    tx: &mut impl Writes,
    facility: FacilityId,
    heads: &[(Tag, StoredHead)],
) -> Result<(), Error> {
    if heads.is_empty() {
        return Ok(());
    }
    tx.write(|conn| match conn {
        Conn::Sqlite(conn) => {
            for (patient, head) in heads {
                let row = (
                    patient_head::data_key_id.eq(head.data_key.as_bytes().as_slice()),
                    patient_head::head.eq(&head.sealed),
                );
                diesel::insert_into(patient_head::table)
                    .values((
                        patient_head::facility_id.eq(facility.0),
                        patient_head::patient_tag.eq(patient.as_bytes().as_slice()),
                        row,
                    ))
                    .on_conflict((patient_head::facility_id, patient_head::patient_tag))
                    .do_update()
                    .set(row)
                    .execute(conn)?;
            }
            Ok(heads.len())
        }
        Conn::Postgres(conn) => Replace::of(facility, heads).execute(conn),
    })?;
    Ok(())
}

/// The statement for PostgreSQL, by columns.
struct Replace<'a> {
    facility: i32,
    patient: Vec<&'a [u8]>,
    data_key: Vec<&'a [u8]>,
    head: Vec<&'a [u8]>,
}

impl<'a> Replace<'a> {
    fn of(facility: FacilityId, heads: &'a [(Tag, StoredHead)]) -> Self {
        let data_keys = heads.iter().map(|(_, head)| head.data_key.as_bytes());
        Self {
            facility: facility.0,
            patient: heads
                .iter()
                .map(|(patient, _)| patient.as_bytes().as_slice())
                .collect(),
            data_key: data_keys.map(<[u8; 16]>::as_slice).collect(),
            head: heads
                .iter()
                .map(|(_, head)| head.sealed.as_slice())
                .collect(),
        }
    }
}

impl QueryFragment<Pg> for Replace<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE patient_head SET data_key_id = row.data_key_id, head = row.head FROM unnest(",
        );
        out.push_bind_param::<Array<Binary>, _>(&self.patient)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.data_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.head)?;
        out.push_sql(
            ") AS row (patient_tag, data_key_id, head) \
             WHERE patient_head.patient_tag = row.patient_tag AND patient_head.facility_id = ",
        );
        out.push_bind_param::<Integer, _>(&self.facility)
    }
}

/// Prepared once per connection: its text never differs.
impl QueryId for Replace<'_> {
    type QueryId = Replace<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Replace<'_> {}
