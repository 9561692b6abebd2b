//! Whether something is a match, as far as a card can tell.

use std::ops::Not;

/// The answer to a criterion: what a card cut off leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A match.
    Holds,
    /// No match.
    Fails,
    /// The card does not say: the record has to be opened.
    Unknown,
}

impl Answer {
    /// Whether one of the answers is a match.
    pub fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        let mut so_far = Self::Fails;
        for answer in answers {
            match answer {
                Self::Holds => return Self::Holds,
                Self::Unknown => so_far = Self::Unknown,
                Self::Fails => {}
            }
        }
        so_far
    }

    /// Whether all of the answers are matches.
    pub fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        !Self::any(answers.into_iter().map(Self::not))
    }
}

impl Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}
