//! Elements as strings (<https://hl7.org/fhir/R4/search.html#string>).

use crate::Extent;
use fhir::{Node, json::Value as Json};
use index::{Text, Value};

/// The parts of a `HumanName` by which it is found.
const NAME_PARTS: [&str; 5] = ["text", "family", "given", "prefix", "suffix"];
/// The parts of an Address by which it is found.
const ADDRESS_PARTS: [&str; 7] = [
    "text",
    "line",
    "city",
    "district",
    "state",
    "postalCode",
    "country",
];

/// Each text of a string, or of a name or an address.
pub(crate) fn of(element: Node<'_>, extent: Extent, show: &mut dyn FnMut(Value)) {
    let mut show_text = |text: &str| {
        if !text.is_empty() {
            show(Value::Text(match extent {
                Extent::OfCard => Text::new(text),
                Extent::Whole => Text::whole(text),
            }));
        }
    };
    let parts: &[&str] = match element.type_name() {
        "HumanName" => &NAME_PARTS,
        "Address" => &ADDRESS_PARTS,
        _ => {
            if let Some(text) = element.value.as_str() {
                show_text(text);
            }
            return;
        }
    };
    for part in parts {
        element.value.each(part, &mut |value| {
            if let Some(text) = value.as_str() {
                show_text(text);
            }
        });
    }
}

/// A member that is a string, and not an empty one.
pub(crate) fn member<'a>(value: &'a Json, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().filter(|text| !text.is_empty())
}
