//! What the chain and its nodes do.

pub(super) mod lagging;
pub(super) mod lost_blocks;
pub(super) mod moving;
