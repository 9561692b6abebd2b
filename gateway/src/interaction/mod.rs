//! The interactions of the FHIR RESTful API, one file each, named by the
//! specification's own words (<https://hl7.org/fhir/R4/http.html>).
//!
//! An interaction works on an [`Exchange`](crate::exchange::Exchange), so that it
//! serves a request of its own and an entry of a Bundle alike; it never commits.

pub mod audit_event;
pub mod audit_search;
mod audit_walk;
pub mod bundle;
pub mod change;
pub mod create;
pub mod delete;
pub mod history;
pub mod kinds;
pub mod look;
pub mod read;
pub mod search;
pub mod update;
