//! The audit of one request: the sealed record, and the `AuditEvent`s that are
//! rendered from it (docs/proof-format.md).
//!
//! The events follow the RESTful patterns of IHE Basic Audit Log Patterns
//! (BALP, <https://profiles.ihe.net/ITI/BALP/>). They are hashed and not stored, so a
//! released renderer never changes: another rendering is another number, and golden
//! vectors hold each. This release writes renderer 2.

mod audit_outcome;
mod events;
mod events_1;
mod facts;
mod pattern;
mod reader;
mod record;
mod record_1;
mod record_1_json;
mod record_error;
mod record_json;
mod render_1;
mod render_2;
mod stored;

pub use audit_outcome::AuditOutcome;
pub use facts::{
    AuditAct, AuditAgent, AuditFacility, AuditFacts, AuditPatient, AuditTouched, MAX_RECORD_ID,
};
pub use record::AuditRecord;
pub use record_error::RecordError;
pub use stored::{EventName, StoredRecord};
