//! How audit records get into the tables: one row at a time on SQLite, one statement
//! for many on PostgreSQL, as in `version_insert`.

use crate::{
    Error, FacilityId, LeafName, Taken,
    access::Writes,
    column,
    engine::database::Conn,
    log::leaf_keys::LeafKey,
    records::rows::NewAudit,
    schema::{audit, audit_patient, audit_query, pending_leaf},
};
use diesel::{
    ExpressionMethods, PgConnection, QueryResult, RunQueryDsl, SqliteConnection,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Binary, Integer, Nullable, SmallInt, Text},
};
use model::{Tag, VersionNumber};

/// The most records in one statement.
const BATCH: usize = 500;
const TAKEN: Error = Error::Taken(Taken::AuditRecord);

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
    /// One for each event.
    patients: Vec<&'a [u8]>,
    events: i32,
    mac: [u8; 16],
}

fn bytes(tag: Option<&Tag>) -> Option<&[u8]> {
    tag.map(|tag| tag.as_bytes().as_slice())
}

impl<'a> Row<'a> {
    fn of(facility: FacilityId, new: &'a NewAudit, key: &LeafKey) -> Result<Self, Error> {
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
        let leaf = LeafName {
            facility,
            record: audit.record,
            version: VersionNumber::FIRST,
        };
        Ok(Self {
            facility: facility.0,
            new,
            mac: key.leaf_mac(&leaf, &new.commitment),
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
            events: column::number(patients.len())?,
            patients,
        })
    }
}

/// Stores audit records with their narrow rows and their leaves; `Taken` when one of
/// them is there already.
pub(crate) fn insert_many(
    tx: &mut impl Writes,
    facility: FacilityId,
    new: &[NewAudit],
) -> Result<(), Error> {
    let key = tx.leaf_keys().newest()?;
    for batch in new.chunks(BATCH) {
        let rows = batch.iter().map(|new| Row::of(facility, new, &key));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let made = tx.insert(TAKEN, |conn| match conn {
            Conn::Sqlite(conn) => rows.iter().map(|row| sqlite(conn, row)).sum(),
            Conn::Postgres(conn) => Statement::of(facility, &rows).execute(conn),
        })?;
        if made < batch.len() {
            return Err(TAKEN);
        }
    }
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
    for (number, query) in (1..).zip(&row.new.audit.queries) {
        diesel::insert_into(audit_query::table)
            .values((
                audit_query::facility_id.eq(row.facility),
                audit_query::record_tag.eq(row.record),
                audit_query::number.eq(number),
                audit_query::data_key_id.eq(query.data_key.as_bytes().as_slice()),
                audit_query::envelope.eq(&query.envelope),
            ))
            .execute(conn)?;
    }
    diesel::insert_into(pending_leaf::table)
        .values((
            pending_leaf::facility_id.eq(row.facility),
            pending_leaf::commitment.eq(row.new.commitment.as_bytes().as_slice()),
            pending_leaf::record_tag.eq(row.record),
            pending_leaf::version.eq(1),
            pending_leaf::mac.eq(row.mac.as_slice()),
        ))
        .execute(conn)
}

/// The statement for PostgreSQL, by columns. It affects as many rows as records were
/// stored.
#[derive(Default)]
struct Statement<'a> {
    facility: i32,
    record: Vec<&'a [u8]>,
    time: Vec<i64>,
    interaction: Vec<&'a str>,
    outcome: Vec<i16>,
    purpose: Vec<Option<&'a str>>,
    policy_number: Vec<i64>,
    user: Vec<Option<&'a [u8]>>,
    client: Vec<Option<&'a [u8]>>,
    subject: Vec<Option<&'a [u8]>>,
    events: Vec<i32>,
    padded_size: Vec<i32>,
    data_key: Vec<&'a [u8]>,
    envelope: Vec<&'a [u8]>,
    commitment: Vec<&'a [u8]>,
    mac: Vec<&'a [u8]>,
    patient_record: Vec<&'a [u8]>,
    patient: Vec<&'a [u8]>,
    patient_event: Vec<i32>,
    query_record: Vec<&'a [u8]>,
    query_number: Vec<i32>,
    query_key: Vec<&'a [u8]>,
    query: Vec<&'a [u8]>,
}

