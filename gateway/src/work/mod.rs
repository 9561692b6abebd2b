//! Long work of a facility beside its requests.

pub mod jobs;
pub mod sweep;
