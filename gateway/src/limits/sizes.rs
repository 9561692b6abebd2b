//! Sizes on which several limits rest.

/// Matches or versions on a page when nothing is asked.
pub const DEFAULT_COUNT: u32 = 50;
/// Entries of one Bundle at most.
pub const ENTRY_LIMIT: usize = 10_000;