impl<'a> Statement<'a> {
    fn of(facility: FacilityId, batch: &'a [Row<'a>]) -> Self {
        let mut all = Self {
            facility: facility.0,
            ..Self::default()
        };
        for row in batch {
            all.record.push(row.record);
            all.time.push(row.time);
            all.interaction.push(row.interaction);
            all.outcome.push(row.outcome);
            all.purpose.push(row.purpose);
            all.policy_number.push(row.policy_number);
            all.user.push(row.user);
            all.client.push(row.client);
            all.subject.push(row.subject);
            all.events.push(row.events);
            all.padded_size.push(row.padded_size);
            all.data_key.push(row.new.audit.data_key.as_bytes());
            all.envelope.push(&row.new.audit.envelope);
            all.commitment.push(row.new.commitment.as_bytes());
            all.mac.push(&row.mac);
            for (event, patient) in (0..row.events).zip(&row.patients) {
                all.patient_record.push(row.record);
                all.patient.push(patient);
                all.patient_event.push(event);
            }
            for (number, query) in (1..).zip(&row.new.audit.queries) {
                all.query_record.push(row.record);
                all.query_number.push(number);
                all.query_key.push(query.data_key.as_bytes());
                all.query.push(&query.envelope);
            }
        }
        all
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH place AS (SELECT ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AS facility_id), input AS (SELECT * FROM place, unnest(");
        out.push_bind_param::<Array<Binary>, _>(&self.record)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.time)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.interaction)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SmallInt>, _>(&self.outcome)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.purpose)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.policy_number)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.user)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.client)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.subject)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.events)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.padded_size)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.data_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.envelope)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.commitment)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.mac)?;
        out.push_sql(MAKE_AUDITS);
        out.push_bind_param::<Array<Binary>, _>(&self.patient_record)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.patient)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.patient_event)?;
        out.push_sql(MAKE_PATIENTS);
        out.push_bind_param::<Array<Binary>, _>(&self.query_record)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.query_number)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.query_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.query)?;
        out.push_sql(MAKE_QUERIES);
        Ok(())
    }
}

const MAKE_AUDITS: &str = ") WITH ORDINALITY AS row (
    record_tag, time_ms, interaction, outcome, purpose, policy_number, user_tag, client_tag,
    subject_tag, events, padded_size, data_key_id, envelope, commitment, mac, ordinal)
), made AS (
    INSERT INTO audit (facility_id, record_tag, time_ms, interaction, outcome, purpose,
        policy_number, user_tag, client_tag, subject_tag, events, padded_size, data_key_id,
        envelope)
    SELECT facility_id, record_tag, time_ms, interaction, outcome, purpose,
        policy_number, user_tag, client_tag, subject_tag, events, padded_size, data_key_id,
        envelope
    FROM input ORDER BY ordinal
    ON CONFLICT DO NOTHING
    RETURNING facility_id, time_ms, record_tag
), patients AS (
    INSERT INTO audit_patient (facility_id, patient_tag, time_ms, record_tag, event)
    SELECT facility_id, patient_tag, time_ms, record_tag, event
    FROM made JOIN unnest(";

const MAKE_PATIENTS: &str = ") AS row (record_tag, patient_tag, event) USING (record_tag)
), queries AS (
    INSERT INTO audit_query (facility_id, record_tag, number, data_key_id, envelope)
    SELECT facility_id, record_tag, number, data_key_id, envelope
    FROM made JOIN unnest(";

const MAKE_QUERIES: &str = ") AS row (record_tag, number, data_key_id, envelope) USING (record_tag)
)
INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)
SELECT input.facility_id, commitment, record_tag, 1, mac
FROM input JOIN made USING (record_tag) ORDER BY ordinal";

/// Prepared once per connection: its text never differs.
impl QueryId for Statement<'_> {
    type QueryId = Statement<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Statement<'_> {}
