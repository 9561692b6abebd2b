//! Index cards of versions: sealed, written with them, and added up in patient heads
//! (docs/storage-format.md, "Index card").

pub(crate) mod head;
pub(crate) mod made;
pub(crate) mod writes;
