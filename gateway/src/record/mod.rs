//! Versions of records: sealed and withheld, and their rows when they are not what was stored.

pub(crate) mod assigned_id;
pub(crate) mod committed;
pub(crate) mod damage;
pub(crate) mod each_once;
pub(crate) mod index_card;
pub mod misplaced;
pub(crate) mod named_context;
mod newest;
pub(crate) mod own_leaf;
pub(crate) mod rows;
pub(crate) mod security_context;
pub(crate) mod sight;
pub(crate) mod version;
pub(crate) mod versions;
pub(crate) mod write;
