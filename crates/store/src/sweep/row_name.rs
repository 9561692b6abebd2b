//! The name of a row that has a leaf, as it stands there.

use crate::{FacilityId, LeafName, column};
use std::fmt;

/// The name that row and leaf have in common, as it stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowName {
    /// The record tag; 16 bytes unless someone wrote past the store.
    pub record: Vec<u8>,
    /// The version; 1 for an audit record and a statement.
    pub version: i64,
}

impl RowName {
    /// Whether a row of ours can have it.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        column::tag(&self.record).is_ok() && self.version >= 1
    }

    /// The name of a leaf of ours; `None` when it is none.
    #[must_use]
    pub fn of_leaf(&self, facility: FacilityId) -> Option<LeafName> {
        Some(LeafName {
            facility,
            record: column::tag(&self.record).ok()?,
            version: column::version_number(self.version).ok()?,
        })
    }
}

/// Bytes of a record tag that are named: one that is longer than a tag was written by
/// nobody of ours.
const NAMED_BYTES: usize = 20;

impl fmt::Display for RowName {
    /// The record tag in hex, and the version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.record.iter().take(NAMED_BYTES);
        named
            .into_iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, " {}", self.version)
    }
}
