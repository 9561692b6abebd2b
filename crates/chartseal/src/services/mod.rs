//! The services in one process, and what they tell of themselves: logs, traces,
//! metrics, health.

pub(crate) mod logging;
pub(crate) mod operations;
pub(crate) mod service;
pub(crate) mod traces;
