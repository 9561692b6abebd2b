//! A log beside what its keys signed last. A log that has ended may lack that state, for
//! the loss is why it was ended; the mac of its row then shows that it was so when the
//! service left it.

use super::{FindingKind, Findings, LogCheck};
use crate::{failure::StepError, journal::Log, ledger::Ledger};
use model::Digest;
use std::time::Duration;
use store::{Error, LogRowId, Reader};
use tokio::time::sleep;

/// What the walk found of a log.
pub(super) struct Held {
    /// Leaves.
    pub(super) size: u64,
    /// The root over all of them; `None` where some are unknown.
    pub(super) root: Option<Digest>,
    /// The root at the size that was signed last, likewise.
    pub(super) at_signed: Option<Digest>,
}

impl<L: Ledger> LogCheck<L> {
    /// Size and root that the log's keys signed last.
    pub(super) async fn signed(&self, log: &Log) -> Result<Option<(u64, Digest)>, StepError> {
        let Some(signed) = &self.signed else {
            return Ok(None);
        };
        signed.refresh().await?;
        Ok(signed.of(&log.origin).map(|state| state.claim()))
    }

    /// Names what does not fit.
    pub(super) async fn compare_signed(
        &self,
        log: &Log,
        held: &Held,
        signed: Option<(u64, Digest)>,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        if self.signed.is_none() {
            return Ok(());
        }
        let newest = self.newest_checkpoint(log.id, signed).await?;
        let Some((state, root)) = signed else {
            if newest.is_some() {
                let problem = "the log has checkpoints and no signed state is kept";
                findings.add(FindingKind::SignedState, 0, problem);
            }
            return Ok(());
        };
        let behind = state > held.size;
        let other = !behind && held.at_signed.is_some_and(|found| found != root);
        if (behind || other) && log.ended && self.ended_so(log.id, held).await? {
            return Ok(());
        }
        if behind {
            findings.add(
                FindingKind::Size,
                held.size,
                "fewer leaves than were signed",
            );
        } else if other {
            let problem = "the log has another root than its keys signed last";
            findings.add(FindingKind::SignedState, state, problem);
        }
        if newest.is_none_or(|newest| newest < state) {
            let problem = "the checkpoint that was signed last is missing";
            findings.add(FindingKind::NoCheckpoint, state, problem);
        } else if newest.is_some_and(|newest| newest > state) && self.is_behind(log, newest).await?
        {
            let problem = "a checkpoint is newer than what was signed last";
            findings.add(FindingKind::SignedState, state, problem);
        }
        Ok(())
    }

    /// Whether the service itself brought the log to this size and root.
    async fn ended_so(&self, log: LogRowId, held: &Held) -> Result<bool, StepError> {
        let read = move |reader: &mut Reader| {
            let log = reader.logs().get(log)?;
            log.ok_or(Error::Corrupt("log"))
        };
        let row = self.read(read).await?;
        let keys = self.journal.store().leaf_keys();
        Ok(row.size == held.size && held.root.is_some_and(|root| keys.show(&row, &root)))
    }

    /// The size of the newest checkpoint. A state is kept a moment before its checkpoint is
    /// stored, so that one which is not there yet is waited for.
    async fn newest_checkpoint(
        &self,
        log: LogRowId,
        signed: Option<(u64, Digest)>,
    ) -> Result<Option<u64>, StepError> {
        const TRIES: u32 = 5;
        const BETWEEN: Duration = Duration::from_millis(300);
        let mut newest = None;
        for _ in 0..TRIES {
            newest = self.journal.newest_row(log).await?;
            if signed.is_none_or(|(size, _)| newest >= Some(size)) {
                break;
            }
            sleep(BETWEEN).await;
        }
        Ok(newest)
    }

    /// Whether the signed states are behind that checkpoint, read again.
    async fn is_behind(&self, log: &Log, newest: Option<u64>) -> Result<bool, StepError> {
        let now = self.signed(log).await?.map(|(size, _)| size);
        Ok(now < newest)
    }
}
