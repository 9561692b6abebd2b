//! Opened content that no one can look at yet.

use crate::{Target, TargetFacts};
use model::Tag;

/// Content that has been opened but not released. It yields what a decision
/// needs and nothing else; the content comes out by
/// [`Permit::release`](crate::Permit::release).
pub struct Withheld<T> {
    record: Tag,
    facts: TargetFacts,
    value: T,
}

impl<T> Withheld<T> {
    /// Withholds `value`, the content of the record with tag `record`.
    pub const fn new(record: Tag, facts: TargetFacts, value: T) -> Self {
        Self {
            record,
            facts,
            value,
        }
    }

    /// What a decision may know.
    pub const fn facts(&self) -> &TargetFacts {
        &self.facts
    }

    /// What the question that releases it must be about.
    pub fn target(&self) -> Target {
        self.facts.of_record(self.record)
    }

    pub(crate) fn into_value(self) -> T {
        self.value
    }
}
