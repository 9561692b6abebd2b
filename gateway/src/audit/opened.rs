//! A stored audit record, opened: each of its events is withheld by itself,
//! because each concerns another patient.

use crate::{
    audit::sealed::{self, AUDIT_EVENT, query_place},
    exchange::facts,
    facility::{Facility, own_seal::Envelope},
    failure::Failure,
    log::leaf_proof,
    record::{
        committed,
        damage::{Damage, RowPlace, check_padded_size},
        own_leaf::OwnLeaf,
    },
};
use fhir::audit_event::{EventName, StoredRecord};
use model::{Commitment, Digest, LogicalId, ResourceType, Tag, VersionNumber};
use policies::Withheld;
use sealing::{Format, Salts};
use std::sync::Arc;
use store::{Audit, EventRow};
use tlog::leaf;

/// An audit record whose envelope is open.
pub struct OpenAudit {
    /// Its row.
    pub row: Audit,
    /// What it says.
    pub record: StoredRecord,
    /// The salts of its leaf.
    pub salts: Salts,
    /// The digests of the query texts, in order.
    pub queries: Vec<Digest>,
}

/// One event of an audit record.
pub struct OpenEvent {
    /// The record.
    pub audit: Arc<OpenAudit>,
    /// Which of its events, from 0.
    pub index: usize,
}

impl OpenEvent {
    /// The id of the AuditEvent: `<record id>.<index>`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}.{}", self.audit.record.id(), self.index)
    }

    /// The AuditEvent as it was hashed.
    ///
    /// # Errors
    /// When a later release wrote the record.
    pub fn canonical(&self) -> Result<Vec<u8>, Failure> {
        self.audit
            .record
            .event(self.index, &self.audit.queries)
            .map_err(Failure::fault)
    }
}

/// `<record id>.<index>`, with the index in its one spelling.
pub fn split(id: &LogicalId) -> Option<(LogicalId, usize)> {
    let (record, text) = id.as_str().rsplit_once('.')?;
    let index: usize = text.parse().ok()?;
    (index.to_string() == text).then_some(())?;
    Some((record.parse().ok()?, index))
}

/// Opens a row and withholds each of its events.
///
/// # Errors
/// When its key is gone, the envelope does not belong to this row, or no leaf commits to
/// it.
pub async fn open(facility: &Facility, row: Audit) -> Result<Vec<Withheld<OpenEvent>>, Failure> {
    let kind: ResourceType = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    let place = RowPlace {
        version: Some(VersionNumber::FIRST),
        data_key: Some(row.data_key),
        ..RowPlace::of_record(&kind, row.record)
    };
    let (audit, format) = open_row(facility, row)
        .await
        .map_err(|failure| facility.refuse_row(Damage::Unreadable, place, failure))?;
    if format == Format::One {
        let commitment = commitment_of(facility, &audit)
            .map_err(|failure| facility.refuse_row(Damage::Leaf, place, failure))?;
        committed::leaf(facility, place, commitment).await?;
    }
    Ok(withhold(facility, &kind, audit))
}

/// Reports a row that lost its form, so that nothing of it can be opened.
///
/// # Errors
/// Never, for a type that is one.
pub fn refuse(facility: &Facility, record: Tag, error: store::Error) -> Result<Failure, Failure> {
    let kind: ResourceType = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    Ok(facility.refuse_read(&kind, record, error))
}

/// What is computed from an audit record.
pub(crate) struct Computed {
    /// What its leaf commits to.
    pub(crate) own: OwnLeaf,
    /// By what its events are found.
    pub(crate) events: Vec<EventRow>,
}

/// Opens an audit record and computes its commitment; nothing is reported.
///
/// # Errors
/// As [`open`], but for its leaf.
pub(crate) async fn compute(facility: &Facility, row: Audit) -> Result<Computed, Failure> {
    let (audit, format) = open_row(facility, row).await?;
    let names = (0..audit.record.event_count()).filter_map(|event| audit.record.event_name(event));
    let event = |(event, name): (u32, EventName<'_>)| EventRow {
        patient: name.patient,
        time: audit.row.time,
        record: audit.row.record,
        event,
    };
    Ok(Computed {
        own: OwnLeaf::new(commitment_of(facility, &audit)?, format),
        events: (0..).zip(names).map(event).collect(),
    })
}

/// The commitment that is computed from a row.
fn commitment_of(facility: &Facility, audit: &OpenAudit) -> Result<Commitment, Failure> {
    let leaves = sealed::event_leaves(&audit.record, &audit.salts, &audit.queries)?;
    let policy = leaf_proof::policy_digest(facility, audit.row.policy_number)?;
    let statement = sealed::statement_of(facility, &audit.row, &audit.record, &leaves, policy)?;
    Ok(leaf::commitment(&audit.salts.leaf, &statement.encode()))
}

async fn open_row(facility: &Facility, row: Audit) -> Result<(OpenAudit, Format), Failure> {
    check_padded_size(row.padded_size, &row.envelope)?;
    let sealed = Envelope {
        data_key: row.data_key,
        bytes: &row.envelope,
    };
    let opened = facility.open_own(&sealed::place(&row), sealed).await?;
    let tag_of = |id: &LogicalId| facility.tags.record_tag("Patient", id.as_str());
    let record = StoredRecord::parse(&opened.content, tag_of)
        .map_err(|_| Failure::fault("a sealed audit record cannot be read"))?;
    let queries = query_digests(facility, &row, &record, &opened.salts).await?;
    let audit = OpenAudit {
        row,
        record,
        salts: opened.salts,
        queries,
    };
    Ok((audit, opened.format))
}

fn withhold(
    facility: &Facility,
    kind: &ResourceType,
    audit: OpenAudit,
) -> Vec<Withheld<OpenEvent>> {
    let tag = audit.row.record;
    let tags: Vec<Tag> = (0..audit.record.event_count())
        .filter_map(|index| audit.record.event_name(index))
        .map(|name| name.patient)
        .collect();
    let audit = Arc::new(audit);
    let withhold = |(index, patient): (usize, Tag)| {
        let patients = if patient == Tag::ZERO {
            Vec::new()
        } else {
            vec![patient]
        };
        let facts = facts::of_record(&facility.name, kind, patients);
        Withheld::new(
            tag,
            facts,
            OpenEvent {
                audit: Arc::clone(&audit),
                index,
            },
        )
    };
    tags.into_iter().enumerate().map(withhold).collect()
}

/// The digests of the query texts of a record, as its renderer makes them.
async fn query_digests(
    facility: &Facility,
    row: &Audit,
    record: &StoredRecord,
    salts: &Salts,
) -> Result<Vec<Digest>, Failure> {
    if row.queries.len() != record.query_count() {
        return Err(Failure::fault("an audit record lacks a query text"));
    }
    let mut digests = Vec::with_capacity(row.queries.len());
    for (number, query) in (1..).zip(&row.queries) {
        let place = query_place(row.record, row.time, number)?;
        let sealed = Envelope {
            data_key: query.data_key,
            bytes: &query.envelope,
        };
        let opened = facility.open_own(&place, sealed).await?;
        let text = std::str::from_utf8(&opened.content)
            .map_err(|_| Failure::fault("a sealed query text is not text"))?;
        digests.push(match record.renderer() {
            1 => salts.query_digest_1(text),
            _ => salts.query_digest_2(number, text),
        });
    }
    Ok(digests)
}
