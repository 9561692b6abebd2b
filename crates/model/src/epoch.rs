//! What a decision was based on, so that a change in between is noticed.

use crate::Tag;
use serde::{Deserialize, Serialize};

/// The number of an epoch as it was read before a decision. The transaction
/// that acts on the decision compares it (ARCHITECTURE.md, "Epochs").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EpochRead {
    /// [`Tag::ZERO`] for policy set, clients, roles and keys; a patient's tag
    /// for that patient's consents.
    pub scope: Tag,
    /// How often the scope has changed; 0 when it never has.
    pub number: u64,
}
