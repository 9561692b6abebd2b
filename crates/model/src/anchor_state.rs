//! Where an anchor stands on its way to finality.

use crate::Timestamp;

/// The states of one anchor, each with what is known in it. A leaf is
/// *Pending* before it has an index and *Sequenced* after; what follows is the
/// state of the anchor that covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnchorState {
    /// The signed transaction is stored and has been or will be broadcast.
    Posted,
    /// A block holds the transaction; it may still be reorganised away.
    Anchored {
        /// Number of that block.
        block: u64,
        /// Hash of that block.
        block_hash: [u8; 32],
    },
    /// The block is final by the chain's rule.
    Finalized {
        /// Number of that block.
        block: u64,
        /// Hash of that block.
        block_hash: [u8; 32],
        /// Time of that block.
        time: Timestamp,
    },
}

/// A move that the life of an anchor does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an anchor cannot go from {from} to {to}")]
pub struct ForbiddenTransition {
    /// Name of the state it is in.
    pub from: &'static str,
    /// Name of the state it was sent to.
    pub to: &'static str,
}

impl AnchorState {
    /// The words for all states.
    pub const NAMES: [&'static str; 3] = ["posted", "anchored", "finalized"];

    /// The word for the state, as it stands in rows.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Anchored { .. } => "anchored",
            Self::Finalized { .. } => "finalized",
        }
    }

    /// Goes on to `next`: forward one step at a time, or back from `Anchored`
    /// when the block was reorganised away.
    ///
    /// # Errors
    /// For any other move; `Finalized` has none.
    pub fn advance(self, next: Self) -> Result<Self, ForbiddenTransition> {
        match (&self, &next) {
            (Self::Posted, Self::Anchored { .. })
            | (
                Self::Anchored { .. },
                Self::Anchored { .. } | Self::Finalized { .. } | Self::Posted,
            ) => Ok(next),
            _ => Err(ForbiddenTransition {
                from: self.name(),
                to: next.name(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANCHORED: AnchorState = AnchorState::Anchored {
        block: 1,
        block_hash: [1; 32],
    };

    #[test]
    fn an_anchor_goes_forward_and_back_only_before_finality() {
        let time = Timestamp::from_millis(0).expect("the epoch");
        let finalized = AnchorState::Finalized {
            block: 1,
            block_hash: [1; 32],
            time,
        };
        assert!(AnchorState::Posted.advance(ANCHORED).is_ok());
        assert!(ANCHORED.advance(finalized.clone()).is_ok());
        assert!(ANCHORED.advance(AnchorState::Posted).is_ok());
        assert!(AnchorState::Posted.advance(finalized.clone()).is_err());
        assert!(finalized.clone().advance(AnchorState::Posted).is_err());
        assert!(finalized.advance(ANCHORED).is_err());
    }
}
