//! Long work of a facility beside its requests: [`tenants`] lists it, [`runner`] takes its
//! turns.

pub mod expiry;
pub mod index;
pub mod jobs;
pub(crate) mod runner;
pub mod sweep;
mod tenants;
