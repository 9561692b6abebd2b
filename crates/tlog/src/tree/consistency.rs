//! Consistency proofs: RFC 9162, 2.1.4
//! (<https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4>).

use super::{MAX_PROOF, ProofError, TreeError};
use crate::tree::{inclusion::split, node::node_hash, subtree::Subtrees, tile::TileId};
use model::Digest;

/// The proof that the tree of `new_size` leaves extends the tree of its first
/// `old_size` leaves (RFC 9162, 2.1.4.1). It is empty when the sizes are equal
/// or the old tree is empty.
///
/// # Errors
/// When the old tree is the larger, or a tile cannot be read.
pub fn path<E>(
    read: &mut impl FnMut(TileId) -> Result<Option<Vec<u8>>, E>,
    old_size: u64,
    new_size: u64,
) -> Result<Vec<Digest>, TreeError<E>> {
    if old_size > new_size {
        return Err(TreeError::Beyond);
    }
    let mut path = Vec::new();
    if old_size == 0 || old_size == new_size {
        return Ok(path);
    }
    let mut subtrees = Subtrees::new(read, new_size)?;
    let (mut begin, mut end) = (0, new_size);
    // From the root down to the subtree that ends where the old tree ends.
    while end != old_size {
        let middle = begin + split(end - begin);
        if old_size <= middle {
            path.push(subtrees.hash(middle, end)?);
            end = middle;
        } else {
            path.push(subtrees.hash(begin, middle)?);
            begin = middle;
        }
    }
    // A subtree that starts at leaf 0 is the old tree itself: its root is known.
    if begin != 0 {
        path.push(subtrees.hash(begin, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks that the tree of `new_size` leaves with `new_root` extends the tree
/// of `old_size` leaves with `old_root` (RFC 9162, 2.1.4.2).
///
/// # Errors
/// When it does not, when a size is 0, or when the path has not exactly the
/// hashes it must have.
pub fn verify(
    old_size: u64,
    old_root: &Digest,
    new_size: u64,
    new_root: &Digest,
    path: &[Digest],
) -> Result<(), ProofError> {
    if old_size == 0 {
        return Err(ProofError::EmptyTree);
    }
    if old_size > new_size {
        return Err(ProofError::Beyond);
    }
    if path.len() > MAX_PROOF {
        return Err(ProofError::Length);
    }
    if old_size == new_size {
        return match (path.is_empty(), old_root == new_root) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    // Step 1 to 3: where the old tree is one complete subtree, its root is the
    // first hash and is not sent.
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, path)
    } else {
        path.split_first().ok_or(ProofError::Length)?
    };
    let shift = (old_size - 1).trailing_ones();
    climb(
        (old_size - 1) >> shift,
        (new_size - 1) >> shift,
        *first,
        rest,
    )
    .filter_roots(old_root, new_root)
}

/// Steps 4 to 7: climbs to both roots.
fn climb(mut node: u64, mut last: u64, first: Digest, path: &[Digest]) -> Climbed {
    let (mut old, mut new) = (first, first);
    for hash in path {
        if last == 0 {
            return Climbed {
                complete: false,
                old,
                new,
            };
        }
        if node & 1 == 1 || node == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    Climbed {
        complete: last == 0,
        old,
        new,
    }
}

struct Climbed {
    complete: bool,
    old: Digest,
    new: Digest,
}

impl Climbed {
    fn filter_roots(self, old_root: &Digest, new_root: &Digest) -> Result<(), ProofError> {
        if !self.complete {
            Err(ProofError::Length)
        } else if self.old != *old_root || self.new != *new_root {
            Err(ProofError::Root)
        } else {
            Ok(())
        }
    }
}
