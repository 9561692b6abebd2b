//! Transaction Bundles and the small data types that every resource uses.

use super::json::{Json, list, object};

/// A new resource under its temporary name.
pub(crate) struct Entry {
    full_url: String,
    resource_type: &'static str,
    resource: Json,
}

/// A Bundle that creates resources in one transaction.
#[derive(Default)]
pub(crate) struct Transaction(Vec<Entry>);

impl Transaction {
    /// Adds a resource; `members` follow `resourceType`.
    pub(crate) fn create(&mut self, full_url: &str, resource_type: &'static str, members: Json) {
        let mut all = vec![("resourceType", resource_type.into())];
        if let Json::Object(members) = members {
            all.extend(members);
        }
        self.0.push(Entry {
            full_url: full_url.to_owned(),
            resource_type,
            resource: Json::Object(all),
        });
    }

    /// The Bundle's JSON text.
    pub(crate) fn into_text(self) -> String {
        let entry = |entry: Entry| {
            object([
                ("fullUrl", entry.full_url.into()),
                ("resource", entry.resource),
                (
                    "request",
                    object([
                        ("method", "POST".into()),
                        ("url", entry.resource_type.into()),
                    ]),
                ),
            ])
        };
        object([
            ("resourceType", "Bundle".into()),
            ("type", "transaction".into()),
            ("entry", Json::List(self.0.into_iter().map(entry).collect())),
        ])
        .to_string()
    }
}

/// A Coding.
pub(crate) fn coding(system: &str, code: &str, display: &str) -> Json {
    object([
        ("system", system.into()),
        ("code", code.into()),
        ("display", display.into()),
    ])
}

/// A CodeableConcept of one Coding, with its display as text.
pub(crate) fn concept(system: &str, code: &str, display: &str) -> Json {
    object([
        ("coding", list([coding(system, code, display)])),
        ("text", display.into()),
    ])
}

/// A CodeableConcept of HL7's own code systems, which need no text.
pub(crate) fn hl7(system: &str, code: &str, display: &str) -> Json {
    let system = format!("http://terminology.hl7.org/CodeSystem/{system}");
    object([("coding", list([coding(&system, code, display)]))])
}

/// An Identifier.
pub(crate) fn identifier(system: &str, value: &str) -> Json {
    object([("system", system.into()), ("value", value.into())])
}

/// A literal Reference inside this Bundle.
pub(crate) fn reference(full_url: &str) -> Json {
    object([("reference", full_url.into())])
}

/// A logical Reference to a resource of another Bundle.
pub(crate) fn logical(resource_type: &str, system: &str, value: &str, display: &str) -> Json {
    object([
        ("type", resource_type.into()),
        ("identifier", identifier(system, value)),
        ("display", display.into()),
    ])
}

/// A ContactPoint.
pub(crate) fn contact(system: &str, value: String, purpose: &str) -> Json {
    object([
        ("system", system.into()),
        ("value", value.into()),
        ("use", purpose.into()),
    ])
}
