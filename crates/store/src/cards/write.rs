//! How cards get into their table: a row at a time on SQLite, one statement for many on
//! PostgreSQL, as in `version_insert`.

use crate::{
    Error, FacilityId,
    access::Writes,
    cards::rows::{Card, HeadMember, NewCard, Replaced, SweptCard},
    column,
    engine::database::Conn,
    records::rows::ID_PARAM,
    schema::{card, link},
};
use diesel::{
    ExpressionMethods, OptionalExtension, PgConnection, QueryDsl, QueryResult, RunQueryDsl,
    SqliteConnection,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Binary, Integer, Nullable, Text},
};
use model::Tag;
use std::collections::BTreeSet;

/// Record, subject and version of a card that was there.
type Before = (Vec<u8>, Option<Vec<u8>>, i64);

/// Replaces the cards of these records; gives those that were there.
pub(crate) fn replace(
    tx: &mut impl Writes,
    facility: FacilityId,
    batch: &[NewCard],
) -> Result<Vec<Replaced>, Error> {
    let rows: Vec<Before> = tx.write(|conn| match conn {
        Conn::Sqlite(conn) => sqlite(conn, facility, batch),
        Conn::Postgres(conn) => Statement::of(facility, batch).load(conn),
    })?;
    let read = |(record, subject, number): Before| {
        Ok(Replaced {
            member: HeadMember {
                record: column::tag(&record)?,
                number: column::version_number(number)?,
            },
            subject: column::optional_tag(subject.as_ref())?,
        })
    };
    rows.into_iter().map(read).collect()
}

fn bytes(tag: &Tag) -> &[u8] {
    tag.as_bytes().as_slice()
}

fn sqlite(
    conn: &mut SqliteConnection,
    facility: FacilityId,
    batch: &[NewCard],
) -> QueryResult<Vec<Before>> {
    let mut before = Vec::new();
    for new in batch {
        let row = card::table.find((facility.0, bytes(&new.record)));
        let stood = row
            .select((card::record_tag, card::subject_tag, card::number))
            .first(conn)
            .optional()?;
        before.extend(stood);
        match &new.card {
            Some(card) => sqlite_put(conn, facility, card)?,
            None => diesel::delete(row).execute(conn)?,
        };
    }
    Ok(before)
}

fn sqlite_put(conn: &mut SqliteConnection, facility: FacilityId, new: &Card) -> QueryResult<usize> {
    let row = (
        card::resource_type.eq(new.resource_type.as_str()),
        card::subject_tag.eq(new.subject.as_ref().map(bytes)),
        card::number.eq(column::of_version(new.number)),
        card::index_epoch.eq(i64::from(new.index_epoch)),
        card::time_ms.eq(new.time.as_millis()),
        card::data_key_id.eq(new.data_key.as_bytes().as_slice()),
        card::sealed.eq(&new.sealed),
    );
    diesel::insert_into(card::table)
        .values((
            card::facility_id.eq(facility.0),
            card::record_tag.eq(bytes(&new.record)),
            row,
        ))
        .on_conflict((card::facility_id, card::record_tag))
        .do_update()
        .set(row)
        .execute(conn)
}

/// Deletes the row of a card that was read; the number of rows.
pub(crate) fn drop_as_read(
    tx: &mut impl Writes,
    facility: FacilityId,
    read: &SweptCard,
) -> Result<usize, Error> {
    let row = card::table
        .filter(card::facility_id.eq(facility.0))
        .filter(card::record_tag.eq(&read.name.record))
        .filter(card::number.eq(read.name.version));
    let sealed = read.card.as_ref().ok().map(|card| &card.sealed);
    tx.write(|conn| match (conn, sealed) {
        (Conn::Sqlite(conn), None) => diesel::delete(row).execute(conn),
        (Conn::Postgres(conn), None) => diesel::delete(row).execute(conn),
        (Conn::Sqlite(conn), Some(sealed)) => {
            diesel::delete(row.filter(card::sealed.eq(sealed))).execute(conn)
        }
        (Conn::Postgres(conn), Some(sealed)) => {
            diesel::delete(row.filter(card::sealed.eq(sealed))).execute(conn)
        }
    })
}

/// Version and index epoch of a card.
type Made = (i64, i64);

