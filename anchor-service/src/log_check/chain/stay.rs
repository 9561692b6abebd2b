//! One of the registries that a log was anchored at, as the comparison needs it.

use crate::ledger::{Ledger, TimedAnchor};
use std::sync::Arc;

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
