//! Elements as references and URIs (<https://hl7.org/fhir/R4/search.html#reference>,
//! <https://hl7.org/fhir/R4/search.html#uri>).

use crate::{Source, codes, texts::member};
use fhir::{LocalReference, Node};
use index::{Reference, Uri, Value};

/// Where a Reference leads: the tag of a record of this facility, else its text. Its
/// identifier is a value of its own, for `:identifier`. What leads to a contained resource
/// is none, nor is a resource that stands where a reference could.
pub(crate) fn of(source: &Source<'_>, element: Node<'_>, show: &mut dyn FnMut(Value)) {
    if element.type_name() != "Reference" {
        if let Some(uri) = uri(element) {
            show(Value::Uri(uri));
        }
        return;
    }
    if let Some(text) = member(element.value, "reference") {
        match LocalReference::parse(text, source.local) {
            Some(record) => show(Value::Reference(Reference {
                target: (source.record_tag)(&record.resource_type, &record.id),
                resource_type: record.resource_type.as_str().to_owned(),
            })),
            None if text.starts_with('#') => {}
            None => show(Value::Uri(Uri::new(text))),
        }
    }
    if let Some(identifier) = element.value.get("identifier") {
        codes::show_identifier(identifier, show);
    }
}

/// A uri, url, oid, uuid or canonical.
pub(crate) fn uri(element: Node<'_>) -> Option<Uri> {
    let text = element.value.as_str().filter(|text| !text.is_empty())?;
    Some(match element.type_name() {
        "canonical" => Uri::canonical(text),
        _ => Uri::new(text),
    })
}
