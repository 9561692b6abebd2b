//! Audit records. Never changed, never deleted; the narrow rows beside them only
//! make the events of a patient findable.

use crate::{
    Access, Error, FacilityId, Tx, column,
    schema::{audit, audit_patient},
    waiting,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, RunQueryDsl,
    SelectableHelper,
    prelude::{Queryable, Selectable},
};
use model::{AuditInteraction, Commitment, DataKeyId, Tag, Timestamp};

/// A stored audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Tag of its record id.
    pub record: Tag,
    /// When it was recorded.
    pub time: Timestamp,
    /// What was asked for.
    pub interaction: AuditInteraction,
    /// `AuditEvent.outcome`: 0, 4, 8 or 12.
    pub outcome: u8,
    /// Purpose of use, when the caller stated one.
    pub purpose: Option<String>,
    /// The policy set then in force; 0 when none was valid.
    pub policy_number: u32,
    /// Who asked.
    pub user: Option<Tag>,
    /// Through which client.
    pub client: Option<Tag>,
    /// The patient, when exactly one is concerned.
    pub subject: Option<Tag>,
    /// How many AuditEvents it renders to.
    pub events: u32,
    /// Bytes of padded plaintext.
    pub padded_size: u32,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed record.
    pub envelope: Vec<u8>,
    /// The sealed query text, if there was one.
    pub query: Option<SealedQuery>,
}

/// A sealed query text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedQuery {
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed text.
    pub envelope: Vec<u8>,
}

/// An audit record to be stored. How many events it has follows from `patients`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// The row; `events` is set from `patients`.
    pub audit: Audit,
    /// The patients concerned, in the order of their events; with none there is one
    /// event without a patient.
    pub patients: Vec<Tag>,
    /// What the log will hold.
    pub commitment: Commitment,
}

/// Where a page of audit records goes on: after this one, towards older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPosition {
    /// Its time.
    pub time: Timestamp,
    /// Its record.
    pub record: Tag,
}

/// An audit record on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFound {
    /// The event of the patient asked for; without a patient, all events are meant.
    pub event: Option<u32>,
    /// The record.
    pub audit: Audit,
}

/// The view of audit records.
pub struct Audits<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit)]
struct Row {
    record_tag: Vec<u8>,
    time_ms: i64,
    interaction: String,
    outcome: i16,
    purpose: Option<String>,
    policy_number: i64,
    user_tag: Option<Vec<u8>>,
    client_tag: Option<Vec<u8>>,
    subject_tag: Option<Vec<u8>>,
    events: i32,
    padded_size: i32,
    data_key_id: Vec<u8>,
    envelope: Vec<u8>,
    query_envelope: Option<Vec<u8>>,
    query_key_id: Option<Vec<u8>>,
}

fn read(row: Row) -> Result<Audit, Error> {
    let query = match (row.query_key_id, row.query_envelope) {
        (Some(key), Some(envelope)) => Some(SealedQuery {
            data_key: column::data_key_id(&key)?,
            envelope,
        }),
        (None, None) => None,
        _ => return Err(Error::Corrupt("query text")),
    };
    Ok(Audit {
        record: column::tag(&row.record_tag)?,
        time: column::time(row.time_ms)?,
        interaction: AuditInteraction::restful(&row.interaction),
        outcome: column::number(row.outcome)?,
        purpose: row.purpose,
        policy_number: column::number(row.policy_number)?,
        user: column::optional_tag(row.user_tag.as_ref())?,
        client: column::optional_tag(row.client_tag.as_ref())?,
        subject: column::optional_tag(row.subject_tag.as_ref())?,
        events: column::number(row.events)?,
        padded_size: column::number(row.padded_size)?,
        data_key: column::data_key_id(&row.data_key_id)?,
        envelope: row.envelope,
        query,
    })
}

impl<A: Access> Audits<'_, A> {
    /// One audit record.
    pub fn find(&mut self, facility: FacilityId, record: Tag) -> Result<Option<Audit>, Error> {
        let query = audit::table
            .filter(audit::facility_id.eq(facility.0))
            .filter(audit::record_tag.eq(record.as_bytes().as_slice()))
            .select(Row::as_select());
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// At most `limit` audit records, newest first, older than `before`: those with
    /// an event of the patient ([`Tag::ZERO`]: with an event of no patient), or all.
    pub fn page(
        &mut self,
        facility: FacilityId,
        patient: Option<Tag>,
        before: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditFound>, Error> {
        match patient {
            Some(patient) => self.page_of_patient(facility, patient, before, limit),
            None => self.page_of_all(facility, before, limit),
        }
    }

    fn page_of_all(
        &mut self,
        facility: FacilityId,
        before: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditFound>, Error> {
        let (time, record) = start(before.as_ref());
        let query = audit::table
            .filter(audit::facility_id.eq(facility.0))
            // The first half is what the index can use.
            .filter(audit::time_ms.le(time))
            .filter(audit::time_ms.lt(time).or(audit::record_tag.lt(record)))
            .order((audit::time_ms.desc(), audit::record_tag.desc()))
            .limit(i64::from(limit))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter()
            .map(|row| {
                Ok(AuditFound {
                    event: None,
                    audit: read(row)?,
                })
            })
            .collect()
    }

    fn page_of_patient(
        &mut self,
        facility: FacilityId,
        patient: Tag,
        before: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditFound>, Error> {
        let (time, record) = start(before.as_ref());
        let same = audit::facility_id
            .eq(audit_patient::facility_id)
            .and(audit::record_tag.eq(audit_patient::record_tag));
        let query = audit_patient::table
            .inner_join(audit::table.on(same))
            .filter(audit_patient::facility_id.eq(facility.0))
            .filter(audit_patient::patient_tag.eq(patient.as_bytes().as_slice()))
            .filter(audit_patient::time_ms.le(time))
            .filter(
                audit_patient::time_ms
                    .lt(time)
                    .or(audit_patient::record_tag.lt(record)),
            )
            .order((
                audit_patient::time_ms.desc(),
                audit_patient::record_tag.desc(),
            ))
            .limit(i64::from(limit))
            .select((audit_patient::event, Row::as_select()));
        let rows: Vec<(i32, Row)> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter()
            .map(|(event, row)| {
                Ok(AuditFound {
                    event: Some(column::number(event)?),
                    audit: read(row)?,
                })
            })
            .collect()
    }
}

fn start(before: Option<&AuditPosition>) -> (i64, &[u8]) {
    before.map_or((i64::MAX, &[]), |at| {
        (at.time.as_millis(), at.record.as_bytes())
    })
}

impl Audits<'_, Tx> {
    /// Stores an audit record with its narrow rows and its leaf. `Taken` when the
    /// record is; on PostgreSQL the whole transaction may only then come to that.
    pub fn insert(&mut self, facility: FacilityId, new: &NewAudit) -> Result<(), Error> {
        self.access.probe(facility, new.audit.record);
        waiting::add_audit(self.access, facility, new)
    }
}
