//! From a signed checkpoint to a final anchor, and what can come between.

pub mod address;
pub(crate) mod backfill;
pub(crate) mod bound;
pub(crate) mod finality;
pub(crate) mod funds;
pub(crate) mod late_evidence;
pub mod lost_blocks;
pub mod move_registry;
pub(crate) mod poster;
pub(crate) mod thinning;
pub(crate) mod under_way;
