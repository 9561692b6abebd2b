//! What a decision reads of a record: it stands in the card, so that what is hidden is
//! dropped before a record is opened.

use crate::value::DateRange;
use model::Tag;

/// The facts of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Its security labels.
    pub labels: Fact<Labels>,
    /// The records that it names as its authors, by their tags.
    pub authors: Fact<Vec<Tag>>,
    /// The clinical date.
    pub clinical_date: Fact<Option<DateRange>>,
    /// Other records over which it is decided, by their tags.
    pub related: Fact<Vec<Tag>>,
}

/// A fact, as far as it stands in the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact<T> {
    /// It is this.
    Known(T),
    /// It did not fit: nothing is decided without opening the record.
    Cut,
}

/// Security labels: those of the record and those that rules derived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// The number of the rule set that derived them; 0 for none. Labels of an older set are
    /// derived anew.
    pub rules: u32,
    /// The labels as system and code, sorted, none twice.
    pub list: Vec<[String; 2]>,
}

impl<T: Default> Default for Fact<T> {
    fn default() -> Self {
        Self::Known(T::default())
    }
}

impl<T: Default + PartialEq> Fact<T> {
    /// Whether there is nothing to say.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
