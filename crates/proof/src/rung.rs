//! How far a leaf has come: what a bundle states, and what a verifier reached.

use model::Invalid;
use std::{fmt, str::FromStr};

/// The rungs in rising order. `settled` is reserved and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The leaf is promised; it has no index yet.
    Pending,
    /// The leaf is in the tree of a signed checkpoint.
    Sequenced,
    /// A block of the chain holds the checkpoint's size and root.
    Anchored,
    /// That block is final.
    Finalized,
}

impl Rung {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sequenced => "sequenced",
            Self::Anchored => "anchored",
            Self::Finalized => "finalized",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Rung {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [
            Self::Pending,
            Self::Sequenced,
            Self::Anchored,
            Self::Finalized,
        ]
        .into_iter()
        .find(|rung| rung.as_str() == text)
        .ok_or(Invalid {
            what: "rung",
            rule: "`pending`, `sequenced`, `anchored` or `finalized`",
        })
    }
}
