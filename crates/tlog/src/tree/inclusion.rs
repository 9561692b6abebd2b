//! Inclusion proofs: RFC 9162, 2.1.3
//! (<https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3>).

use super::{MAX_PROOF, ProofError, TreeError};
use crate::tree::{node::node_hash, subtree::Subtrees, tile::TileId};
use model::Digest;

/// The path of the leaf at `index` in the tree of the first `size` leaves, from
/// its sibling up to a child of the root (RFC 9162, 2.1.3.1).
///
/// # Errors
/// When there is no such leaf, or a tile cannot be read.
pub fn path<E>(
    read: &mut impl FnMut(TileId) -> Result<Option<Vec<u8>>, E>,
    index: u64,
    size: u64,
) -> Result<Vec<Digest>, TreeError<E>> {
    if index >= size {
        return Err(TreeError::Beyond);
    }
    let mut subtrees = Subtrees::new(read, size)?;
    let (mut begin, mut end) = (0, size);
    let mut path = Vec::new();
    // From the root down: the half without the leaf goes into the path.
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            path.push(subtrees.hash(middle, end)?);
            end = middle;
        } else {
            path.push(subtrees.hash(begin, middle)?);
            begin = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two smaller than `leaves`, which is at least 2.
pub(super) fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// Checks that `leaf_hash` stands at `index` in the tree of `size` leaves with
/// this `root` (RFC 9162, 2.1.3.2).
///
/// # Errors
/// When it does not, or the path has not exactly the hashes it must have.
pub fn verify(
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if self::root(leaf_hash, index, size, path)? == *root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

/// The root to which `path` leads from `leaf_hash` at `index` in a tree of `size`
/// leaves (RFC 9162, 2.1.3.2). It proves nothing until it is compared, and says
/// nothing of `size`: more than one size can lead to the same root.
///
/// # Errors
/// When there is no such leaf, or the path has not exactly the number of hashes
/// it must have.
pub fn root(
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
) -> Result<Digest, ProofError> {
    if size == 0 {
        return Err(ProofError::EmptyTree);
    }
    if index >= size {
        return Err(ProofError::Beyond);
    }
    if path.len() > MAX_PROOF {
        return Err(ProofError::Length);
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf_hash;
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 {
        Ok(hash)
    } else {
        Err(ProofError::Length)
    }
}
