//! Conditional interactions (<https://hl7.org/fhir/R4/http.html#ccreate>): a record is chosen
//! by criteria in place of an id. Criteria are those of a search, decided and audited as one,
//! so that they tell no more than it would; what the caller may not see is no match.
//!
//! What was found so still has to be so when the request is committed
//! ([`unchanged`]), so that of many equal requests at once one makes the record.

mod choose;
mod chosen;
mod criteria;
mod unchanged;

pub(crate) use choose::{choose, name, refuse_written};
pub(crate) use chosen::{Chosen, Match};
