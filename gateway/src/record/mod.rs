//! Versions of records: sealed and withheld, and their rows when they are not what was stored.

pub(crate) mod committed;
pub(crate) mod damage;
pub(crate) mod each_once;
pub mod misplaced;
pub(crate) mod security_context;
pub(crate) mod version;
pub(crate) mod write;
