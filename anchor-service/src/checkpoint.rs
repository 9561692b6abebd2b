//! Signs what was sequenced: at each step, one checkpoint for each log that has
//! grown since its last, by all keys of the log that are not retired. Nothing is
//! signed at size 0.
//!
//! Size and root come from committed rows only; see [`crate::sequencer`].

use crate::{
    alarm::Bell,
    failure::StepError,
    journal::{Journal, Log},
    log_keys::LogKeys,
    span,
};
use model::Clock;
use std::sync::Arc;
use store::StoredCheckpoint;
use tlog::checkpoint::LogKey;
use tracing::Span;

/// Signs all logs.
pub(crate) struct Checkpointer {
    journal: Journal,
    keys: Arc<LogKeys>,
    clock: Arc<dyn Clock>,
    bell: Bell,
}

impl Checkpointer {
    pub(crate) const fn new(
        journal: Journal,
        keys: Arc<LogKeys>,
        clock: Arc<dyn Clock>,
        bell: Bell,
    ) -> Self {
        Self {
            journal,
            keys,
            clock,
            bell,
        }
    }

    /// Signs; gives the number of checkpoints.
    pub(crate) async fn step(&self) -> Result<u64, StepError> {
        let (mut signed, mut failed) = (0, None);
        for log in self.journal.current_logs().await? {
            if let Some(alarm) = self.bell.rung() {
                return Err(alarm.clone().into());
            }
            let before = self.journal.newest_checkpoint(log.id).await?;
            if log.size <= before.map_or(0, |checkpoint| checkpoint.size) {
                continue;
            }
            // A key that is missing holds up its own log alone.
            let (keys, missing) = self.keys.of(&log);
            failed = failed.or(missing);
            if keys.is_empty() {
                continue;
            }
            let span = span::of_log("checkpoint", &log.facility);
            signed += span::within(span, self.sign(&log, &keys)).await?;
        }
        failed.map_or(Ok(signed), |error| Err(error.into()))
    }

    /// One log; gives 0 without keys, else 1.
    async fn sign(&self, log: &Log, keys: &[Arc<LogKey>]) -> Result<u64, StepError> {
        let (size, root) = (log.size, self.journal.root(log, log.size).await?);
        let Some(note) = LogKey::sign_together(keys, size, root) else {
            return Ok(0);
        };
        let checkpoint = StoredCheckpoint {
            size,
            root,
            time: self.clock.now(),
            note,
        };
        self.journal.add_checkpoint(log.id, checkpoint).await?;
        Span::current().record("chartseal.size", size);
        Ok(1)
    }
}
