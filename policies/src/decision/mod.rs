//! Decisions: made, stored, and the right to act that comes of one.

pub(crate) mod authorizer;
pub(crate) mod class;
pub(crate) mod decision_log;
pub(crate) mod decision_record;
pub(crate) mod permit;
pub(crate) mod stored_log;
pub(crate) mod withheld;
