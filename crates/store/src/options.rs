//! How a store is opened.

use std::time::Duration;

/// How many connections a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Transactions at a time on PostgreSQL. SQLite has one.
    pub writers: u32,
    /// Reads by key at a time.
    pub readers: u32,
    /// Searches at a time.
    pub searches: u32,
    /// How long a search may take.
    pub search_time: Duration,
    /// Whether a database of version 0.1 may be brought up to date. Processes of that
    /// version do not go on over it for long, so a person says when.
    pub from_0_1: bool,
    /// Whether a database may be made where there is none. Elsewhere than at the first
    /// start that is a mistyped path or a disk that is not mounted.
    pub may_make: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            writers: 2,
            readers: 4,
            searches: 8,
            search_time: Duration::from_secs(5),
            from_0_1: false,
            may_make: true,
        }
    }
}
