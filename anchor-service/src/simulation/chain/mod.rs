//! What the chain and its nodes do.

mod fees;
mod lagging;
pub(super) mod lost_blocks;
pub(super) mod moving;
mod reorganised;
