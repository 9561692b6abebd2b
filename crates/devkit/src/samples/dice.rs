//! Chance that follows from a seed.

use model::{FacilityName, Random as _, SeededRandom, new_uuid};
use sha2::{Digest as _, Sha256};

/// A stream of draws of its own for each purpose, so that a longer list or one
/// patient more does not move the others.
pub(crate) struct Dice(SeededRandom);

impl Dice {
    /// The stream for `purpose` at `facility`.
    pub(crate) fn new(seed: u64, facility: &FacilityName, purpose: &str) -> Self {
        let hash = Sha256::digest(format!("chartseal sample\n{seed}\n{facility}\n{purpose}"));
        let start = hash
            .first_chunk()
            .map_or(seed, |bytes| u64::from_be_bytes(*bytes));
        Self(SeededRandom::new(start))
    }

    /// A number from `low` to `high`, both included. The ranges are so short
    /// that the bias of a remainder does not matter.
    pub(crate) fn between(&self, low: i64, high: i64) -> i64 {
        let mut bytes = [0; 8];
        // A seeded generator does not fail; if it did, it would draw zeros.
        let _ = self.0.fill(&mut bytes);
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or(0) + 1;
        low.saturating_add(i64::try_from(u64::from_le_bytes(bytes) % span).unwrap_or(0))
    }

    /// True once in `times`.
    pub(crate) fn once_in(&self, times: i64) -> bool {
        self.between(1, times) == 1
    }

    /// One of the items, which must not be none; `None` otherwise.
    pub(crate) fn pick<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(items.len()).unwrap_or(0) - 1;
        let index = usize::try_from(self.between(0, last.max(0))).unwrap_or(0);
        items.get(index)
    }

    /// One of the texts; empty when there are none.
    pub(crate) fn word(&self, words: &[&'static str]) -> &'static str {
        self.pick(words).copied().unwrap_or_default()
    }

    /// A `urn:uuid:` for a `fullUrl`.
    pub(crate) fn urn(&self) -> String {
        format!("urn:uuid:{}", new_uuid(&self.0).unwrap_or_default())
    }
}
