//! The log as it is shown: tiles, checkpoints, proofs, and the leaves that have no place in it.

pub(crate) mod checkpoints;
pub(crate) mod leaf_proof;
pub mod refused_leaves;
pub(crate) mod tiles;
pub(crate) mod unshown_keys;
pub(crate) mod waiting_leaves;
