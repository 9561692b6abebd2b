//! The audit record of a request, and the one commit that makes the request
//! true: versions, audit, pending leaves, with the epochs compared.
//!
//! The commit stands before the answer. If it fails, nothing was written and
//! nothing is disclosed.

use crate::{
    exchange::{Exchange, Side},
    facility::Facility,
    failure::{Category, Failure},
};
use fhir::{
    audit_event::{AuditAgent, AuditOutcome, AuditRecord, AuditTouched, concerned},
    json,
};
use model::{
    DataKeyId, Digest, LeafKind, ResourceType, Scope, Tag, Timestamp, VersionNumber, new_uuid,
};
use sealing::{Place, Salts, Sealed};
use store::{NewAudit, SealedQuery};
use tlog::{
    event_tree,
    leaf::{self, Statement},
};

/// The type under which audit records are sealed and named.
pub const AUDIT_EVENT: &str = "AuditEvent";
/// The type under which query texts are sealed.
pub const QUERY: &str = "#query";

/// Commits a request: its versions if it went well, its audit in any case, in
/// the log of every facility that it touches.
///
/// # Errors
/// When it could not be committed; the caller of the request must get nothing.
pub async fn commit(
    mut exchange: Exchange<'_>,
    failed: Option<&Failure>,
) -> Result<(), CommitError> {
    let mut audits = Vec::with_capacity(exchange.sides.len());
    for side in &exchange.sides {
        audits.push((side.facility.id, record(&exchange, side, failed).await?));
    }
    let (store, facility) = (exchange.app().store.clone(), exchange.facility().id);
    let mut writes = std::mem::take(&mut exchange.writes);
    if failed.is_some() {
        writes.clear();
    }
    let epochs = exchange.epochs();
    // Order of effects: the epochs are compared first, so that a request decided
    // on what is no longer in force leaves no trace; then versions, which refuse
    // a number already taken; then the audit. One commit, or nothing.
    store
        .run_tx("exchange", &[], move |tx| {
            for (facility, epoch) in &epochs {
                tx.epochs()
                    .require(*facility, std::slice::from_ref(epoch))?;
            }
            tx.versions().insert_many(facility, &writes)?;
            for (facility, audit) in &audits {
                tx.audits().insert(*facility, audit)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Why a request could not be committed.
pub enum CommitError {
    /// The database said no.
    Store(store::Error),
    /// The audit record could not be made.
    Audit(Failure),
}

impl From<store::Error> for CommitError {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        Self::Audit(failure)
    }
}

/// Makes, renders and seals one facility's audit record.
async fn record(
    exchange: &Exchange<'_>,
    side: &Side,
    failed: Option<&Failure>,
) -> Result<NewAudit, Failure> {
    let facility = &*side.facility;
    let id = new_uuid(&*exchange.app().random)?;
    let record = describe(exchange, side, &id, failed)?;
    let tag = facility.tags.record_tag(AUDIT_EVENT, &id);
    let content = record.to_canonical();
    let (data_key, sealed) = seal(
        exchange,
        facility,
        AUDIT_EVENT,
        tag,
        Scope::Audit,
        (&id, &content),
    )
    .await?;
    let caller = &exchange.context.caller;
    let audit = store::Audit {
        record: tag,
        time: exchange.at,
        interaction: exchange.interaction.clone(),
        outcome: failed.map_or(0, |failure| failure.category.audit_outcome()),
        purpose: caller.purpose.map(|purpose| purpose.code().to_owned()),
        policy_number: side.in_force.rules.number(),
        user: Some(facility.tags.user_tag(&caller.issuer, &caller.subject)),
        client: Some(facility.tags.client_tag(&caller.client)),
        subject: match record.patients.as_slice() {
            [only] => Some(only.tag),
            _ => None,
        },
        events: u32::try_from(record.event_count()).unwrap_or(u32::MAX),
        padded_size: sealing::padded_size(&sealed.envelope).unwrap_or(0),
        data_key,
        envelope: sealed.envelope,
        query: query_row(exchange, facility, tag).await?,
    };
    let query = exchange
        .query
        .as_deref()
        .map(|text| sealed.salts.query_digest(text));
    let leaves = event_leaves(&record, &sealed.salts, query)?;
    let policy = side.in_force.rules.digest();
    let statement = statement_of(facility, &audit, &record, &leaves, policy)?;
    let patients = (0..record.event_count())
        .filter_map(|index| record.event_tag(index))
        .collect();
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
    record: &AuditRecord,
    event_leaves: &[Digest],
    policy: Digest,
) -> Result<Statement, Failure> {
    Ok(Statement {
        content: content(event_leaves)?,
        facility: facility.name.clone(),
        interaction: audit.interaction.as_str().to_owned(),
        kind: LeafKind::Audit,
        policy,
        reference: format!("{AUDIT_EVENT}/{}", record.id),
        seal: sealing::envelope_digest(&audit.envelope),
        subject: audit.subject,
        time: audit.time,
        version: 1,
    })
}

/// Seals one of the gateway's own things under the key of a scope.
async fn seal(
    exchange: &Exchange<'_>,
    facility: &Facility,
    kind: &str,
    record: Tag,
    scope: Scope,
    (id, content): (&str, &[u8]),
) -> Result<(DataKeyId, Sealed), Failure> {
    let kind: ResourceType = kind.parse().map_err(Failure::fault)?;
    let place = Place {
        facility: &facility.name,
        resource_type: &kind,
        record,
        version: VersionNumber::FIRST,
    };
    let held = facility.keys.for_scope(scope).await?;
    let random = &*exchange.app().random;
    let sealed = sealing::seal(&place, held.id, &held.key, id, content, random)?;
    Ok((held.id, sealed))
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
    record: &AuditRecord,
    salts: &Salts,
    query: Option<Digest>,
) -> Result<Vec<Digest>, Failure> {
    let events = record.events(query).map_err(Failure::fault)?;
    let leaf = |(index, event): (usize, &Vec<u8>)| {
        let tag = record.event_tag(index).unwrap_or(Tag::ZERO);
        leaf::event_leaf(&salts.event_salt(tag), event)
    };
    Ok(events.iter().enumerate().map(leaf).collect())
}

fn describe(
    exchange: &Exchange<'_>,
    side: &Side,
    id: &str,
    failed: Option<&Failure>,
) -> Result<AuditRecord, Failure> {
    let context = exchange.context;
    let caller = &context.caller;
    let (patients, touched) = if side.facility.id == context.facility.id {
        concerned([], exchange.touched.iter().cloned())
    } else {
        // Another facility's patients are none here: its records are named by
        // absolute URL, under no patient of this facility.
        let abroad = |touched: &AuditTouched| AuditTouched {
            reference: format!("{}/{}", context.base, touched.reference),
            ..touched.clone()
        };
        concerned(
            [],
            exchange
                .touched
                .iter()
                .map(|(touched, _)| (abroad(touched), Vec::new())),
        )
    };
    let decision = exchange.decisions.to_json().map_err(Failure::fault)?;
    Ok(AuditRecord {
        id: id.parse().map_err(Failure::fault)?,
        time: exchange.at,
        facility: side.facility.name.clone(),
        base: context.base.clone(),
        interaction: exchange.interaction.clone(),
        outcome: failed.map_or(AuditOutcome::Success, |failure| {
            outcome_of(failure.category)
        }),
        outcome_text: failed.map(|failure| failure.code.as_str().to_owned()),
        agent: Some(AuditAgent {
            issuer: caller.issuer.clone(),
            subject: caller.subject.clone(),
            client: caller.client.clone(),
            name: caller.name.clone(),
            roles: caller
                .roles
                .iter()
                .map(|role| role.as_str().to_owned())
                .collect(),
            address: context.address.clone(),
        }),
        purpose: caller.purpose.map(|purpose| purpose.code().to_owned()),
        request_id: Some(context.request_id.clone()),
        patients,
        touched,
        has_query: exchange.query.is_some(),
        decision: json::parse(decision.to_string().as_bytes()).map_err(Failure::fault)?,
    })
}

fn outcome_of(category: Category) -> AuditOutcome {
    match category.audit_outcome() {
        8 => AuditOutcome::SeriousFailure,
        _ => AuditOutcome::MinorFailure,
    }
}

/// The query text in an envelope of its own.
async fn query_row(
    exchange: &Exchange<'_>,
    facility: &Facility,
    tag: Tag,
) -> Result<Option<SealedQuery>, Failure> {
    let Some(text) = &exchange.query else {
        return Ok(None);
    };
    let scope = query_scope(exchange.at);
    let (data_key, sealed) = seal(
        exchange,
        facility,
        QUERY,
        tag,
        scope,
        ("1", text.as_bytes()),
    )
    .await?;
    Ok(Some(SealedQuery {
        data_key,
        envelope: sealed.envelope,
    }))
}

fn query_scope(at: Timestamp) -> Scope {
    let (year, month) = at.year_and_month();
    Scope::QueryText { year, month }
}
