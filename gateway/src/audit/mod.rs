//! Audit records: sealed on their way to their rows, opened from them, and those of requests
//! of unknown callers.

pub(crate) mod administered;
pub(crate) mod draft;
pub(crate) mod opened;
pub(crate) mod part;
pub(crate) mod sealed;
pub(crate) mod unauthenticated;

/// The type of audit records in references.
pub const AUDIT_EVENT: &str = "AuditEvent";
