//! The place of consent in a decision.

use serde::{Deserialize, Serialize};

/// A patient's rule that takes part in a decision. No rule exists in this
/// release, and the type has no value: a question cannot carry a consent that
/// nothing would enforce. Question, permit and record have its place already,
/// so that enforcing it changes no interface and no stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConsentRule {}
