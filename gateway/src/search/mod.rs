//! From the parameters of a search to its candidates and its pages.

pub(crate) mod audit_criteria;
pub(crate) mod candidates;
pub(crate) mod condition;
pub(crate) mod criteria;
pub(crate) mod cursor;
pub(crate) mod index;
pub(crate) mod kept_query;
pub(crate) mod order;
pub(crate) mod overlay;
pub(crate) mod paging;
pub(crate) mod parameter;
pub(crate) mod query;
pub(crate) mod source;
pub(crate) mod value;
pub(crate) mod within;
