//! Audit records. Never changed, never deleted; the narrow rows beside them only
//! make the events of a patient findable.

use crate::{
    Access, Error, FacilityId, Tx, column,
    records::{
        audit_insert,
        rows::{Audit, NewAudit, SealedQuery},
        waiting::Waiting,
    },
    schema::{audit, audit_patient, audit_query},
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    SelectableHelper,
    prelude::{Queryable, Selectable},
};
use model::{DataKeyId, Interaction, Tag, Timestamp};
use std::collections::BTreeMap;

/// Where a page of audit records begins: with this one, towards older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPosition {
    /// Its time.
    pub time: Timestamp,
    /// Its record.
    pub record: Tag,
}

/// A record of a page: when it cannot be read it stands for itself alone.
#[derive(Debug)]
pub struct AuditHit {
    /// Where it stands.
    pub position: AuditPosition,
    /// The record, when it can be read.
    pub audit: Result<Audit, Error>,
}

/// Part of the audit: from a record, included, back to a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditRange {
    /// The newest; `None` for the newest of all.
    pub from: Option<AuditPosition>,
    /// The earliest time.
    pub since: Option<Timestamp>,
}

/// The audit records that a page is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditsOf {
    /// All of the facility.
    Facility,
    /// Those with an event of one of the patients, [`Tag::ZERO`] for an event of none.
    Patients(Vec<Tag>),
    /// Those of these tags.
    Records(Vec<Tag>),
}

/// The view of audit records.
pub struct Audits<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit)]
pub(crate) struct Row {
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

type QueryRow = (Vec<u8>, i32, Vec<u8>, Vec<u8>);

pub(crate) fn read(row: Row) -> Result<Audit, Error> {
    // Records written before there was `audit_query` have their one text here.
    let queries = match (row.query_key_id, row.query_envelope) {
        (Some(key), Some(envelope)) => vec![SealedQuery {
            data_key: column::data_key_id(&key)?,
            envelope,
        }],
        (None, None) => Vec::new(),
        _ => return Err(Error::Corrupt("query text")),
    };
    Ok(Audit {
        record: column::tag(&row.record_tag)?,
        time: column::time(row.time_ms)?,
        interaction: Interaction::stored(&row.interaction),
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
        queries,
    })
}

impl<A: Access> Audits<'_, A> {
    /// One audit record.
    pub fn find(&mut self, facility: FacilityId, record: Tag) -> Result<Option<Audit>, Error> {
        let of = AuditsOf::Records(vec![record]);
        let found = self.page(facility, &of, &AuditRange::default(), 1)?.pop();
        found.map(|hit| hit.audit).transpose()
    }

    /// At most `limit` audit records that were made under a policy set. There is no index
    /// for it: it is for commands.
    pub fn under_policy(
        &mut self,
        facility: FacilityId,
        number: u32,
        limit: u32,
    ) -> Result<Vec<Audit>, Error> {
        let query = audit::table
            .filter(audit::facility_id.eq(facility.0))
            .filter(audit::policy_number.eq(i64::from(number)))
            .order((audit::time_ms, audit::record_tag))
            .limit(i64::from(limit))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }

    /// At most `limit` audit records of a range, newest first.
    pub fn page(
        &mut self,
        facility: FacilityId,
        of: &AuditsOf,
        range: &AuditRange,
        limit: u32,
    ) -> Result<Vec<AuditHit>, Error> {
        let records = self.records(facility, of, range, limit)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let records = records.iter().map(|tag| tag.as_bytes().as_slice());
        let query = audit::table
            .filter(audit::facility_id.eq(facility.0))
            .filter(audit::record_tag.eq_any(records))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        let hit = |row: Row| {
            let position = AuditPosition {
                time: column::time(row.time_ms)?,
                record: column::tag(&row.record_tag)?,
            };
            let audit = read(row);
            Ok(AuditHit { position, audit })
        };
        let mut hits = rows
            .into_iter()
            .map(hit)
            .collect::<Result<Vec<_>, Error>>()?;
        // Asked for an order, SQLite walks the facility by time instead of looking up keys.
        hits.sort_unstable_by_key(|hit| std::cmp::Reverse(hit.position));
        let readable = hits.iter_mut().filter_map(|hit| hit.audit.as_mut().ok());
        let mut each: Vec<&mut Audit> = readable.collect();
        add_queries(self.access, facility, &mut each)?;
        Ok(hits)
    }

    /// The number of audit records of a range, counted up to `limit`.
    pub fn count(
        &mut self,
        facility: FacilityId,
        of: &AuditsOf,
        range: &AuditRange,
        limit: u32,
    ) -> Result<usize, Error> {
        Ok(self.records(facility, of, range, limit)?.len())
    }

    /// The tags of at most `limit` records of a range, newest first. Envelopes are not
    /// read for it.
    fn records(
        &mut self,
        facility: FacilityId,
        of: &AuditsOf,
        range: &AuditRange,
        limit: u32,
    ) -> Result<Vec<Tag>, Error> {
        let ends = Ends::of(range);
        let mut found = match of {
            AuditsOf::Facility => self.of_facility(facility, &ends, limit)?,
            AuditsOf::Records(records) => self.of_records(facility, records, &ends)?,
            AuditsOf::Patients(patients) => self.of_patients(facility, patients, &ends, limit)?,
        };
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        let newest = found
            .iter()
            .take(usize::try_from(limit).unwrap_or(usize::MAX));
        newest.map(|(_, record)| column::tag(record)).collect()
    }

