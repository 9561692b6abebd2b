//! An audit record on its way to its row: rendered, sealed, given its leaf; its
//! query text in an envelope of its own.

use crate::{
    facility::{
        Facility,
        own::Own,
        own_seal::{OwnContent, OwnPlace},
        side::Side,
    },
    failure::Failure,
};
use fhir::audit_event::{AuditRecord, StoredRecord};
use model::{DataKeyId, Digest, LeafKind, Random, Scope, Tag, Timestamp, VersionNumber};
use sealing::{AuditFacts, ClearFacts, Salts};
use store::{NewAudit, SealedQuery};
use tlog::{
    leaf::{self, Statement},
    tree::event_tree,
};

pub use super::AUDIT_EVENT;

/// What the row of an audit record shows in clear beside what the record says, and the
/// query texts beside it.
#[derive(Default)]
pub struct Clear<'q> {
    /// Who asked.
    pub user: Option<Tag>,
    /// By which client.
    pub client: Option<Tag>,
    /// The query texts, in the order of their numbers.
    pub queries: &'q [&'q str],
}

/// Renders and seals an audit record.
///
/// # Errors
/// When it renders no event, or sealing fails.
pub(super) async fn seal_record(
    random: &dyn Random,
    side: &Side,
    record: AuditRecord,
    clear: Clear<'_>,
) -> Result<NewAudit, Failure> {
    let (facility, facts) = (&*side.facility, record.facts());
    let id = facts.id.as_str().to_owned();
    let tag = Own::AuditRecord.tag(&facility.tags, &id);
    let content = record.to_canonical();
    // The row is made first, for the envelope is bound to what it says in clear.
    let mut audit = store::Audit {
        record: tag,
        time: facts.time,
        interaction: facts.interaction.clone(),
        outcome: record.outcome().code(),
        purpose: facts.purpose.clone(),
        policy_number: side.in_force.policy_number(),
        user: clear.user,
        client: clear.client,
        subject: match record.patients() {
            [only] => Some(only.tag),
            _ => None,
        },
        events: u32::try_from(record.event_count()).unwrap_or(u32::MAX),
        padded_size: 0,
        data_key: DataKeyId::new([0; DataKeyId::LEN]),
        envelope: Vec::new(),
        queries: sealed_queries(random, facility, tag, facts.time, clear.queries).await?,
    };
    let place = place(&audit);
    let content = OwnContent {
        id: &id,
        bytes: &content,
    };
    let sealing = facility.seal_own(random, Scope::Audit, &place, content);
    let (data_key, sealed) = sealing.await?;
    audit.data_key = data_key;
    audit.padded_size = sealing::padded_size(&sealed.envelope).unwrap_or(0);
    audit.envelope = sealed.envelope;
    let texts = (1..).zip(clear.queries);
    let digests: Vec<Digest> = texts
        .map(|(number, text)| sealed.salts.query_digest_2(number, text))
        .collect();
    let record = StoredRecord::from(record);
    let leaves = event_leaves(&record, &sealed.salts, &digests)?;
    let policy = side.in_force.policy_digest();
    let statement = statement_of(facility, &audit, &record, &leaves, policy)?;
    let names = (0..record.event_count()).filter_map(|index| record.event_name(index));
    let patients = names.map(|name| name.patient).collect();
    let commitment = leaf::commitment(&sealed.salts.leaf, &statement.encode());
    Ok(NewAudit {
        audit,
        patients,
        commitment,
    })
}

/// The statement of an audit record: the same when it is sealed and when it is
/// proved.
///
/// # Errors
/// When the record renders no event.
pub fn statement_of(
    facility: &Facility,
    audit: &store::Audit,
    record: &StoredRecord,
    event_leaves: &[Digest],
    policy: Digest,
) -> Result<Statement, Failure> {
    Ok(Statement {
        content: content(event_leaves)?,
        facility: facility.name.clone(),
        interaction: audit.interaction.as_str().to_owned(),
        kind: LeafKind::Audit,
        policy,
        reference: format!("{AUDIT_EVENT}/{}", record.id()),
        seal: sealing::envelope_digest(&audit.envelope),
        subject: audit.subject,
        time: audit.time,
        version: 1,
    })
}

