//! How far a sweep has come, as it is kept between two steps.

use super::fault::{Fault, Faults};
use model::{FacilityName, Timestamp};
use serde::{Deserialize, Serialize};
use store::RowName;

/// A row's name, of which the record tag is in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    record: String,
    version: i64,
}

impl From<&RowName> for Place {
    fn from(name: &RowName) -> Self {
        Self {
            record: hex::encode(&name.record),
            version: name.version,
        }
    }
}

impl Place {
    /// `None` where the record tag is no hex, which nobody of ours keeps: the pass begins
    /// anew.
    pub(super) fn name(&self) -> Option<RowName> {
        Some(RowName {
            record: hex::decode(&self.record).ok()?,
            version: self.version,
        })
    }
}

/// The part of a sweep that is under way, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pass {
    /// Rows that decide are as many as their statements.
    Rules,
    /// Statements, and what each is about.
    Statements {
        /// The last that was looked at; `None` at the beginning, here and below, for there is
        /// no name or number that nobody could have written.
        after: Option<Place>,
    },
    /// Versions of records.
    Versions {
        /// The last that was looked at.
        after: Option<Place>,
    },
    /// Index cards: each opens.
    Cards {
        /// The last that was looked at.
        after: Option<Place>,
    },
    /// Patient heads: each adds up the cards of its patient.
    Heads {
        /// The last that was looked at.
        after: Option<Place>,
    },
    /// Current versions: each has an index card, once the index is complete.
    Uncarded {
        /// The last that was looked at.
        after: Option<Place>,
    },
    /// Audit records.
    Audits {
        /// The last that was looked at.
        after: Option<Place>,
    },
    /// The next log, in the order of epochs.
    Logs {
        /// The epoch of the last.
        after: Option<i64>,
    },
    /// Leaves with an index.
    Leaves {
        /// Of which log of the facility.
        epoch: i64,
        /// The last index that was looked at.
        after: Option<i64>,
        /// The size of the log when its leaves were begun with.
        until: Option<i64>,
    },
    /// Leaves that wait.
    Pending {
        /// The last id that was looked at.
        after: Option<i64>,
        /// The last id when they were begun with.
        until: Option<i64>,
    },
    /// The sweep is whole.
    Ended,
}

impl Pass {
    /// The word for operators.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Statements { .. } => "statements",
            Self::Versions { .. } => "versions",
            Self::Cards { .. } => "index cards",
            Self::Heads { .. } => "patient heads",
            Self::Uncarded { .. } => "versions without index cards",
            Self::Audits { .. } => "audits",
            Self::Logs { .. } | Self::Leaves { .. } => "leaves",
            Self::Pending { .. } => "pending leaves",
            Self::Ended => "ended",
        }
    }
}

/// What one step looked at.
pub(super) struct Batch {
    /// The number of rows or leaves.
    pub(super) rows: u64,
    pub(super) faults: Vec<Fault>,
    pub(super) next: Pass,
}

impl Batch {
    pub(super) const fn of(next: Pass) -> Self {
        Self {
            rows: 0,
            faults: Vec::new(),
            next,
        }
    }
}

/// A sweep under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Progress {
    /// When it began.
    pub started: Timestamp,
    /// What comes next.
    pub pass: Pass,
    /// The number of rows and leaves that were looked at.
    pub rows: u64,
    /// About how many there were at its beginning.
    pub of: u64,
    /// What was found.
    pub faults: Faults,
}

impl Progress {
    pub(super) fn begin(started: Timestamp, of: u64) -> Self {
        Self {
            started,
            pass: Pass::Rules,
            rows: 0,
            of,
            faults: Faults::default(),
        }
    }

    pub(super) fn advance(&mut self, facility: &FacilityName, batch: Batch) {
        self.rows = self.rows.saturating_add(batch.rows);
        for fault in batch.faults {
            self.faults.add(facility, fault);
        }
        self.pass = batch.next;
    }

    pub(super) fn ended(self, ended: Timestamp) -> Whole {
        Whole {
            started: self.started,
            ended,
            rows: self.rows,
            faults: self.faults,
        }
    }

    /// The share that was done, from 0 to 1 million.
    #[must_use]
    pub fn millionths(&self) -> u64 {
        let done = self.rows.saturating_mul(1_000_000);
        done.checked_div(self.of)
            .unwrap_or(1_000_000)
            .min(1_000_000)
    }
}

/// A sweep that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Whole {
    /// When it began: every row that was there then has been looked at since.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// The number of rows and leaves.
    pub rows: u64,
    /// What was found.
    pub faults: Faults,
}
