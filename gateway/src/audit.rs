//! The audit record of a request, and the one commit that makes the request
//! true: versions, audit, pending leaves, the answer that an idempotency key keeps,
//! with the epochs compared.
//!
//! The commit stands before the answer. If it fails, nothing was written and
//! nothing is disclosed.

use crate::{
    exchange::{Exchange, Side},
    failure::{Category, Failure},
    idempotency::Keyed,
    sealed_audit::{Clear, seal_record},
};
use fhir::{
    audit_event::{AuditAgent, AuditOutcome, AuditRecord, AuditTouched, concerned},
    json,
};
use model::new_uuid;
use store::NewAudit;

/// What the events of a repetition say; nothing else of them differs.
const REPEATED: &str = "repeated";

/// Commits a request: its versions if it went well, its audit in any case, in
/// the log of every facility that it touches.
///
/// # Errors
/// When it could not be committed; the caller of the request must get nothing.
pub async fn commit(
    mut exchange: Exchange<'_>,
    failed: Option<&Failure>,
) -> Result<(), CommitError> {
    if failed.is_some() {
        exchange.give_up_writes();
    }
    let mut audits = Vec::with_capacity(exchange.sides.len());
    for side in &exchange.sides {
        audits.push((side.facility.id, record(&exchange, side, failed).await?));
    }
    let (store, facility) = (exchange.app().store.clone(), exchange.facility().id);
    let writes = std::mem::take(&mut exchange.writes);
    let epochs = exchange.epochs();
    let admin = std::mem::take(&mut exchange.admin);
    let locks = admin.locks(&exchange.facility().name);
    let keyed = std::mem::take(&mut exchange.keyed);
    // Order of effects: the epochs are compared first, so that a request decided
    // on what is no longer in force leaves no trace; then the answer, which refuses a
    // key that was answered meanwhile; then versions, which refuse a number already
    // taken; then what administrators change, which moves the epoch; then the audit.
    // One commit, or nothing.
    store
        .run_tx("exchange", &locks, move |tx| {
            for (facility, epoch) in &epochs {
                tx.epochs()
                    .require(*facility, std::slice::from_ref(epoch))?;
            }
            keyed.keep(tx, facility)?;
            tx.versions().insert_many(facility, &writes)?;
            admin.commit(tx, facility)?;
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

/// One facility's audit record of a request.
async fn record(
    exchange: &Exchange<'_>,
    side: &Side,
    failed: Option<&Failure>,
) -> Result<NewAudit, Failure> {
    let app = exchange.app();
    let record = describe(exchange, side, &new_uuid(&*app.random)?, failed)?;
    let (tags, caller) = (&side.facility.tags, &exchange.caller);
    let clear = Clear {
        outcome: failed.map_or(0, |failure| failure.category.audit_outcome()),
        purpose: record.purpose.clone(),
        user: Some(tags.user_tag(&caller.issuer, &caller.subject)),
        client: Some(tags.client_tag(&caller.client)),
        query: exchange.query.as_deref(),
    };
    seal_record(&*app.random, side, &record, clear).await
}

fn describe(
    exchange: &Exchange<'_>,
    side: &Side,
    id: &str,
    failed: Option<&Failure>,
) -> Result<AuditRecord, Failure> {
    let context = exchange.context;
    let caller = &exchange.caller;
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
        outcome_text: outcome_text(exchange, failed).map(str::to_owned),
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
        decision: json::parse(&decision).map_err(Failure::fault)?,
    })
}

/// The category of a failure, or that nothing was done because it was done before.
fn outcome_text(exchange: &Exchange<'_>, failed: Option<&Failure>) -> Option<&'static str> {
    match (failed, &exchange.keyed) {
        (Some(failure), _) => Some(failure.code.as_str()),
        (None, Keyed::Again) => Some(REPEATED),
        (None, _) => None,
    }
}

fn outcome_of(category: Category) -> AuditOutcome {
    match category.audit_outcome() {
        8 => AuditOutcome::SeriousFailure,
        _ => AuditOutcome::MinorFailure,
    }
}
