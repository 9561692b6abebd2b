//! How far the index of a facility is: what is kept of it, and what this process knows.

use cards::INDEX_EPOCH;
use model::{Tag, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::{PoisonError, RwLock};

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
    /// Number of versions of this pass that did not open.
    pub(super) unread: u64,
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
    /// Number of versions that did not open.
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
    /// How far it is.
    #[must_use]
    pub const fn standing(&self) -> IndexProgress {
        self.progress(self.done.is_some())
    }

    /// Whether every current version that opens has its card of this release.
    pub(super) fn is_done(&self) -> bool {
        self.epoch == INDEX_EPOCH && self.done.is_some()
    }

    pub(super) const fn progress(&self, complete: bool) -> IndexProgress {
        IndexProgress {
            complete,
            seen: self.seen,
            made: self.made,
            unread: self.unread,
        }
    }
}
