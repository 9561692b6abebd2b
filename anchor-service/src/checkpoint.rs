//! Signs what was sequenced: at each step, one checkpoint for each log that has
//! grown since its last, by all keys of the log that are not retired. Nothing is
//! signed at size 0.
//!
//! Size and root come from committed rows only; see [`crate::sequencer`].

use crate::{alarm::Bell, failure::StepError, journal::Journal, log_keys::LogKeys};
use model::Clock;
use std::sync::Arc;
use store::StoredCheckpoint;
use tlog::checkpoint::LogKey;

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
            let root = self.journal.root(&log, log.size).await?;
            let Some(note) = LogKey::sign_together(&keys, log.size, root) else {
                continue;
            };
            let (size, time) = (log.size, self.clock.now());
            let checkpoint = StoredCheckpoint {
                size,
                root,
                time,
                note,
            };
            self.journal.add_checkpoint(log.id, checkpoint).await?;
            signed += 1;
        }
        failed.map_or(Ok(signed), |error| Err(error.into()))
    }
}
