//! Gives pending leaves their index: the one step that makes the log grow.
//!
//! What stands in `pending_leaf` is taken as it stands there, never by a
//! watermark: ids are given before commits, so a smaller id can appear after a
//! larger one. A facility's newest log takes its leaves.
//!
//! A row there is no leaf before its mac says so: whoever can write to the database can
//! add one. What no leaf key made, and what the log has already, is moved to
//! `refused_leaf`, so that it keeps nothing behind it waiting. A leaf that has no mac yet
//! waits for a gateway, which alone can compare it with its row.

use crate::{
    failure::StepError,
    keys::{log_keys::LogKeys, signed::Signed},
    log::{
        guard,
        journal::{Journal, Log},
        known_logs::KnownLogs,
    },
    service::{alarm::Bell, span},
};
use std::sync::Arc;
use store::{LeafFault, WaitingLeaf};
use tracing::Span;

/// Leaves in the first transaction of a step: few enough that writers wait only
/// for a few milliseconds.
const FEWEST: u32 = 512;
/// Leaves in a later one, while a backlog is worked off. A batch rewrites most
/// pages of the index by record, so larger ones write far less: a million leaves
/// in batches of 4,096 wrote 4.8 GB, in batches of 16,384 2.0 GB.
const MAX_BATCH: u32 = 16_384;
/// The same while the log is small: its index has fewer pages than a batch has leaves, so
/// that one twice as large writes hardly more.
const MAX_SMALL_LOG_BATCH: u32 = 32_768;
/// Leaves of a log whose index has 10,000 pages of 4 KiB, 40 MiB.
const SMALL: u64 = 1_000_000;

/// Sequences all logs.
#[derive(Debug)]
pub(crate) struct Sequencer {
    pub(crate) journal: Journal,
    pub(crate) logs: KnownLogs,
    pub(crate) keys: Arc<LogKeys>,
    pub(crate) signed: Signed,
    pub(crate) bell: Bell,
}

impl Sequencer {
    /// Sequences what is pending; gives the number of leaves.
    ///
    /// The commit point is [`Journal::sequence`]: one transaction takes the
    /// leaves out of `pending_leaf`, puts them into `leaf`, writes the tiles and
    /// moves the size on by compare-and-swap. A crash before it leaves them
    /// pending; after it they are in the log; never both, never neither. Nothing
    /// is signed here. The checkpoint is made afterwards, from the committed
    /// rows alone, so a crash between the two is mended by the next checkpoint
    /// step, which does not know that there was one.
    pub(crate) async fn step(&self) -> Result<u64, StepError> {
        let mut sequenced = 0;
        let (logs, mut left_out) = self.logs.compared().await?.current();
        for log in self.journal.awaited(logs).await? {
            // A log that somebody else put there takes no leaf.
            if let Err(problem) = log.keys.shown() {
                left_out.note(&log.facility, problem.into())?;
                continue;
            }
            let span = span::of_log("sequence", &log.facility);
            match span::within(span, self.sequence(&log)).await {
                Ok(leaves) => sequenced += leaves,
                Err(error) => left_out.note(&log.facility, error)?,
            }
        }
        left_out.end(sequenced)
    }

    /// One log, batch by batch.
    async fn sequence(&self, log: &Log) -> Result<u64, StepError> {
        let (mut sequenced, mut batch) = (0, FEWEST);
        let keys = self.keys.here(log);
        let signed = self.signed.newest(&self.journal, log, &keys).await?;
        loop {
            // Looked at before each batch: another part may have rung.
            if let Some(alarm) = self.bell.rung() {
                return Err(alarm.clone().into());
            }
            let Some(done) = self.journal.sequence(log, signed, batch).await? else {
                // The database went back under us, and the guard names it; or it has leaves
                // that we did not put there, and the checkpointer takes them back.
                guard::last_signed(&self.journal, &self.signed, &self.bell, log).await?;
                break;
            };
            sequenced += u64::from(done.leaves);
            if done.beyond > 0 {
                tracing::error!(facility = %log.facility, leaves = done.beyond,
                    "leaves beyond the end of a log were put there by someone else, and wait \
                     again; see the runbook, \"A leaf was refused\"");
            }
            for (leaf, fault) in &done.refused {
                report(log, leaf, *fault);
            }
            if !done.more {
                break;
            }
            let most = if log.size + sequenced < SMALL {
                MAX_SMALL_LOG_BATCH
            } else {
                MAX_BATCH
            };
            batch = most.min(batch * 2);
        }
        Span::current().record("chartseal.leaves", sequenced);
        Ok(sequenced)
    }
}

/// Each by itself: a leaf that is refused is the work of someone without the keys, or
/// that of someone who has changed a file of them.
fn report(log: &Log, leaf: &WaitingLeaf, fault: LeafFault) {
    tracing::error!(facility = %log.facility, leaf = %leaf.name, fault = fault.as_str(),
        "a waiting leaf was refused and has no index; see the runbook, \"A leaf was refused\"");
}
