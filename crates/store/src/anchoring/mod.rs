//! Anchors, the transactions that carry them, and the registries that hold them.

pub(crate) mod anchor_statement;
pub(crate) mod anchors;
pub(crate) mod fallen_anchors;
pub(crate) mod posts;
pub(crate) mod registries;
pub(crate) mod thinning;
