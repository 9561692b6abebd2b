//! How an audit record gets into the tables: one row at a time on SQLite, one
//! statement on PostgreSQL, as in `version_insert`.

use crate::{
    Error, FacilityId, Tx,
    audits::NewAudit,
    column,
    database::Conn,
    schema::{audit, audit_patient, pending_leaf},
};
use diesel::{
    ExpressionMethods, PgConnection, QueryResult, RunQueryDsl, SqliteConnection,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Binary, Integer, Nullable, SmallInt, Text},
};
use model::Tag;

/// The record as the columns hold it.
struct Row<'a> {
    facility: i32,
    new: &'a NewAudit,
    record: &'a [u8],
    time: i64,
    interaction: &'a str,
    outcome: i16,
    purpose: Option<&'a str>,
    policy_number: i64,
    user: Option<&'a [u8]>,
    client: Option<&'a [u8]>,
    subject: Option<&'a [u8]>,
    padded_size: i32,
    query: Option<&'a [u8]>,
    query_key: Option<&'a [u8]>,
    /// One for each event.
    patients: Vec<&'a [u8]>,
    events: i32,
}

fn bytes(tag: Option<&Tag>) -> Option<&[u8]> {
    tag.map(|tag| tag.as_bytes().as_slice())
}

impl<'a> Row<'a> {
    fn of(facility: FacilityId, new: &'a NewAudit) -> Result<Self, Error> {
        const NO_PATIENT: &[u8] = Tag::ZERO.as_bytes();
        let audit = &new.audit;
        let mut patients: Vec<&[u8]> = new
            .patients
            .iter()
            .map(|tag| tag.as_bytes().as_slice())
            .collect();
        if patients.is_empty() {
            patients.push(NO_PATIENT);
        }
        Ok(Self {
            facility: facility.0,
            new,
            record: audit.record.as_bytes(),
            time: audit.time.as_millis(),
            interaction: audit.interaction.as_str(),
            outcome: i16::from(audit.outcome),
            purpose: audit.purpose.as_deref(),
            policy_number: i64::from(audit.policy_number),
            user: bytes(audit.user.as_ref()),
            client: bytes(audit.client.as_ref()),
            subject: bytes(audit.subject.as_ref()),
            padded_size: column::number(audit.padded_size)?,
            query: audit.query.as_ref().map(|query| query.envelope.as_slice()),
            query_key: audit
                .query
                .as_ref()
                .map(|query| query.data_key.as_bytes().as_slice()),
            events: column::number(patients.len())?,
            patients,
        })
    }
}

pub(crate) fn insert(tx: &mut Tx, facility: FacilityId, new: &NewAudit) -> Result<(), Error> {
    let row = Row::of(facility, new)?;
    tx.insert(Error::Taken("audit record"), |conn| match conn {
        Conn::Sqlite(conn) => sqlite(conn, &row),
        Conn::Postgres(conn) => row.execute(conn),
    })?;
    Ok(())
}

fn sqlite(conn: &mut SqliteConnection, row: &Row<'_>) -> QueryResult<usize> {
    let made = diesel::insert_into(audit::table)
        .values((
            audit::facility_id.eq(row.facility),
            audit::record_tag.eq(row.record),
            audit::time_ms.eq(row.time),
            audit::interaction.eq(row.interaction),
            audit::outcome.eq(row.outcome),
            audit::purpose.eq(row.purpose),
            audit::policy_number.eq(row.policy_number),
            audit::user_tag.eq(row.user),
            audit::client_tag.eq(row.client),
            audit::subject_tag.eq(row.subject),
            audit::events.eq(row.events),
            audit::padded_size.eq(row.padded_size),
            audit::data_key_id.eq(row.new.audit.data_key.as_bytes().as_slice()),
            audit::envelope.eq(&row.new.audit.envelope),
            audit::query_envelope.eq(row.query),
            audit::query_key_id.eq(row.query_key),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    if made == 0 {
        return Ok(0);
    }
    for (event, patient) in (0..row.events).zip(&row.patients) {
        diesel::insert_into(audit_patient::table)
            .values((
                audit_patient::facility_id.eq(row.facility),
                audit_patient::patient_tag.eq(*patient),
                audit_patient::time_ms.eq(row.time),
                audit_patient::record_tag.eq(row.record),
                audit_patient::event.eq(event),
            ))
            .execute(conn)?;
    }
    diesel::insert_into(pending_leaf::table)
        .values((
            pending_leaf::facility_id.eq(row.facility),
            pending_leaf::commitment.eq(row.new.commitment.as_bytes().as_slice()),
            pending_leaf::record_tag.eq(row.record),
            pending_leaf::version.eq(1),
        ))
        .execute(conn)
}

impl QueryFragment<Pg> for Row<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(MAKE_AUDIT);
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(self.record)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.time)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.interaction)?;
        out.push_sql(", ");
        out.push_bind_param::<SmallInt, _>(&self.outcome)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.purpose)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.policy_number)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&self.user)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&self.client)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&self.subject)?;
        out.push_sql(", ");
        out.push_bind_param::<Integer, _>(&self.events)?;
        out.push_sql(", ");
        out.push_bind_param::<Integer, _>(&self.padded_size)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(self.new.audit.data_key.as_bytes().as_slice())?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(&self.new.audit.envelope)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&self.query)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&self.query_key)?;
        out.push_sql(MAKE_PATIENTS);
        out.push_bind_param::<Array<Binary>, _>(&self.patients)?;
        out.push_sql(MAKE_LEAF);
        out.push_bind_param::<Binary, _>(self.new.commitment.as_bytes().as_slice())?;
        out.push_sql(", record_tag, 1 FROM made");
        Ok(())
    }
}

const MAKE_AUDIT: &str = "WITH made AS (
    INSERT INTO audit (facility_id, record_tag, time_ms, interaction, outcome, purpose,
        policy_number, user_tag, client_tag, subject_tag, events, padded_size, data_key_id,
        envelope, query_envelope, query_key_id)
    VALUES (";

const MAKE_PATIENTS: &str = ")
    ON CONFLICT DO NOTHING
    RETURNING facility_id, time_ms, record_tag
), patients AS (
    INSERT INTO audit_patient (facility_id, patient_tag, time_ms, record_tag, event)
    SELECT facility_id, patient_tag, time_ms, record_tag, ordinal - 1
    FROM made, unnest(";

const MAKE_LEAF: &str = ") WITH ORDINALITY AS row (patient_tag, ordinal)
)
INSERT INTO pending_leaf (facility_id, commitment, record_tag, version)
SELECT facility_id, ";

/// Prepared once per connection: its text never differs.
impl QueryId for Row<'_> {
    type QueryId = Row<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Row<'_> {}
