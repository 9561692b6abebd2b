//! `_sort` by the values of a card (<https://hl7.org/fhir/R4/search.html#sort>).

use crate::value::{Decimal, Number, Value, Values};
use model::Tag;

/// Which end of the order comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// The least first.
    Ascending,
    /// The greatest first (`-` before the parameter).
    Descending,
}

/// What a record is sorted by under one parameter. Keys of one parameter are of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// The start in milliseconds since 1970, one without a zone as its clock shows it, as
    /// tokens have it; the least number for a period without a start.
    Date(i64),
    /// The number, or the lower end of a range; a range without one is before all.
    Number(Option<Decimal>),
    /// Strings by their normal form; codes, URIs and identifiers as they are.
    Text(String),
    /// References, which have no order but one.
    Reference(Tag),
}

impl SortKey {
    /// The key of a record: of its values the one that comes first. `None` where it has no
    /// value; such records stand last in both orders.
    #[must_use]
    pub fn of(values: &Values, order: SortOrder) -> Option<Self> {
        let keys = values.list.iter().filter_map(Self::of_value);
        match order {
            SortOrder::Ascending => keys.min(),
            SortOrder::Descending => keys.max(),
        }
    }

    fn of_value(value: &Value) -> Option<Self> {
        match value {
            Value::Date(date) => {
                let millis = date.from.map_or(i64::MIN, |moment| moment.millis);
                Some(Self::Date(millis))
            }
            Value::Number(number) => Some(Self::of_number(number)),
            Value::Quantity(quantity) => Some(Self::of_number(&quantity.number)),
            Value::Code(code) => code.code.clone().map(Self::Text),
            Value::Identifier(identifier) => identifier.value.code.clone().map(Self::Text),
            Value::Uri(uri) => Some(Self::Text(uri.text.clone())),
            Value::Reference(reference) => Some(Self::Reference(reference.target)),
            Value::Text(text) => Some(Self::Text(text.normal.clone())),
            Value::Composite(_) => None,
        }
    }

    fn of_number(number: &Number) -> Self {
        Self::Number(match number {
            Number::Point(point) => Some(point.value().clone()),
            Number::Between { low, .. } => low.as_ref().map(|end| end.at.value().clone()),
        })
    }
}
