//! Takes anchors from the chain that the database has no rows of: those of a database that
//! was put back, and what was given up while the nodes lagged. Without them a heartbeat,
//! whose row is there, would stand for the anchor of its size, which is the first one.
//!
//! What is taken is the registry's event and the transaction that made it. From there on it
//! is followed to finality as any other.

use crate::{
    failure::StepError,
    ledger::{Head, Ledger, LedgerError},
    log::journal::{Journal, Log},
};
use model::{Clock, Timestamp};
use std::collections::BTreeMap;
use store::LogRowId;

/// Anchors of one log that one step takes.
const MAX_ANCHORS: u64 = 32;
/// After this time a node that did not show them is asked again: a search for what it does
/// not show can take thousands of questions.
const RETRY_MILLIS: i64 = 60_000;

/// How far each log is.
#[derive(Debug, Default)]
pub(crate) struct Backfill {
    /// Anchors up to these numbers have a row, or no checkpoint here, and are not looked
    /// for again.
    passed: BTreeMap<LogRowId, u64>,
    /// What the node said last of logs that could not be read, and when.
    failed: BTreeMap<LogRowId, (Timestamp, LedgerError)>,
}

impl Backfill {
    /// Looks again for everything.
    pub(crate) fn begin(&mut self) {
        *self = Self::default();
    }

    /// Looks again for the anchors of a log.
    pub(crate) fn begin_log(&mut self, log: LogRowId) {
        self.passed.remove(&log);
    }

    /// Takes anchors up to the head that have no row, the oldest first. Gives whether these
    /// were all: until then the log must not be anchored, for what has no row under a row is
    /// not looked for.
    pub(crate) async fn step<L: Ledger>(
        &mut self,
        journal: &Journal,
        ledger: &L,
        log: &Log,
        head: Head,
        clock: &dyn Clock,
    ) -> Result<bool, StepError> {
        if let Some((at, error)) = self.failed.get(&log.id) {
            let age = clock.now().as_millis() - at.as_millis();
            if (0..RETRY_MILLIS).contains(&age) {
                return Err(error.clone().into());
            }
        }
        self.failed.remove(&log.id);
        let taken = self.take(journal, ledger, log, head).await;
        match &taken {
            // A node that is away is asked again at once.
            Err(failed @ StepError::Ledger(error)) if failed.is_of_one_log() => {
                // From its end: a search may take longer than what lies between two.
                self.failed.insert(log.id, (clock.now(), error.clone()));
            }
            _ => {}
        }
        taken
    }

    async fn take<L: Ledger>(
        &mut self,
        journal: &Journal,
        ledger: &L,
        log: &Log,
        head: Head,
    ) -> Result<bool, StepError> {
        let passed = self.passed.get(&log.id).copied().unwrap_or(0);
        let lacking = journal.lacking(log, passed..head.seq, MAX_ANCHORS);
        let lacking = lacking.await?;
        for seq in lacking.iter().copied() {
            let event = ledger.anchored(log.log_id, seq).await?;
            let event = event.ok_or(LedgerError::NoEvent(seq))?;
            // A proof shows the checkpoint too. While it is missing here, no heartbeat has
            // its size either.
            let checkpoint = journal.has_checkpoint(log.id, event.size, event.root);
            if !checkpoint.await? {
                self.passed.insert(log.id, seq);
                continue;
            }
            let sent = ledger.transaction(event.transaction).await?;
            let sent = sent.ok_or(LedgerError::NoEvent(seq))?;
            journal.taken(ledger.chain_id(), log, event, sent).await?;
            let facility = &log.facility;
            tracing::warn!(%facility, seq, "the row of an anchor was missing; taken from the chain");
        }
        Ok(lacking.last().is_none_or(|last| *last == head.seq))
    }
}
