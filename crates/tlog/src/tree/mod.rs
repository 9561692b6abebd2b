//! The tree of RFC 9162 section 2.1 over SHA-256: nodes, roots, and in the
//! submodules inclusion and consistency proofs.
//!
//! Proofs are made from tiles (see [`crate::tree::tile`]) and checked from their own
//! bytes alone. There is no storage here and no checkpoint.

pub(crate) mod closed_tree;
mod compact_range;
pub mod consistency;
pub mod event_tree;
pub mod inclusion;
mod node;
mod subtree;
pub mod tile;
pub mod tile_path;

pub use compact_range::CompactRange;
pub use node::{empty_root, node_hash};

use crate::tree::{subtree::Subtrees, tile::TileId};
use model::Digest;

/// The most leaves a log takes; the registry contract has the same bound.
pub const MAX_SIZE: u64 = 1 << 62;

/// No proof in a tree of up to 2^64 leaves is longer.
pub(crate) const MAX_PROOF: usize = 64;

/// Why a tree could not be read or grown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError<E> {
    /// The closure that reads tiles failed.
    #[error("a tile could not be read: {0}")]
    Read(E),
    /// A tile that a tree of this size has is missing or too narrow.
    #[error("tile `{0}` is missing or narrower than the size of the log demands")]
    Tile(TileId),
    /// The log would have more leaves than a log may have.
    #[error("the log would grow beyond 2^62 leaves")]
    TooLarge,
    /// A proof for a leaf or an older size that the tree does not have.
    #[error("no such leaf or older size in a tree of this size")]
    Beyond,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A tree without leaves holds nothing and extends nothing.
    #[error("a tree of size 0 proves nothing")]
    EmptyTree,
    /// The leaf lies outside the tree, or the older tree is the larger.
    #[error("the index is not below the size")]
    Beyond,
    /// Too few or too many hashes for these sizes.
    #[error("the path has the wrong number of hashes")]
    Length,
    /// The hashes lead to another root.
    #[error("the path leads to another root")]
    Root,
}

/// The root of the first `size` leaves, read from tiles.
///
/// # Errors
/// When a tile cannot be read or is missing.
pub fn root<E>(
    read: &mut impl FnMut(TileId) -> Result<Option<Vec<u8>>, E>,
    size: u64,
) -> Result<Digest, TreeError<E>> {
    if size == 0 {
        return Ok(empty_root());
    }
    Subtrees::new(read, size)?.hash(0, size)
}
