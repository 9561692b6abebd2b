//! Leaves and their logs: tiles, checkpoints, keys.

pub(crate) mod leaf_admission;
pub(crate) mod leaf_claims;
pub(crate) mod leaf_keys;
pub(crate) mod leaf_sequence;
pub(crate) mod leaf_statement;
pub(crate) mod leaves;
pub(crate) mod log_keys;
pub(crate) mod log_pages;
pub(crate) mod logs;
pub(crate) mod refused_leaves;
pub(crate) mod rows;
pub(crate) mod signed_notes;
