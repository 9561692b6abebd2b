//! The order of matches by values of cards (<https://hl7.org/fhir/R4/search.html#sort>).

use index::{Card, ParameterNumber, SortKey, SortOrder, Value, Values};
use std::cmp::Ordering;

/// A parameter of `_sort`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SortBy {
    pub(super) number: ParameterNumber,
    order: SortOrder,
}

impl SortBy {
    pub(super) const fn new(number: ParameterNumber, descending: bool) -> Self {
        let order = if descending {
            SortOrder::Descending
        } else {
            SortOrder::Ascending
        };
        Self { number, order }
    }

    /// The key of a record; none stands last.
    pub(super) fn key(&self, card: &Card) -> Option<SortKey> {
        let values = card.values.get(&self.number)?;
        let named = values.list.iter().filter(|value| !is_bare(value));
        let named: Values = named.cloned().collect::<Vec<_>>().into();
        SortKey::of(&named, self.order)
    }

    /// The order of two keys.
    pub(super) fn compare(&self, one: Option<&SortKey>, other: Option<&SortKey>) -> Ordering {
        match (one, other) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => match self.order {
                SortOrder::Ascending => one.cmp(other),
                SortOrder::Descending => other.cmp(one),
            },
        }
    }
}

/// What stands for an element without a value of its kind.
fn is_bare(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.received.is_empty())
}
