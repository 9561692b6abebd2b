//! The newest version of a record, as preconditions look at it.

use crate::http::version_mark::VersionMark;
use model::Timestamp;

/// The newest version, or the only one that a URL can mean.
pub struct Newest {
    /// Its number and time.
    pub mark: VersionMark,
    /// Whether it ended the record.
    pub is_delete: bool,
    /// When the version before it was written, where a precondition asks for times.
    pub before: Option<Timestamp>,
}

impl Newest {
    /// A version that no other takes the place of.
    #[must_use]
    pub const fn only(mark: VersionMark) -> Self {
        Self {
            mark,
            is_delete: false,
            before: None,
        }
    }
}
