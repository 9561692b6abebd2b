//! The root of a growing tree from its leaf hashes alone, in memory that grows
//! with the logarithm of the size.

use super::node::{empty_root, fold, node_hash};
use model::Digest;

/// The complete subtrees of the leaves seen so far, the largest first: one for
/// every bit set in the size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    subtrees: Vec<Digest>,
}

impl CompactRange {
    /// A tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            subtrees: Vec::new(),
        }
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf_hash: Digest) {
        let mut hash = leaf_hash;
        // Every trailing one bit of the size is a subtree that this leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        fold(&self.subtrees).unwrap_or_else(empty_root)
    }
}

impl Extend<Digest> for CompactRange {
    fn extend<I: IntoIterator<Item = Digest>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}
