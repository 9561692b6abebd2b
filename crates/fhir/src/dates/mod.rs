//! Dates as ranges of moments, in resources and in searches.

pub(crate) mod range;
pub(crate) mod search;
