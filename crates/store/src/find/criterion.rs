//! The conditions and the order of a search.

use model::{Tag, Timestamp, Token};

/// One condition on a record; it holds when any of its values does. With no
/// values it never holds.
#[derive(Debug, Clone, Copy)]
pub enum Criterion<'a> {
    /// The record refers by `param` to one of the targets.
    Links {
        /// Search parameter.
        param: &'a str,
        /// Records referred to.
        targets: &'a [Tag],
    },
    /// The record has one of the tokens. A token holds type and parameter already.
    Tokens(&'a [Token]),
}

/// A place in the order of time; records of one moment follow each other by tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimePosition {
    /// When the current version was written.
    pub time: Timestamp,
    /// The record.
    pub record: Tag,
}

/// In what order records are found, and from where on.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// By record tag.
    Record {
        /// Those after this one.
        after: Option<Tag>,
    },
    /// By the time of the current version.
    Time {
        /// Whether the latest come first.
        newest_first: bool,
        /// Written then or later.
        from: Option<Timestamp>,
        /// Written before then.
        until: Option<Timestamp>,
        /// Those that follow this place in this order.
        after: Option<TimePosition>,
    },
}

impl Criterion<'_> {
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Links { targets, .. } => targets.len(),
            Self::Tokens(tokens) => tokens.len(),
        }
    }

    pub(crate) const fn is_plain(&self) -> bool {
        self.len() == 1
    }
}
