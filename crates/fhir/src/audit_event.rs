//! The audit of one request: the sealed record, and the `AuditEvent`s that are
//! rendered from it (docs/proof-format.md).
//!
//! The events follow the RESTful patterns of IHE Basic Audit Log Patterns
//! (BALP 1.1.3, <https://profiles.ihe.net/ITI/BALP/>). They are hashed and not
//! stored, so a released renderer never changes: another rendering is another
//! number, and golden vectors hold each.

mod pattern;
mod record;
mod record_json;
mod render_1;

pub use record::{
    AuditAgent, AuditOutcome, AuditPatient, AuditRecord, AuditTouched, MAX_RECORD_ID, RecordError,
    concerned,
};
