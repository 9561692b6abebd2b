//! The leaf that is computed from a row.

use model::Commitment;
use sealing::Format;

/// What a row commits to.
pub(crate) struct OwnLeaf {
    pub(crate) commitment: Commitment,
    /// Whether the envelope binds all that the row says, so that no leaf is needed to
    /// believe it.
    pub(crate) is_bound: bool,
}

impl OwnLeaf {
    /// Of a row whose envelope has this format.
    pub(crate) fn new(commitment: Commitment, format: Format) -> Self {
        Self {
            commitment,
            is_bound: format != Format::One,
        }
    }
}
