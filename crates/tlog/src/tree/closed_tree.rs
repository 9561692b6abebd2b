//! Trees that never grow again, built by `rs_merkle` under the RFC 9162 node
//! hash: a full tile, and the events of one audit record.
//!
//! `rs_merkle` only builds: its verifier accepts leaves that were never in the
//! tree and is used nowhere. Paths are checked by [`crate::tree::inclusion`].

use crate::tree::node::node_hash;
use model::Digest;
use rs_merkle::{Hasher, MerkleTree};

/// RFC 9162 nodes for `rs_merkle`, which promotes an odd node as the RFC does.
#[derive(Clone)]
struct Node;

impl Hasher for Node {
    type Hash = [u8; 32];

    /// Leaves come in hashed; only nodes are hashed here.
    fn hash(data: &[u8]) -> [u8; 32] {
        use sha2::Digest as _;
        sha2::Sha256::digest(data).into()
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        match right {
            Some(right) => *node_hash(&Digest::new(*left), &Digest::new(*right)).as_bytes(),
            None => *left,
        }
    }
}

fn tree(leaves: &[Digest]) -> MerkleTree<Node> {
    let leaves: Vec<[u8; 32]> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
    MerkleTree::from_leaves(&leaves)
}

/// The root over leaf hashes; `None` of none.
#[must_use]
pub fn root(leaves: &[Digest]) -> Option<Digest> {
    tree(leaves).root().map(Digest::new)
}

/// The inclusion path of the leaf at `index`, from its sibling up; `None` when
/// there is no such leaf.
#[must_use]
pub fn path(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let proof = tree(leaves).proof(&[index]);
    Some(
        proof
            .proof_hashes()
            .iter()
            .map(|hash| Digest::new(*hash))
            .collect(),
    )
}
