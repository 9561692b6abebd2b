//! One occurrence of a search parameter against all values of a record: `,` is OR, and the
//! modifiers that are about the values as a whole.

use super::{Answer, Criterion, Zone};
use crate::value::Values;

/// What an occurrence of a parameter asks. Occurrences are joined by AND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One of the values satisfies one of the criteria.
    Any(Vec<Criterion>),
    /// `:not`: no value satisfies any of the criteria; a record without a value matches.
    NotAny(Vec<Criterion>),
    /// `:missing`: whether the record has no value.
    Missing(bool),
}

/// How dates are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The zone of the facility, for what has none.
    pub zone: &'a Zone,
    /// The moment from which `ap` measures, in milliseconds since 1970.
    pub now: i64,
}

impl Condition {
    /// Whether a record with these values under the parameter matches. `None` is a card
    /// whose index epoch did not know the parameter; a record without a value has an empty
    /// list.
    #[must_use]
    pub fn answer(&self, values: Option<&Values>, reading: &Reading<'_>) -> Answer {
        let Some(values) = values else {
            return Answer::Unknown;
        };
        match self {
            Self::Any(criteria) => satisfied(criteria, values, reading),
            Self::NotAny(criteria) => !satisfied(criteria, values, reading),
            // Something was cut only where there is something.
            Self::Missing(wanted) => {
                let missing = values.list.is_empty() && !values.cut;
                (missing == *wanted).into()
            }
        }
    }
}

fn satisfied(criteria: &[Criterion], values: &Values, reading: &Reading<'_>) -> Answer {
    let unlisted = if values.cut {
        Answer::Unknown
    } else {
        Answer::Fails
    };
    let pairs = (values.list.iter())
        .flat_map(|value| criteria.iter().map(move |one| one.answer(value, reading)));
    Answer::any(pairs.chain([unlisted]))
}
