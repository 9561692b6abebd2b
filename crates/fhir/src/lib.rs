//! FHIR R4 (<https://hl7.org/fhir/R4/>) without IO: exact JSON, the definition
//! tables, resources and their references, Bundles, `OperationOutcome`, search by
//! date, and the rendering of `AuditEvent`.
//!
//! Nothing here knows HTTP, SQL or keys. Full validation, other search
//! values and Consent come later; what is checked now is what sealing and policy rest on.

pub mod audit_event;
pub mod bundle;
mod date_range;
mod date_search;
#[expect(dead_code, reason = "validation reads the rest")]
pub mod definition;
pub mod json;
mod outcome;
mod path;
pub mod percent;
mod place;
mod reference;
mod refusal;
mod resource;
pub mod tables;
mod walk;

pub use date_search::{Moments, first_moment};
pub use outcome::{Severity, outcome};
pub use reference::{LocalBase, LocalReference, Named, ReferenceParameter, is_dots};
pub use refusal::{IssueCode, Refusal};
pub use resource::{Coding, Identifier, Resource};
