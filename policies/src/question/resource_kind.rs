//! The kinds of resource that a question can be about, by their names in the schema.

use serde::{Deserialize, Serialize};

/// What the schema calls the resource of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum ResourceKind {
    /// The whole base of a facility.
    Base,
    /// All records of a type.
    RecordType,
    /// A record.
    Record,
    /// All audit events.
    AuditTrail,
    /// An audit event.
    AuditEvent,
}
