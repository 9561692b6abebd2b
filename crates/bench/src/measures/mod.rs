//! What is measured, a file each.

pub(crate) mod anchor_delay;
pub(crate) mod audits;
pub(crate) mod grown;
pub(crate) mod hidden;
pub(crate) mod idle;
pub(crate) mod import;
pub(crate) mod limits;
pub(crate) mod proof_latency;
pub(crate) mod sequencing;
pub(crate) mod soak;
pub(crate) mod turns;
pub(crate) mod verification;
