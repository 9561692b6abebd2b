//! Runs an interaction until its outcome is committed with its audit, and only then lets
//! the answer go. When the epochs have moved, another writer took a version, or the same
//! request was answered meanwhile, the interaction runs again.

use crate::{
    context::Context,
    exchange::{Exchange, audited, commit, spent::Spent},
    failure::{Category, Failure},
};
use model::{Interaction, LogicalId, ResourceType};
use policies::Action;
use std::convert::Infallible;

/// How often a decision is made anew when its epochs moved.
const EPOCH_ATTEMPTS: u32 = 3;
/// How often a write is made anew when its version was taken.
const VERSION_ATTEMPTS: u32 = 5;

/// Looks at what a request could do before it does anything; no decision comes of it.
pub(super) fn beforehand<T>(
    context: &Context,
    interaction: &Interaction,
    look: impl FnOnce(&Exchange<'_>) -> T,
) -> T {
    look(&Exchange::begin(context, interaction, Spent::default()))
}

/// Runs an interaction until its outcome, good or bad, is committed with its
/// audit, and only then gives the outcome.
///
/// # Errors
/// The interaction's own failure once it is audited; unavailable when the audit
/// cannot be written; conflict when others keep writing the same record.
pub async fn run<T>(
    context: &Context,
    interaction: Interaction,
    attempt: impl AsyncFn(&mut Exchange<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    until_committed(context, interaction, async |exchange| {
        exchange.rules.require_client()?;
        attempt(exchange).await
    })
    .await
}

/// Audits a request that was refused before anything was asked: whose it was, and what its
/// path names. It costs the budgets of its caller what a denial does, so that cheap requests
/// do not make the log grow without bound.
pub(super) async fn refused(
    context: &Context,
    interaction: Interaction,
    named: Option<(ResourceType, LogicalId)>,
    failure: Failure,
) -> Failure {
    let outcome: Result<Infallible, Failure> =
        until_committed(context, interaction, async |exchange| {
            if let Some((kind, id)) = &named {
                drop(exchange.ask(Action::Read, kind, id));
            }
            Err(Failure::new(failure.category, failure.code, ""))
        })
        .await;
    let Err(recorded) = outcome;
    if !recorded.audited {
        return recorded;
    }
    let fault = failure.category.is_ours() || failure.category == Category::Conflict;
    if !(failure.is_denial() || fault) {
        context.app.throttle.denied(&context.caller);
    }
    Failure {
        audited: true,
        ..failure
    }
}

async fn until_committed<T>(
    context: &Context,
    interaction: Interaction,
    attempt: impl AsyncFn(&mut Exchange<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (mut moved, mut taken, mut spent) = (0, 0, Spent::default());
    loop {
        let mut exchange = Exchange::begin(context, &interaction, spent);
        let outcome = attempt(&mut exchange).await;
        spent = exchange.spent.again();
        match conclude(exchange, outcome.as_ref().err()).await {
            Ok(()) => {
                note_denial(context, &outcome);
                return outcome.map_err(|failure| Failure {
                    audited: true,
                    ..failure
                });
            }
            Err(CommitError::Store(store::Error::EpochMoved)) if moved < EPOCH_ATTEMPTS => {
                moved += 1;
                context.facility.refresh().await?;
                if let Some(home) = &context.home {
                    home.refresh().await?;
                }
            }
            Err(CommitError::Store(
                store::Error::VersionTaken | store::Error::AnswerKept | store::Error::Taken(_),
            )) if taken < VERSION_ATTEMPTS => {
                taken += 1;
            }
            Err(CommitError::Store(
                store::Error::VersionTaken | store::Error::AnswerKept | store::Error::Taken(_),
            )) => {
                return Err(Failure::overtaken());
            }
            Err(CommitError::Store(error)) => return Err(Failure::uncommitted(error)),
            Err(CommitError::Audit(failure)) => return Err(Failure::unavailable(failure)),
        }
    }
}

/// Commits a request: what it writes if it went well, its audit in any case.
async fn conclude(mut exchange: Exchange<'_>, failed: Option<&Failure>) -> Result<(), CommitError> {
    if failed.is_some() {
        exchange.give_up_writes();
    }
    let audited = audited::add(&mut exchange, failed).await;
    audited.map_err(CommitError::Audit)?;
    commit::commit(exchange).await.map_err(CommitError::Store)
}

/// Why a request could not be committed.
enum CommitError {
    /// The database said no.
    Store(store::Error),
    /// The audit record could not be made.
    Audit(Failure),
}

/// A denial was audited: it counts against the budgets of user and client. What is hidden and
/// what is absent count alike.
fn note_denial<T>(context: &Context, outcome: &Result<T, Failure>) {
    if outcome.as_ref().is_err_and(Failure::is_denial) {
        context.app.throttle.denied(&context.caller);
    }
}
