//! The audit record of a request, and the one commit that makes the request
//! true: versions, audit, pending leaves, the answer that an idempotency key keeps,
//! with the epochs compared.
//!
//! The commit stands before the answer. If it fails, nothing was written and
//! nothing is disclosed.

use crate::{
    audit::sealed::{Clear, seal_record},
    exchange::{Exchange, Side, acts::outcome_of, idempotency::Keyed},
    failure::Failure,
    limits::stored,
    search::kept_query,
};
use fhir::audit_event::{
    AuditAct, AuditAgent, AuditFacility, AuditFacts, AuditOutcome, AuditRecord,
};
use model::{FacilityName, new_uuid};
use store::{NewAudit, Tx};

/// Versions of a request for whose rows others would wait.
const LONG_WRITES: usize = 50;
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
    let epochs = exchange.epochs_by_facility();
    let admin = std::mem::take(&mut exchange.admin);
    let locks = admin.locks(&exchange.facility().name);
    let keyed = std::mem::take(&mut exchange.keyed);
    let kept_queries = std::mem::take(&mut exchange.kept_queries);
    // Order of effects: the epochs are compared first, so that a request decided
    // on what is no longer in force leaves no trace; then the answer, which refuses a
    // key that was answered meanwhile; then versions, which refuse a number already
    // taken; then what administrators change, which moves the epoch; then the audit.
    // One commit, or nothing.
    let mut sizes: Vec<_> = writes.iter().map(stored::bytes_of).collect();
    if failed.is_some() {
        // Nothing is written but the keys, each of which was a commit.
        sizes.resize(exchange.keys_made, 0);
    }
    let long = writes.len() > LONG_WRITES;
    let write = move |tx: &mut Tx| {
        for (facility, epoch) in &epochs {
            tx.epochs()
                .require(*facility, std::slice::from_ref(epoch))?;
        }
        keyed.keep(tx, facility)?;
        tx.versions().insert_many(facility, &writes)?;
        admin.commit(tx, facility)?;
        kept_query::commit(tx, facility, &kept_queries)?;
        for (facility, audit) in &audits {
            tx.audits().insert(*facility, audit)?;
        }
        Ok(())
    };
    match long {
        true => store.run_long_tx("exchange", &locks, write).await?,
        false => store.run_tx("exchange", &locks, write).await?,
    }
    let app = exchange.app();
    let caller = &exchange.context.caller;
    app.counters
        .stored(app.throttle.stored(caller, sizes.into_iter()));
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
    let ended = match (failed, &exchange.keyed) {
        (Some(failure), _) => Some(outcome_of(failure)),
        (None, Keyed::Again) => Some((AuditOutcome::Success, Some(REPEATED))),
        (None, _) => None,
    };
    let (acts, queries) = exchange.acts.recorded(ended);
    let facts = describe(exchange, side, &new_uuid(&*app.random)?, acts)?;
    let (tags, caller) = (&side.facility.tags, &exchange.caller);
    let clear = Clear {
        user: Some(tags.user_tag(&caller.issuer, &caller.subject)),
        client: Some(tags.client_tag(&caller.client)),
        queries: &queries,
    };
    seal_record(&*app.random, side, AuditRecord::new(facts), clear).await
}

fn describe(
    exchange: &Exchange<'_>,
    side: &Side,
    id: &str,
    mut acts: Vec<AuditAct>,
) -> Result<AuditFacts, Failure> {
    let context = exchange.context;
    let caller = &exchange.caller;
    let facility = &side.facility.name;
    let here = side.facility.id == context.facility.id;
    if !here {
        // Another facility's patients are none here: its records are named by
        // absolute URL, under no patient of this facility.
        for touched in acts.iter_mut().flat_map(|act| &mut act.touched) {
            touched.patients.clear();
        }
    }
    let named = |name: &FacilityName| AuditFacility {
        name: name.clone(),
        base: context.app.base_of(name, true),
        organisation: exchange.organisation_of(name),
    };
    let served = || AuditFacility {
        base: context.base.clone(),
        ..named(&context.facility.name)
    };
    Ok(AuditFacts {
        id: id.parse().map_err(Failure::fault)?,
        time: exchange.at,
        facility: facility.clone(),
        base: match here {
            true => context.base.clone(),
            false => context.app.base_of(facility, true),
        },
        server: (!here).then(served),
        interaction: exchange.interaction.clone(),
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
            home: Some(named(&caller.facility)),
        }),
        purpose: caller.purpose.map(|purpose| purpose.code().to_owned()),
        request_id: Some(context.request_id.clone()),
        acts,
        decision: exchange.decisions.to_json().map_err(Failure::fault)?,
    })
}
