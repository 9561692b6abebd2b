//! How logs and their anchors stand.

use crate::ledger::Refusal;
use model::{Digest, FacilityName, LogId, Timestamp};

/// What waits, and how each log stands.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) pending: u64,
    pub(crate) refused_leaves: u64,
    pub(crate) oldest: Option<Timestamp>,
    pub(crate) logs: Vec<LogStatus>,
}

/// How one log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStatus {
    /// Whose log.
    pub facility: FacilityName,
    /// Its name on the chain.
    pub log_id: LogId,
    /// Leaves with an index.
    pub size: u64,
    /// Leaves under the newest checkpoint; 0 before the first.
    pub checkpoint_size: u64,
    /// Why the registry did not take its anchor at the last try.
    pub refused: Option<Refusal>,
    /// The newest final anchor.
    pub last_final: Option<FinalAnchor>,
    /// When its first checkpoint was signed, while there is no final anchor.
    pub first_signed: Option<Timestamp>,
    /// Why the newest final anchor, or its number, is not known.
    pub unknown: Option<store::Error>,
}

/// A final anchor: the part that shows how fresh a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinalAnchor {
    /// Number of the anchor; 0 where it is at a registry of before, or it is not known at which.
    pub seq: u64,
    /// Leaves under its root.
    pub size: u64,
    /// Time of its block.
    pub time: Timestamp,
}

/// An anchor whose block is final, before the store says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BecomingFinal {
    /// Which log.
    pub log_id: LogId,
    /// Number of the anchor.
    pub seq: u64,
    /// Leaves under the root.
    pub size: u64,
    /// Root of the log at that size.
    pub root: Digest,
    /// Time of its block.
    pub time: Timestamp,
}
