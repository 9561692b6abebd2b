//! The order of matches, and places in it.

use model::{Tag, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The order of matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// By record tag: no order that means anything, but each record once.
    Record,
    /// By `_lastUpdated`, the oldest first.
    Oldest,
    /// By `_lastUpdated`, the newest first.
    Newest,
}

impl Sort {
    /// The order of two places.
    #[must_use]
    pub fn compare(self, a: &Position, b: &Position) -> Ordering {
        let by_time = (a.time, a.record).cmp(&(b.time, b.record));
        match self {
            Self::Record => a.record.cmp(&b.record),
            Self::Oldest => by_time,
            Self::Newest => by_time.reverse(),
        }
    }
}

/// Where a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// When the current version of its last record was written.
    pub time: Timestamp,
    /// Its last record.
    pub record: Tag,
}

impl Position {
    /// The place of a version.
    #[must_use]
    pub const fn of(row: &store::Version) -> Self {
        Self {
            time: row.time,
            record: row.record,
        }
    }

    /// The place of a candidate.
    #[must_use]
    pub const fn of_hit(hit: &store::Hit) -> Self {
        Self {
            time: hit.time,
            record: hit.record,
        }
    }
}