    fn of_facility(
        &mut self,
        facility: FacilityId,
        ends: &Ends<'_>,
        limit: u32,
    ) -> Result<Vec<Place>, Error> {
        let query = audit::table
            .filter(audit::facility_id.eq(facility.0))
            // The first two are what the index can use.
            .filter(audit::time_ms.between(ends.since, ends.time))
            .filter(
                audit::time_ms
                    .lt(ends.time)
                    .or(audit::record_tag.le(ends.record)),
            )
            .order((audit::time_ms.desc(), audit::record_tag.desc()))
            .limit(i64::from(limit))
            .select((audit::time_ms, audit::record_tag));
        self.access.query(|conn| query.load(conn))
    }

    /// As few as are named, in no order: one seek each. Asked for many at once, a database
    /// that does not know how many records there are walks through the facility by time.
    fn of_records(
        &mut self,
        facility: FacilityId,
        records: &[Tag],
        ends: &Ends<'_>,
    ) -> Result<Vec<Place>, Error> {
        let newest = (ends.time, ends.record);
        let mut found = Vec::new();
        for record in records {
            let query = audit::table
                .filter(audit::facility_id.eq(facility.0))
                .filter(audit::record_tag.eq(record.as_bytes().as_slice()))
                .select((audit::time_ms, audit::record_tag));
            let place: Option<Place> = self.access.query(|conn| query.first(conn).optional())?;
            found.extend(place.filter(|(time, record)| {
                ends.since <= *time && (*time, record.as_slice()) <= newest
            }));
        }
        Ok(found)
    }

    /// The newest records of several patients are among the newest of each.
    fn of_patients(
        &mut self,
        facility: FacilityId,
        patients: &[Tag],
        ends: &Ends<'_>,
        limit: u32,
    ) -> Result<Vec<Place>, Error> {
        let mut found: Vec<Place> = Vec::new();
        for patient in patients {
            let newer = audit_patient::time_ms
                .lt(ends.time)
                .or(audit_patient::record_tag.le(ends.record));
            let order = (
                audit_patient::time_ms.desc(),
                audit_patient::record_tag.desc(),
            );
            let query = audit_patient::table
                .filter(audit_patient::facility_id.eq(facility.0))
                .filter(audit_patient::patient_tag.eq(patient.as_bytes().as_slice()))
                .filter(audit_patient::time_ms.between(ends.since, ends.time))
                .filter(newer)
                .order(order)
                .limit(i64::from(limit))
                // One patient may have several events in a record.
                .distinct()
                .select((audit_patient::time_ms, audit_patient::record_tag));
            let rows: Vec<Place> = self.access.query(|conn| query.load(conn))?;
            found.extend(rows);
        }
        Ok(found)
    }
}

/// Gives records their query texts.
pub(crate) fn add_queries(
    access: &mut impl Access,
    facility: FacilityId,
    audits: &mut [&mut Audit],
) -> Result<(), Error> {
    if audits.is_empty() {
        return Ok(());
    }
    let records = audits
        .iter()
        .map(|audit| audit.record.as_bytes().as_slice());
    let query = audit_query::table
        .filter(audit_query::facility_id.eq(facility.0))
        .filter(audit_query::record_tag.eq_any(records))
        .select((
            audit_query::record_tag,
            audit_query::number,
            audit_query::data_key_id,
            audit_query::envelope,
        ));
    // Asked for an order, PostgreSQL walks the facility in that order instead of looking up
    // keys.
    let mut rows: Vec<QueryRow> = access.query(|conn| query.load(conn))?;
    rows.sort_unstable();
    let mut texts: BTreeMap<Tag, Vec<SealedQuery>> = BTreeMap::new();
    for (record, number, key, envelope) in rows {
        let of_record = texts.entry(column::tag(&record)?).or_default();
        let is_in_place = usize::try_from(number) == Ok(of_record.len() + 1);
        let text = match column::data_key_id(&key) {
            Ok(data_key) if is_in_place => SealedQuery { data_key, envelope },
            // Its record alone is refused, for this opens for nobody.
            _ => SealedQuery {
                data_key: DataKeyId::new([0; DataKeyId::LEN]),
                envelope: Vec::new(),
            },
        };
        of_record.push(text);
    }
    for audit in audits {
        if let Some(found) = texts.remove(&audit.record) {
            audit.queries.extend(found);
        }
    }
    Ok(())
}

/// Time and record tag, as the columns hold them.
type Place = (i64, Vec<u8>);

/// A range as the columns hold it.
struct Ends<'r> {
    time: i64,
    record: &'r [u8],
    since: i64,
}

impl<'r> Ends<'r> {
    fn of(range: &'r AuditRange) -> Self {
        // Longer than a tag, so that every tag is before it.
        const LAST: &[u8] = &[u8::MAX; 17];
        let from = range.from.as_ref();
        Self {
            time: from.map_or(i64::MAX, |from| from.time.as_millis()),
            record: from.map_or(LAST, |from| from.record.as_bytes()),
            since: range.since.map_or(i64::MIN, Timestamp::as_millis),
        }
    }
}

impl Audits<'_, Tx> {
    /// Stores an audit record with its narrow rows, its query texts and its leaf. `Taken`
    /// when the record is; on PostgreSQL from `run_tx` instead, because there rows
    /// wait to be stored together.
    pub fn insert(&mut self, facility: FacilityId, new: &NewAudit) -> Result<(), Error> {
        self.access.probe(facility, new.audit.record);
        if !Waiting::is_for(self.access.backend(), 0) {
            return audit_insert::insert_many(self.access, facility, std::slice::from_ref(new));
        }
        self.access.waiting.add_audit(facility, new);
        Ok(())
    }
}
