//! How requests were answered, counted by what was asked.

use crate::report::Report;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// An answer of this status.
    Status(u16),
    /// None: the connection ended, or it took too long.
    NoAnswer,
}

impl Outcome {
    /// Whether it is an answer of success.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::NoAnswer => write!(f, "no answer"),
        }
    }
}

/// Outcomes, by name of what was asked; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<String, BTreeMap<Outcome, u64>>>>);

impl Tally {
    /// Counts one.
    pub fn add(&self, asked: &str, outcome: Outcome) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !counts.contains_key(asked) {
            counts.insert(asked.to_owned(), BTreeMap::new());
        }
        if let Some(outcomes) = counts.get_mut(asked) {
            *outcomes.entry(outcome).or_default() += 1;
        }
    }

    /// Number of requests that were answered with success.
    pub fn successes(&self) -> u64 {
        self.count(Outcome::is_success)
    }

    /// Number of those that were not.
    pub fn others(&self) -> u64 {
        self.count(|outcome| !outcome.is_success())
    }

    fn count(&self, counts: impl Fn(Outcome) -> bool) -> u64 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = all.values().flatten();
        let counted = outcomes.filter(|(outcome, _)| counts(**outcome));
        counted.map(|(_, count)| count).sum()
    }

    /// Prints a line for each name.
    pub fn print(&self, report: &Report, whose: &str) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (asked, outcomes) in counts.iter() {
            let each: Vec<String> = outcomes
                .iter()
                .map(|(outcome, count)| format!("{outcome} x {count}"))
                .collect();
            report.note(&format!("{whose}, {asked}: {}", each.join(", ")));
        }
    }
}
