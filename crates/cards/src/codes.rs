//! Elements as tokens in the sense of R4 (<https://hl7.org/fhir/R4/search.html#token>).

use crate::texts::member;
use fhir::{Node, json::Value as Json};
use index::{Code, Identifier, Value};

/// Each code or identifier of an element. A code has the system of its required binding, by
/// `system_of`; a `ContactPoint` has none.
pub(crate) fn of(
    element: Node<'_>,
    system_of: &dyn Fn(&str) -> Option<&'static str>,
    show: &mut dyn FnMut(Value),
) {
    let value = element.value;
    let code = match element.type_name() {
        "Coding" => coding(value),
        "CodeableConcept" => {
            codings(value, &mut |code| show(Value::Code(code)));
            None
        }
        "Identifier" => {
            show_identifier(value, show);
            None
        }
        "ContactPoint" => member(value, "value").map(|text| Code::new("", text)),
        "code" => value
            .as_str()
            .map(|text| Code::new(system_of(text).unwrap_or_default(), text)),
        "boolean" => value
            .as_bool()
            .map(|truth| Code::new("", &truth.to_string())),
        _ => value.as_str().map(|text| Code::new("", text)),
    };
    if let Some(code) = code {
        show(Value::Code(code));
    }
}

/// An Identifier with a system or a value.
pub(crate) fn show_identifier(value: &Json, show: &mut dyn FnMut(Value)) {
    let code = Code {
        system: member(value, "system").map(str::to_owned),
        code: member(value, "value").map(str::to_owned),
    };
    if code == Code::default() {
        return;
    }
    let mut types = Vec::new();
    if let Some(concept) = value.get("type") {
        codings(concept, &mut |code| types.push(code));
    }
    show(Value::Identifier(Identifier { value: code, types }));
}

fn codings(concept: &Json, show: &mut dyn FnMut(Code)) {
    concept.each("coding", &mut |value| {
        if let Some(code) = coding(value) {
            show(code);
        }
    });
}

fn coding(value: &Json) -> Option<Code> {
    let code = Code {
        system: member(value, "system").map(str::to_owned),
        code: member(value, "code").map(str::to_owned),
    };
    (code != Code::default()).then_some(code)
}
