//! From the parameters of a search to its candidates and its pages.

pub(crate) mod audit_criteria;
pub(crate) mod candidates;
pub(crate) mod criteria;
pub(crate) mod cursor;
pub(crate) mod kept_query;
pub(crate) mod paging;