/// The records whose version is still the current one, and that have no card of it by these
/// definitions; nobody else writes another version before this transaction ends.
pub(crate) fn hold_current(
    tx: &mut impl Writes,
    facility: FacilityId,
    new: &[NewCard],
) -> Result<BTreeSet<Tag>, Error> {
    let mut cards: Vec<&Card> = new.iter().filter_map(|new| new.card.as_ref()).collect();
    cards.sort_unstable_by_key(|card| card.record);
    tx.write(|conn| {
        let mut current = BTreeSet::new();
        for new in cards {
            if is_due(conn, facility, new)? {
                current.insert(new.record);
            }
        }
        Ok(current)
    })
}

fn is_due(conn: &mut Conn, facility: FacilityId, new: &Card) -> QueryResult<bool> {
    let (record, number) = (bytes(&new.record), column::of_version(new.number));
    let own = link::table
        .find((facility.0, record, number, ID_PARAM, record))
        .select(link::version);
    let made = card::table
        .find((facility.0, record))
        .select((card::number, card::index_epoch));
    let (held, made): (Option<i64>, Option<Made>) = match conn {
        Conn::Sqlite(conn) => (own.first(conn).optional()?, made.first(conn).optional()?),
        Conn::Postgres(conn) => {
            let held = own.for_update().first(conn).optional()?;
            (held, made.first(conn).optional()?)
        }
    };
    let done = made == Some((number, i64::from(new.index_epoch)));
    Ok(held.is_some() && !done)
}

/// The statement for PostgreSQL, by columns. It gives the cards that were there before it.
#[derive(Default)]
struct Statement<'a> {
    facility: i32,
    all: Vec<&'a [u8]>,
    gone: Vec<&'a [u8]>,
    record: Vec<&'a [u8]>,
    resource_type: Vec<&'a str>,
    subject: Vec<Option<&'a [u8]>>,
    number: Vec<i64>,
    index_epoch: Vec<i64>,
    time: Vec<i64>,
    data_key: Vec<&'a [u8]>,
    sealed: Vec<&'a [u8]>,
}

impl<'a> Statement<'a> {
    fn of(facility: FacilityId, batch: &'a [NewCard]) -> Self {
        let mut all = Self {
            facility: facility.0,
            ..Self::default()
        };
        for new in batch {
            all.all.push(bytes(&new.record));
            let Some(card) = &new.card else {
                all.gone.push(bytes(&new.record));
                continue;
            };
            all.record.push(bytes(&card.record));
            all.resource_type.push(card.resource_type.as_str());
            all.subject.push(card.subject.as_ref().map(bytes));
            all.number.push(column::of_version(card.number));
            all.index_epoch.push(i64::from(card.index_epoch));
            all.time.push(card.time.as_millis());
            all.data_key.push(card.data_key.as_bytes());
            all.sealed.push(&card.sealed);
        }
        all
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH place AS (SELECT ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(
            " AS facility_id), before AS ( \
             SELECT card.record_tag, card.subject_tag, card.version FROM place \
             JOIN card ON card.facility_id = place.facility_id AND card.record_tag = ANY(",
        );
        out.push_bind_param::<Array<Binary>, _>(&self.all)?;
        out.push_sql(
            ")), gone AS ( \
             DELETE FROM card USING place WHERE card.facility_id = place.facility_id \
             AND card.record_tag = ANY(",
        );
        out.push_bind_param::<Array<Binary>, _>(&self.gone)?;
        out.push_sql(")), input AS (SELECT * FROM place, unnest(");
        out.push_bind_param::<Array<Binary>, _>(&self.record)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.resource_type)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.subject)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.number)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.index_epoch)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.time)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.data_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.sealed)?;
        out.push_sql(PUT);
        Ok(())
    }
}

const PUT: &str = ") AS row (record_tag, resource_type, subject_tag, version, index_epoch,
    time_ms, data_key_id, sealed)
), made AS (
    INSERT INTO card (facility_id, record_tag, resource_type, subject_tag, version, index_epoch,
        time_ms, data_key_id, sealed)
    SELECT * FROM input
    ON CONFLICT (facility_id, record_tag) DO UPDATE SET
        resource_type = excluded.resource_type, subject_tag = excluded.subject_tag,
        version = excluded.version, index_epoch = excluded.index_epoch,
        time_ms = excluded.time_ms, data_key_id = excluded.data_key_id,
        sealed = excluded.sealed
)
SELECT record_tag, subject_tag, version FROM before";

/// Prepared once per connection: its text never differs.
impl QueryId for Statement<'_> {
    type QueryId = Statement<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Statement<'_> {
    type SqlType = (Binary, Nullable<Binary>, BigInt);
}

impl RunQueryDsl<PgConnection> for Statement<'_> {}
