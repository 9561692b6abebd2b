//! *inclusion*: the leaf stands at its index in the tree whose size and root
//! the checkpoint names.

use crate::{Bundle, report::Finding};
use model::Commitment;
use tlog::{leaf, tree::inclusion};

/// Climbs from the leaf to the checkpoint's root.
pub(crate) fn inclusion(bundle: &Bundle) -> Finding {
    let Some(proof) = &bundle.tlog_proof else {
        return Finding::not_checked("the bundle is pending: the leaf has no place in the log yet");
    };
    let [_, commitment @ ..] = bundle.leaf.entry;
    let leaf_hash = leaf::leaf_hash(&Commitment::new(commitment));
    let claim = proof.checkpoint().claim();
    match inclusion::verify(
        &leaf_hash,
        proof.index,
        claim.size,
        &proof.path,
        &claim.root,
    ) {
        Ok(()) => Finding::holds(format!(
            "the leaf is number {} of {} under the checkpoint's root",
            proof.index, claim.size
        )),
        Err(error) => Finding::is_false(error.to_string()),
    }
}
