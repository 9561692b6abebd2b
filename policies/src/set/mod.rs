//! A policy set, from its text to its rulings.

pub(crate) mod compiled;
pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod policy_error;
pub(crate) mod source;
