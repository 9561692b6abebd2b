//! What the service did since its start, counted for metrics.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts since the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Leaves that were given an index.
    pub sequenced: u64,
    /// Checkpoints that were signed.
    pub checkpoints: u64,
    /// Transactions that were signed and stored to be sent.
    pub posts: u64,
    /// Transactions signed to replace one that was stuck.
    pub replacements: u64,
    /// Transactions that can never take effect.
    pub failures: u64,
    /// Transactions that became final.
    pub finalized: u64,
}

/// The counters behind them; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counters(Arc<Cells>);

#[derive(Debug, Default)]
struct Cells {
    sequenced: AtomicU64,
    checkpoints: AtomicU64,
    posts: AtomicU64,
    replacements: AtomicU64,
    failures: AtomicU64,
    finalized: AtomicU64,
}

fn add(cell: &AtomicU64, count: u64) {
    cell.fetch_add(count, Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn sequenced(&self, leaves: u64) {
        add(&self.0.sequenced, leaves);
    }

    pub(crate) fn signed(&self) {
        add(&self.0.checkpoints, 1);
    }

    pub(crate) fn posted(&self) {
        add(&self.0.posts, 1);
    }

    pub(crate) fn replaced(&self) {
        add(&self.0.replacements, 1);
    }

    pub(crate) fn failed(&self) {
        add(&self.0.failures, 1);
    }

    pub(crate) fn finalized(&self) {
        add(&self.0.finalized, 1);
    }

    pub(crate) fn read(&self) -> Counts {
        let get = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Counts {
            sequenced: get(&self.0.sequenced),
            checkpoints: get(&self.0.checkpoints),
            posts: get(&self.0.posts),
            replacements: get(&self.0.replacements),
            failures: get(&self.0.failures),
            finalized: get(&self.0.finalized),
        }
    }
}
