//! Plain counts of what the writer did, for metrics and tests.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Counts since the store was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions that were committed.
    pub commits: u64,
    /// Groups of closures that were taken from the queue.
    pub groups: u64,
    /// Groups whose transaction was given up and run again, in whole or one by one.
    pub voided: u64,
    /// Closures by the name given to `run_tx`.
    pub closures: BTreeMap<&'static str, ClosureStats>,
}

/// Counts of the closures of one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClosureStats {
    /// Answered, well or badly.
    pub answered: u64,
    /// Answered with an error.
    pub failed: u64,
    /// Run again after a transaction was given up.
    pub retries: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Stats>);

impl Counters {
    pub(crate) fn count(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn commits(&self) -> u64 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .commits
    }

    pub(crate) fn read(&self) -> Stats {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
