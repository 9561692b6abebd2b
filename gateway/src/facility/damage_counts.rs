//! Rows of a facility that are not what was stored, by what is wrong with them.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It does not open, or what is inside is not what the row says.
    Unreadable,
    /// The log knows it, and it is not in its table.
    Missing,
    /// No leaf commits to it, or more than one names it.
    Leaf,
}

impl Damage {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Unreadable, Self::Missing, Self::Leaf];

    /// The name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
            Self::Leaf => "leaf",
        }
    }
}

/// How often each kind was met since the start of the process.
#[derive(Debug, Default)]
pub struct DamageCounts([AtomicU64; 3]);

impl DamageCounts {
    fn of(&self, damage: Damage) -> &AtomicU64 {
        let [unreadable, missing, leaf] = &self.0;
        match damage {
            Damage::Unreadable => unreadable,
            Damage::Missing => missing,
            Damage::Leaf => leaf,
        }
    }

    /// Counts one.
    pub(crate) fn add(&self, damage: Damage) {
        self.of(damage).fetch_add(1, Ordering::Relaxed);
    }

    /// How often this kind was met.
    #[must_use]
    pub fn count(&self, damage: Damage) -> u64 {
        self.of(damage).load(Ordering::Relaxed)
    }
}
