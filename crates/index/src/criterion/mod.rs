//! What a search asks of the values of one parameter, and the plain evaluator
//! (<https://hl7.org/fhir/R4/search.html>).

mod answer;
mod code;
mod condition;
mod date;
mod escaped;
mod number;
mod prefix;
mod text;
mod uri;
mod zone;

pub use answer::Answer;
pub use code::{CodeCriterion, OfType};
pub use condition::{Condition, Reading};
pub use date::DateCriterion;
pub use escaped::{split_escaped, unescaped};
pub use number::{NumberCriterion, QuantityCriterion, QuantityUnit};
pub use prefix::Prefix;
pub use text::{TextCriterion, TextMode};
pub use uri::{UriCriterion, UriMode};
pub use zone::{Zone, ZoneChange};

use crate::value::Value;
use model::Tag;

/// One value of a search parameter, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Criterion {
    /// A date with its prefix.
    Date(DateCriterion),
    /// A number with its prefix.
    Number(NumberCriterion),
    /// A number with prefix and unit.
    Quantity(QuantityCriterion),
    /// A code or the value of an identifier.
    Code(CodeCriterion),
    /// An identifier of a type.
    OfType(OfType),
    /// A URI, or a reference that names no record of this facility.
    Uri(UriCriterion),
    /// A reference to the record of this tag.
    Reference(Tag),
    /// A reference to a record of this type.
    ReferenceType(String),
    /// A string.
    Text(TextCriterion),
    /// A criterion for each component of a composite.
    Composite(Vec<Criterion>),
}

impl Criterion {
    /// Whether a value satisfies it. A value of another kind does not.
    #[must_use]
    pub fn answer(&self, value: &Value, reading: &Reading<'_>) -> Answer {
        match (self, value) {
            (Self::Date(asked), Value::Date(date)) => asked.holds(date, reading).into(),
            (Self::Number(asked), Value::Number(number)) => asked.holds(number).into(),
            (Self::Number(asked), Value::Quantity(quantity)) => {
                asked.holds(&quantity.number).into()
            }
            (Self::Quantity(asked), Value::Quantity(quantity)) => asked.holds(quantity).into(),
            (Self::Code(asked), Value::Code(code)) => asked.holds(code).into(),
            (Self::Code(asked), Value::Identifier(identifier)) => {
                asked.holds(&identifier.value).into()
            }
            (Self::OfType(asked), Value::Identifier(identifier)) => asked.holds(identifier).into(),
            (Self::Uri(asked), Value::Uri(uri)) => asked.holds(uri).into(),
            (Self::Reference(tag), Value::Reference(reference)) => {
                (*tag == reference.target).into()
            }
            (Self::ReferenceType(name), Value::Reference(reference)) => {
                (*name == reference.resource_type).into()
            }
            (Self::Text(asked), Value::Text(text)) => asked.answer(text),
            (Self::Composite(asked), Value::Composite(components)) => {
                if asked.len() != components.len() {
                    return Answer::Fails;
                }
                let each = asked.iter().zip(components);
                Answer::all(each.map(|(one, values)| {
                    Answer::any(values.iter().map(|value| one.answer(value, reading)))
                }))
            }
            _ => Answer::Fails,
        }
    }
}
