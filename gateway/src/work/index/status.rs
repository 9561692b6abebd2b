//! How far the index of a facility is: what is kept of it, and what this process knows.

use cards::INDEX_EPOCH;
use model::{FacilityName, Tag, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::{PoisonError, RwLock};

/// Records without a card that are named; of more there is the number alone.
const MAX_NAMED: usize = 20;

/// What is kept of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexState {
    /// The index epoch of the cards.
    pub(super) epoch: u32,
    /// The last record that was looked at in this pass.
    pub(super) after: Option<Tag>,
    /// Number of current versions that this pass has looked at.
    pub(super) seen: u64,
    /// Number of cards that this pass has made.
    pub(super) made: u64,
    /// Number of versions of this pass that got no card.
    pub(super) unread: u64,
    /// The first of their records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) named: Vec<Tag>,
    /// When a whole pass had nothing to make.
    pub(super) done: Option<Timestamp>,
}

/// How far the index of a facility is, as far as this process knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexProgress {
    /// Whether every current version that opens has its card.
    pub complete: bool,
    /// Number of current versions that the pass under way, or the last, has looked at.
    pub seen: u64,
    /// Number of cards that it has made.
    pub made: u64,
    /// Number of versions that got no card.
    pub unread: u64,
}

/// The index of a facility as this process knows it. Once it is complete it stays so: what is
/// written has its card.
#[derive(Debug, Default)]
pub struct IndexStatus(RwLock<IndexProgress>);

impl IndexStatus {
    /// As it stands.
    #[must_use]
    pub fn read(&self) -> IndexProgress {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn know(&self, progress: IndexProgress) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *known = IndexProgress {
            complete: known.complete || progress.complete,
            ..progress
        };
    }
}

impl IndexState {
    /// A pass at its beginning.
    pub(super) fn begin() -> Self {
        Self {
            epoch: INDEX_EPOCH,
            ..Self::default()
        }
    }

    /// How far it is.
    #[must_use]
    pub const fn standing(&self) -> IndexProgress {
        IndexProgress {
            complete: self.has_ended(),
            seen: self.seen,
            made: self.made,
            unread: self.unread,
        }
    }

    /// The first records of the pass whose current version got no card.
    #[must_use]
    pub fn without_card(&self) -> &[Tag] {
        &self.named
    }

    /// Whether every current version has its card of this release, those too that did not open.
    pub(super) const fn is_whole(&self) -> bool {
        self.has_ended() && self.unread == 0
    }

    /// Whether the pass has come to its end with nothing to make.
    pub(super) const fn has_ended(&self) -> bool {
        self.epoch == INDEX_EPOCH && self.done.is_some()
    }

    /// Counts a version that gets no card, and names its record to the operator.
    pub(super) fn pass_over(&mut self, facility: &FacilityName, record: Tag, cause: &str) {
        self.unread = self.unread.saturating_add(1);
        if self.named.len() < MAX_NAMED && !self.named.contains(&record) {
            self.named.push(record);
            tracing::error!(%facility, %record, cause,
                "the current version of a record gets no index card, and its patient's searches are \
                 refused; see \"A record gets no index card\" in the runbook");
        }
    }
}
