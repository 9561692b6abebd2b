//! Audit records: sealed on their way to their rows, opened from them, and those of requests that nobody is known to have sent.

pub(crate) mod draft;
pub(crate) mod opened;
pub(crate) mod part;
pub(crate) mod sealed;
pub(crate) mod unauthenticated;

use fhir::audit_event::AuditTouched;

/// The type of audit records in references.
pub const AUDIT_EVENT: &str = "AuditEvent";

/// Something below `/admin` as the audit names it.
pub(crate) fn administered(path: &str) -> AuditTouched {
    let (kind, id) = path.split_once('/').unwrap_or((path, ""));
    AuditTouched {
        kind: kind.to_owned(),
        id: id.to_owned(),
        version: None,
        patients: Vec::new(),
    }
}
