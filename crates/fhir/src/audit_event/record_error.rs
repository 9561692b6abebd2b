//! The faults of stored records.

/// Why a record or an event cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes are no audit record.
    #[error("not an audit record: `{0}` is missing or malformed")]
    Malformed(&'static str),
    /// A later release wrote it.
    #[error("the audit record needs renderer {0}, which this release does not have")]
    UnknownRenderer(u64),
    /// There are fewer events.
    #[error("the audit record has {count} events, none with index {index}")]
    NoSuchEvent {
        /// The index asked for.
        index: usize,
        /// The number of events.
        count: usize,
    },
    /// A digest is needed for each query text, and none beyond.
    #[error("the audit record needs one digest for each of its query texts")]
    QueryDigests,
}
