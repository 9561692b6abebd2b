//! A condition on candidates, in the words of the database.

use crate::record::each_once::{has, share};
use model::{Tag, Token};
use std::borrow::Cow;

/// A condition on candidates, by tags and tokens, each list sorted.
pub enum Condition {
    /// They refer by the parameter to one of the records.
    Links(&'static str, Vec<Tag>),
    /// They have one of the tokens.
    Tokens(Vec<Token>),
}

impl Condition {
    /// As the store takes it.
    pub fn criterion(&self) -> store::Criterion<'_> {
        match self {
            Self::Links(param, targets) => store::Criterion::Links { param, targets },
            Self::Tokens(tokens) => store::Criterion::Tokens(tokens),
        }
    }

    /// Whether a version that is not stored yet will be found by it. Its links and tokens
    /// are sorted too.
    pub fn is_met(&self, new: &store::NewVersion) -> bool {
        match self {
            // The link of a record to itself is made by the store.
            Self::Links(store::ID_PARAM, targets) => has(targets, &new.version.record),
            Self::Links(param, targets) => {
                let mut wanted = targets.iter().map(|target| store::Link {
                    param: Cow::Borrowed(*param),
                    target: *target,
                });
                wanted.any(|link| has(&new.links, &link))
            }
            Self::Tokens(tokens) => share(tokens, &new.tokens),
        }
    }

    /// The condition with its list sorted.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        match &mut self {
            Self::Links(_, targets) => targets.sort_unstable(),
            Self::Tokens(tokens) => tokens.sort_unstable(),
        }
        self
    }
}
