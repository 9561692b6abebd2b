//! A command that writes what a service writes has the lease as services do: none works
//! meanwhile, and no other host runs a command like it.

use crate::{
    failure::StepError,
    log::journal::Journal,
    service::{
        lease::{self, Lease},
        tenure::{Candidate, LOST},
    },
};
use model::Clock;
use std::sync::Arc;
use tokio::time::sleep;

/// The lease in the hand of a command.
pub(crate) struct Alone(Lease);

impl Alone {
    /// Every transaction over this journal needs the lease from now on.
    pub(crate) fn new(journal: &Journal, clock: Arc<dyn Clock>, me: Candidate) -> Self {
        Self(Lease::new(journal.clone(), clock, me))
    }

    /// Takes it, or renews it.
    ///
    /// # Errors
    /// [`LOST`] when another has it.
    pub(crate) async fn take(&mut self) -> Result<(), StepError> {
        if self.0.step().await? {
            Ok(())
        } else {
            Err(LOST.into())
        }
    }

    /// Renews it while something is looked at that can take long.
    pub(crate) async fn during<T, E: From<StepError>>(
        &mut self,
        looked: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        tokio::select! {
            found = looked => found,
            lost = self.keep() => Err(lost.into()),
        }
    }

    /// Until it is lost.
    async fn keep(&mut self) -> StepError {
        loop {
            sleep(lease::RENEWAL_INTERVAL).await;
            if let Err(lost) = self.take().await {
                return lost;
            }
        }
    }

    /// Gives it back. Where this fails, it runs out by itself.
    pub(crate) async fn end(&mut self) {
        drop(self.0.release().await);
    }
}

/// Whether another has the lease, by its own clock.
pub(crate) async fn is_taken(journal: &Journal, clock: &dyn Clock) -> Result<bool, StepError> {
    let lease = journal.lease().await?;
    Ok(lease.is_some_and(|lease| lease.until > clock.now()))
}
