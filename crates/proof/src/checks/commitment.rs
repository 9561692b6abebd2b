//! *commitment*: the leaf's entry commits to the statement.

use crate::{Leaf, report::Finding};
use tlog::leaf;

/// Hashes the statement exactly as it travels; that it is the one spelling of
/// what it says was checked when the bundle was read.
pub(crate) fn commitment(leaf: &Leaf) -> Finding {
    let commitment = leaf::commitment(&leaf.leaf_salt, &leaf.statement);
    if leaf::entry(&commitment) == leaf.entry {
        Finding::holds("the leaf commits to the statement")
    } else {
        Finding::is_false("the leaf commits to another statement")
    }
}
