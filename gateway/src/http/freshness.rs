//! Whether a caller has a version already.

/// What a read whose preconditions hold is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The content.
    Changed,
    /// That the caller has it already.
    NotModified,
}
