//! The checks of docs/proof-format.md, section 7, one file each. A check sees only its
//! arguments and gives a finding; what follows from it is for
//! [`crate::verify`].

mod anchor;
mod block;
mod checkpoint;
mod commitment;
mod content;
mod inclusion;

pub(crate) use anchor::anchor;
pub(crate) use block::block;
pub(crate) use checkpoint::checkpoint;
pub(crate) use commitment::commitment;
pub(crate) use content::content;
pub(crate) use inclusion::inclusion;