/// Where the envelope of an audit record belongs.
pub(crate) fn place(audit: &store::Audit) -> OwnPlace<'_> {
    OwnPlace {
        kind: Own::AuditRecord,
        record: audit.record,
        version: VersionNumber::FIRST,
        clear: clear_facts(audit),
    }
}

/// The facts that stand beside the envelope of an audit record.
fn clear_facts(audit: &store::Audit) -> ClearFacts<'_> {
    ClearFacts {
        interaction: audit.interaction.as_str(),
        time: audit.time,
        policy_number: audit.policy_number,
        subject: audit.subject,
        audit: Some(AuditFacts {
            outcome: audit.outcome,
            purpose: audit.purpose.as_deref(),
            user: audit.user,
            client: audit.client,
            events: audit.events,
        }),
    }
}

/// What an audit leaf commits to: the number of the rendered events and the root
/// over their leaves, which are those of [`event_leaves`].
///
/// # Errors
/// When there is no event.
fn content(event_leaves: &[Digest]) -> Result<Digest, Failure> {
    let root = event_tree::root(event_leaves)
        .ok_or_else(|| Failure::fault("an audit record renders no event"))?;
    Ok(leaf::events_digest(event_leaves.len() as u64, &root))
}

/// The leaves of the event tree of a record, in the order of its events.
///
/// # Errors
/// When the record was written by a later release.
pub fn event_leaves(
    record: &StoredRecord,
    salts: &Salts,
    queries: &[Digest],
) -> Result<Vec<Digest>, Failure> {
    // An event is 4 kB and half a kilobyte for each of its records: they are made one by one.
    let events = record.each_event(queries).map_err(Failure::fault)?;
    let leaf = |(index, event): (usize, Vec<u8>)| {
        let salt = event_salt(record, salts, index)?;
        Ok(leaf::event_leaf(&salt, &event))
    };
    events.enumerate().map(leaf).collect()
}

/// The salt of one event of a record.
///
/// # Errors
/// When there is no such event.
pub fn event_salt(record: &StoredRecord, salts: &Salts, index: usize) -> Result<[u8; 32], Failure> {
    let name = record.event_name(index);
    let name = name.ok_or_else(|| Failure::fault("an audit record lacks an event"))?;
    Ok(match name.interaction {
        None => salts.event_salt_1(name.patient),
        Some(interaction) => salts.event_salt_2(name.patient, interaction),
    })
}

/// The query texts, each in an envelope of its own: text n is version n.
async fn sealed_queries(
    random: &dyn Random,
    facility: &Facility,
    tag: Tag,
    at: Timestamp,
    texts: &[&str],
) -> Result<Vec<SealedQuery>, Failure> {
    let mut sealed = Vec::with_capacity(texts.len());
    for (number, text) in (1..).zip(texts) {
        let (place, scope) = (query_place(tag, at, number)?, query_scope(at));
        let content = OwnContent {
            id: &number.to_string(),
            bytes: text.as_bytes(),
        };
        let (data_key, one) = facility.seal_own(random, scope, &place, content).await?;
        sealed.push(SealedQuery {
            data_key,
            envelope: one.envelope,
        });
    }
    Ok(sealed)
}

/// Where the envelope of a query text of an audit record belongs, by its number from 1.
///
/// # Errors
/// When the number is 0.
pub(crate) fn query_place(
    record: Tag,
    time: Timestamp,
    number: u32,
) -> Result<OwnPlace<'static>, Failure> {
    OwnPlace::numbered(Own::AuditQuery, record, number, time)
}

fn query_scope(at: Timestamp) -> Scope {
    let (year, month) = at.year_and_month();
    Scope::QueryText { year, month }
}
