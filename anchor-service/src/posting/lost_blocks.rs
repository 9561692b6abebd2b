//! Anchors that were final and that the chain has no more, because it lost blocks. While the
//! registry is behind them nothing is posted, for its nodes may only lag. An operator says that
//! the loss is for good: then these anchors fall back to *Posted*, and the transactions that
//! made them are sent again, with their nonces. So the registry will hold under each number
//! what proofs and trust files say of it.
//!
//! Said wrongly, it does no harm: what stands on the chain after all is found there again.

use crate::{
    failure::StepError,
    ledger::Ledger,
    log::{guard, journal::Journal},
    service::{
        alone::{self, Alone},
        tenure::{Candidate, LOST},
    },
};
use model::{Clock, Digest, FacilityName, LogId};
use std::sync::Arc;
use store::{LogRowId, Store};

/// An anchor that was final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostAnchor {
    /// The registry's number.
    pub seq: u64,
    /// Leaves under the root.
    pub size: u64,
    /// Root of the log at that size.
    pub root: Digest,
}

/// A log with what the registry has no more of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostOfLog {
    /// Whose log.
    pub facility: FacilityName,
    /// Its name on the chain.
    pub log_id: LogId,
    /// Number of the registry's newest anchor; 0 without one.
    pub found: u64,
    /// Those above that were final, in order.
    pub lost: Vec<LostAnchor>,
    pub(crate) id: LogRowId,
    /// The number of that newest anchor in rows.
    pub(crate) above: u64,
}

/// Why anchors cannot fall back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LossError {
    /// Ledger or database failed.
    #[error(transparent)]
    Failed(StepError),
    /// Another has the lease.
    #[error(
        "an anchor-service works over this database: stop it on every host, and wait 10 seconds"
    )]
    Works,
    /// Somebody else anchored after the loss, or it is another database.
    #[error(
        "the registry holds a root of the log of `{0}` that is not of it: the anchor-service halts \
         for that, and nothing is sent again before it is settled"
    )]
    Foreign(FacilityName),
}

impl From<StepError> for LossError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Store(LOST) => Self::Works,
            error => Self::Failed(error),
        }
    }
}

/// Lets lost anchors be posted again.
pub struct PostAgain<'a, L> {
    journal: Journal,
    ledger: &'a L,
    clock: Arc<dyn Clock>,
    alone: Alone,
}

impl<'a, L: Ledger> PostAgain<'a, L> {
    /// At this registry; nothing is asked yet.
    #[must_use]
    pub fn new(store: &Store, ledger: &'a L, clock: Arc<dyn Clock>, me: Candidate) -> Self {
        let journal = Journal::new(store.clone());
        Self {
            alone: Alone::new(&journal, Arc::clone(&clock), me),
            journal,
            ledger,
            clock,
        }
    }

    /// The logs of which the registry lacks anchors that were final; nothing is written.
    ///
    /// # Errors
    /// When most nodes do not agree, the registry holds what is not of a log, or a service
    /// works.
    pub async fn find(&self) -> Result<Vec<LostOfLog>, LossError> {
        if alone::is_taken(&self.journal, &*self.clock).await? {
            Err(LossError::Works)
        } else {
            find(&self.journal, self.ledger).await
        }
    }

    /// Lets them fall back; gives them.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub async fn accept(&mut self) -> Result<Vec<LostOfLog>, LossError> {
        let accepted = self.accept_alone().await;
        self.alone.end().await;
        accepted
    }

    async fn accept_alone(&mut self) -> Result<Vec<LostOfLog>, LossError> {
        self.alone.take().await?;
        let looked = find(&self.journal, self.ledger);
        let lost = self.alone.during(looked).await?;
        self.journal.fall_back(&lost).await?;
        Ok(lost)
    }
}

async fn find<L: Ledger>(journal: &Journal, ledger: &L) -> Result<Vec<LostOfLog>, LossError> {
    ledger.check().await.map_err(StepError::from)?;
    let mut logs = Vec::new();
    for log in journal.all_logs().await? {
        let head = ledger.head(log.log_id).await.map_err(StepError::from)?;
        // One that has ended may have ended because of its head.
        if let Some(head) = head
            && !log.ended
            && !guard::holds(journal, &log, head).await?
        {
            return Err(LossError::Foreign(log.facility));
        }
        let found = head.map_or(0, |head| head.seq);
        let above = found + log.moved_at().map_err(StepError::from)?;
        let lost = journal.final_above(&log, above).await?;
        if !lost.is_empty() {
            logs.push(LostOfLog {
                facility: log.facility,
                log_id: log.log_id,
                found,
                lost,
                id: log.id,
                above,
            });
        }
    }
    Ok(logs)
}
