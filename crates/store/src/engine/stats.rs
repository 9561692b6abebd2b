//! Plain counts of what the writer did, for metrics and tests.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Upper bounds of the buckets of group sizes; no group is larger than the last.
pub const GROUP_SIZES: [usize; 7] = [1, 2, 5, 10, 20, 35, 50];

/// Counts since the store was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions that were committed.
    pub commits: u64,
    /// Groups of closures that were taken from the queue.
    pub groups: u64,
    /// Of these, how many had at most [`GROUP_SIZES`] closures; those of the bucket
    /// before are not counted again.
    pub groups_by_size: [u64; GROUP_SIZES.len()],
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

impl Stats {
    /// Counts a group of this number of closures.
    pub(crate) fn group(&mut self, closures: usize) {
        self.groups += 1;
        let bucket = GROUP_SIZES.iter().position(|most| closures <= *most);
        let bucket = bucket.unwrap_or(GROUP_SIZES.len() - 1);
        if let Some(count) = self.groups_by_size.get_mut(bucket) {
            *count += 1;
        }
    }
}

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
