//! Elements as numbers and quantities (<https://hl7.org/fhir/R4/search.html#number>,
//! <https://hl7.org/fhir/R4/search.html#quantity>).

use crate::texts::member;
use fhir::{Node, json::Value};
use index::{DecimalText, Number, Quantity};

const CURRENCY: &str = "urn:iso:std:iso:4217";

/// An integer, decimal or Range, without its unit.
pub(crate) fn number(element: Node<'_>) -> Option<Number> {
    match element.value {
        Value::Number(text) => point(text.as_str()),
        Value::Object(_) if element.type_name() == "Range" => range(element.value),
        Value::Object(_) => amount(element.value),
        _ => None,
    }
}

/// A Quantity or what is made of it, a Money, or a Range. Of `SampledData` nothing.
pub(crate) fn quantity(element: Node<'_>) -> Option<Quantity> {
    let value = element.value;
    match element.type_name() {
        "Money" => Some(Quantity {
            number: amount(value)?,
            system: Some(CURRENCY.to_owned()),
            code: member(value, "currency").map(str::to_owned),
            unit: None,
        }),
        "Range" => {
            let end = value.get("low").or_else(|| value.get("high"))?;
            Some(with_unit_of(end, range(value)?))
        }
        "SampledData" => None,
        _ => Some(with_unit_of(value, amount(value)?)),
    }
}

fn with_unit_of(value: &Value, number: Number) -> Quantity {
    let text = |name| member(value, name).map(str::to_owned);
    Quantity {
        number,
        system: text("system"),
        code: text("code"),
        unit: text("unit"),
    }
}

fn point(text: &str) -> Option<Number> {
    DecimalText::parse(text).map(Number::Point)
}

/// `value` with its comparator.
fn amount(quantity: &Value) -> Option<Number> {
    let value = decimal(quantity)?;
    match member(quantity, "comparator") {
        Some(comparator) => Number::compared(comparator, value),
        None => point(value),
    }
}

fn range(value: &Value) -> Option<Number> {
    let end = |name| value.get(name).and_then(decimal);
    Number::range(end("low"), end("high"))
}

fn decimal(quantity: &Value) -> Option<&str> {
    match quantity.get("value")? {
        Value::Number(text) => Some(text.as_str()),
        _ => None,
    }
}
