//! The nodes of a tree: the hash of one over two, and the roots that many come to.

use model::Digest;
use sha2::{Digest as _, Sha256};

/// `SHA-256(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut node = [0x01_u8; 65];
    let (_, children) = node.split_at_mut(1);
    let (first, second) = children.split_at_mut(Digest::LEN);
    first.copy_from_slice(left.as_bytes());
    second.copy_from_slice(right.as_bytes());
    Digest::new(Sha256::digest(node).into())
}

/// `SHA-256()`, the root of the tree without leaves.
#[must_use]
pub fn empty_root() -> Digest {
    Digest::new(Sha256::digest([]).into())
}

/// The root over subtrees of falling size, from the right: RFC 9162, 2.1.1.
pub(crate) fn fold(subtrees: &[Digest]) -> Option<Digest> {
    let (last, left) = subtrees.split_last()?;
    Some(
        left.iter()
            .rfold(*last, |right, left| node_hash(left, &right)),
    )
}

/// The root over a power of two of hashes; `None` of none.
pub(crate) fn perfect_root(hashes: &[Digest]) -> Option<Digest> {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).filter_map(parent).collect();
    }
    level.first().copied()
}

fn parent(pair: &[Digest]) -> Option<Digest> {
    match pair {
        [left, right] => Some(node_hash(left, right)),
        _ => None,
    }
}
