//! What all facilities of a database share.

pub(crate) mod jobs;
pub(crate) mod lease;
pub(crate) mod meta;
