//! Signs what was sequenced: in each round, one checkpoint for each log that has
//! grown since its last, by all keys of the log that are not retired. Nothing is
//! signed at size 0, and nothing that does not extend what was signed last.
//!
//! Size and root come from committed rows only; see [`crate::log::sequencer`]. Order of
//! effects: sign; keep what was signed outside the database; store the checkpoints. Cut
//! short before the last, the next round stores what was kept, and signs later states.

use crate::{
    failure::StepError,
    keys::{
        key_rows,
        log_keys::LogKeys,
        signed::{Signed, SignedState},
    },
    log::{
        guard,
        journal::{Journal, Log, LogState},
        known_logs::KnownLogs,
        left_out::LeftOut,
    },
    service::{alarm::Bell, span},
};
use model::Clock;
use std::sync::Arc;
use store::StoredCheckpoint;
use tlog::notes::log_key::LogKey;
use tracing::Span;

/// Signs all logs.
pub(crate) struct Checkpointer {
    pub(crate) journal: Journal,
    pub(crate) logs: KnownLogs,
    pub(crate) keys: Arc<LogKeys>,
    pub(crate) signed: Signed,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) bell: Bell,
}

impl Checkpointer {
    /// Signs; gives the number of checkpoints.
    pub(crate) async fn step(&self) -> Result<u64, StepError> {
        let found = self.logs.compared().await?;
        let (mut round, mut left_out) = (Vec::new(), found.left_out);
        // One that has ended too: its last leaves wait for their checkpoint.
        for log in found.logs {
            if let Some(alarm) = self.bell.rung() {
                return Err(alarm.clone().into());
            }
            match self.next(&log, &mut left_out).await {
                Ok(checkpoint) => round.extend(checkpoint.map(|checkpoint| (log, checkpoint))),
                Err(error) => left_out.note(&log.facility, error)?,
            }
        }
        let signed = round.len().try_into().unwrap_or(u64::MAX);
        self.keep(round).await?;
        left_out.end(signed)
    }

    /// The checkpoint that a log needs, if any.
    async fn next(
        &self,
        log: &Log,
        left_out: &mut LeftOut,
    ) -> Result<Option<StoredCheckpoint>, StepError> {
        self.store_again(log).await?;
        let before = self.logs.newest_checkpoint(log).await?;
        if log.size <= before.map_or(0, |checkpoint| checkpoint.size) {
            return Ok(None);
        }
        // Keys that are missing, or not the log's, hold up their own log alone.
        key_rows::check(log, &self.signed)?;
        let (keys, missing) = self.keys.signing(log);
        // Those before it sign without one that is missing; without the oldest none does.
        if let Some(missing) = missing {
            left_out.note(&log.facility, missing.into())?;
        }
        let span = span::of_log("checkpoint", &log.facility);
        span::within(span, self.sign(log, &keys)).await
    }

    /// Stores what was signed last where the database has lost it and still holds its leaves:
    /// it may have been anchored, and an anchor without its checkpoint proves nothing.
    async fn store_again(&self, log: &Log) -> Result<(), StepError> {
        let Some(state) = self.signed.of(&log.origin) else {
            return Ok(());
        };
        let (size, root) = state.claim();
        let newest = self.logs.newest_checkpoint(log).await?;
        let has_it = newest.is_some_and(|checkpoint| checkpoint.size >= size);
        if has_it || log.size < size || self.journal.root(log, size).await? != root {
            return Ok(());
        }
        tracing::warn!(facility = %log.facility, size, "the checkpoint signed last was missing");
        let checkpoint = state.checkpoint(self.clock.now());
        self.journal.add_checkpoint(log.id, checkpoint).await
    }

    /// One log; `None` without keys.
    async fn sign(
        &self,
        log: &Log,
        keys: &[Arc<LogKey>],
    ) -> Result<Option<StoredCheckpoint>, StepError> {
        let signed = self.signed.newest(&self.journal, log, keys).await?;
        let (size, root) = match self.journal.state(log.id, signed).await? {
            LogState::Shown(size, root) => (size, root),
            // How much of it was signed is not known without a key.
            LogState::Unshown if keys.is_empty() => return Ok(None),
            LogState::Unshown => {
                let taken = self.journal.take_back(log.id, signed).await?;
                tracing::error!(facility = %log.facility, leaves = taken,
                    "the newest leaves of a log were put there by someone without the leaf key, \
                     or by an earlier release; they wait until a gateway knows them");
                return Ok(None);
            }
            LogState::Behind => {
                if !log.ended {
                    guard::last_signed(&self.journal, &self.signed, &self.bell, log).await?;
                    let newest = self.logs.newest_checkpoint(log).await?;
                    guard::check_checkpoint(&self.journal, &self.bell, log, newest.as_ref())
                        .await?;
                }
                return Ok(None);
            }
        };
        Span::current().record("chartseal.size", size);
        let note = LogKey::sign_together(keys, size, root);
        Ok(note.map(|note| StoredCheckpoint {
            size,
            root,
            time: self.clock.now(),
            note,
        }))
    }

    /// Keeps what was signed, of all logs at once, and then stores it.
    async fn keep(&self, round: Vec<(Log, StoredCheckpoint)>) -> Result<(), StepError> {
        if round.is_empty() {
            return Ok(());
        }
        let states = round
            .iter()
            .map(|(log, checkpoint)| SignedState::of(&log.origin, checkpoint));
        self.signed.advance(states.collect()).await?;
        for (log, checkpoint) in round {
            self.journal.add_checkpoint(log.id, checkpoint).await?;
        }
        Ok(())
    }
}
