//! How a log ends at a registry: for good, because a key of it was stolen.

use model::LogId;
use std::fmt;

/// Why a log is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosingReason {
    /// The log's key may be another's.
    LogKey,
    /// A submitter's key may be another's.
    SubmitterKey,
}

impl ClosingReason {
    /// As the contract has it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::LogKey => 1,
            Self::SubmitterKey => 2,
        }
    }

    /// The reason of a number that a registry gives.
    pub(crate) const fn of_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::LogKey),
            2 => Some(Self::SubmitterKey),
            _ => None,
        }
    }
}

/// As trust files have it.
impl fmt::Display for ClosingReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LogKey => "log-key",
            Self::SubmitterKey => "submitter-key",
        })
    }
}

/// Why a log was closed, and what goes on in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedEvent {
    /// Whose key was stolen.
    pub reason: ClosingReason,
    /// The log that goes on; `None` while none is named.
    pub successor: Option<LogId>,
}
