//! FHIR R4 (<https://hl7.org/fhir/R4/>) without IO: exact JSON, R4's definitions,
//! validation, patches, the elements of search parameters, resources and their references,
//! Bundles, `OperationOutcome`, search by date, and the rendering of `AuditEvent`.
//!
//! Nothing here knows HTTP, SQL or keys. Profiles, other search values and Consent come
//! later.

pub mod audit_event;
pub mod bundle;
mod dates;
pub mod definition;
mod fault;
mod issue_code;
pub mod json;
pub mod links;
mod outcome;
pub mod patch;
mod path;
mod refusal;
mod resource;
pub mod search;
pub mod subset;
pub mod tables;
pub mod validate;

pub use dates::search::{Moments, first_moment, period};
pub use definition::Node;
pub use issue_code::IssueCode;
pub use links::reference::{LocalBase, LocalReference, Named, ReferenceParameter, is_dots};
pub use outcome::{Severity, outcome};
pub use refusal::Refusal;
pub use resource::{Coding, Identifier, Resource};
