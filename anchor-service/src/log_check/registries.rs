//! The registries that a log was anchored at, one after the other. A row of an anchor has the
//! registry's number and that of the last anchor at those before it.

use super::{LogCheck, chain::Chain};
use crate::{
    failure::StepError,
    ledger::{Ledger, TimedAnchor},
    log::journal::Log,
    posting::bound,
};
use std::sync::Arc;
use store::Reader;

/// The time of a log at one registry, and the rows of its anchors there.
pub(super) struct Stay<L> {
    /// The registry; `None` where no chain of it is known here.
    pub(super) ledger: Option<Arc<L>>,
    /// The number of the row before its first.
    pub(super) before: u64,
    /// The number of the last row, of a registry that the log has left.
    pub(super) last: Option<u64>,
}

impl<L: Ledger> Stay<L> {
    /// The events with the numbers of their rows.
    pub(super) fn as_rows(&self, mut events: Vec<TimedAnchor>) -> Vec<TimedAnchor> {
        for event in &mut events {
            let seq = &mut event.anchored.seq;
            *seq = seq.saturating_add(self.before);
        }
        events
    }
}

impl<L: Ledger> LogCheck<L> {
    /// Those of a log, the newest first.
    ///
    /// # Errors
    /// When nothing shows which they are.
    pub(super) async fn stays(&self, log: &Log) -> Result<Vec<Stay<L>>, StepError> {
        let Chain::Known { ledger, former, .. } = &self.chain else {
            return Ok(Vec::new());
        };
        let read = |reader: &mut Reader| reader.registries().find()?.shown();
        let registries = self.read(read).await?;
        let (mut stays, mut before) = (Vec::new(), 0);
        for left in registries.of(log.id) {
            let here = |ledger: &&Arc<L>| bound::of(&***ledger) == left.registry;
            stays.push(Stay {
                ledger: former.iter().find(here).cloned(),
                before,
                last: Some(left.last_seq),
            });
            before = left.last_seq;
        }
        stays.push(Stay {
            ledger: Some(Arc::clone(ledger)),
            before,
            last: None,
        });
        stays.reverse();
        Ok(stays)
    }
}
