//! Logs, their keys and the leaves that wait, as values.

use crate::{FacilityId, LogRowId};
use model::{Commitment, LogId, Tag, Timestamp, VersionNumber};

/// A log as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its id in rows.
    pub id: LogRowId,
    /// Whose log it is.
    pub facility: FacilityId,
    /// Counts from 1; each epoch is a log of its own.
    pub epoch: u32,
    /// Checkpoint origin.
    pub origin: String,
    /// Its name on the chain.
    pub log_id: LogId,
    /// Ed25519.
    pub public_key: [u8; 32],
    /// Leaves that have an index.
    pub size: u64,
    pub(crate) state_mac: Option<Vec<u8>>,
}

impl Log {
    /// Whether a leaf key, held or not, showed its size and root.
    #[must_use]
    pub const fn has_state_mac(&self) -> bool {
        self.state_mac.is_some()
    }

    /// It as it was when it was made.
    pub(crate) fn as_made(&self) -> NewLog {
        NewLog {
            facility: self.facility,
            epoch: self.epoch,
            origin: self.origin.clone(),
            log_id: self.log_id,
            public_key: self.public_key,
        }
    }
}

/// A log to be stored; it begins empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLog {
    /// Whose log it is.
    pub facility: FacilityId,
    /// Counts from 1.
    pub epoch: u32,
    /// Checkpoint origin.
    pub origin: String,
    /// Its name on the chain.
    pub log_id: LogId,
    /// Ed25519.
    pub public_key: [u8; 32],
}

/// A key of a log as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLogKey {
    /// From 1, in the order they were made.
    pub number: u32,
    /// Ed25519.
    pub public_key: [u8; 32],
    /// When it was made; not known of a key that was never changed.
    pub created: Option<Timestamp>,
    /// Since when it signs no more.
    pub retired: Option<Timestamp>,
}

/// A leaf that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingLeaf {
    /// Grows with the time of writing, roughly: order of ids is not order of commits.
    pub id: i64,
    /// What the log will hold.
    pub commitment: Commitment,
    /// The record or audit record it commits to.
    pub record: Tag,
    /// Which of its versions.
    pub version: VersionNumber,
}
