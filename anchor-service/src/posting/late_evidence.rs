//! Asks again for the chain's evidence of final anchors that have none: those of releases
//! that could not read the chain's receipts, and those that the node did not show when the
//! anchor became final. Nodes drop receipts, so the newest come first.

use crate::{
    failure::StepError,
    ledger::{Ledger, LedgerError},
    log::{
        journal::{Journal, Log},
        left_out::LeftOut,
    },
};
use model::{Clock, Timestamp};
use std::{collections::BTreeMap, sync::Arc};
use store::LogRowId;

/// Anchors that are looked at in a step, of each log.
const MAX_ANCHORS: u64 = 256;
/// Anchors without evidence that are asked for in a step, of each log.
const MAX_QUESTIONS: usize = 8;
/// Older anchors are not asked for: no usual node has their receipts any more.
const MAX_AGE_MILLIS: i64 = 90 * 86_400_000;

/// Walks back over the final anchors of all logs, once.
pub(crate) struct LateEvidence<L> {
    journal: Journal,
    ledger: Arc<L>,
    clock: Arc<dyn Clock>,
    /// Below this number the anchors of a log are still to be looked at.
    below: BTreeMap<LogRowId, u64>,
}

impl<L: Ledger> LateEvidence<L> {
    pub(crate) const fn new(journal: Journal, ledger: Arc<L>, clock: Arc<dyn Clock>) -> Self {
        Self {
            journal,
            ledger,
            clock,
            below: BTreeMap::new(),
        }
    }

    /// Begins anew with the newest anchors.
    pub(crate) fn begin(&mut self) {
        self.below.clear();
    }

    /// Goes a piece further; gives the number of anchors that have evidence now.
    pub(crate) async fn step(&mut self) -> Result<u64, StepError> {
        let (mut found, mut left_out) = (0, LeftOut::default());
        for log in self.journal.all_logs().await? {
            match self.step_log(&log).await {
                Ok(more) => found += more,
                Err(error) => left_out.note(&log.facility, error)?,
            }
        }
        left_out.end(found)
    }

    async fn step_log(&mut self, log: &Log) -> Result<u64, StepError> {
        let below = match self.below.get(&log.id) {
            Some(below) => *below,
            None => self.journal.newest_final_row(log.id).await? + 1,
        };
        let first = below.saturating_sub(MAX_ANCHORS).max(1);
        let lacking = self
            .journal
            .lacking_evidence(log.id, first..below, self.since())
            .await?;
        let (mut asked, mut found, mut reached) = (0, 0, first);
        for anchor in lacking.into_iter().rev() {
            if asked == MAX_QUESTIONS {
                reached = anchor.seq + 1;
                break;
            }
            asked += 1;
            match self.ledger.evidence(anchor.transaction, anchor.at).await {
                Ok(evidence) => {
                    let seq = anchor.seq;
                    self.journal.evidence_found(log.id, seq, evidence).await?;
                    found += 1;
                }
                Err(error @ (LedgerError::Unreachable(_) | LedgerError::Http(_))) => {
                    self.below.insert(log.id, anchor.seq + 1);
                    return Err(error.into());
                }
                // Its anchor counts all the same.
                Err(error) => tracing::warn!(facility = %log.facility, seq = anchor.seq, %error,
                    "a final anchor has no evidence still"),
            }
        }
        self.below.insert(log.id, reached);
        Ok(found)
    }

    fn since(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millis(now.as_millis().saturating_sub(MAX_AGE_MILLIS)).unwrap_or(now)
    }
}
