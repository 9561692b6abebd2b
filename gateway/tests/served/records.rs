//! The records that tests write.

use serde_json::{Value, json};

/// A name that must not come out where it should not.
pub const NAME: &str = "Quillfeather";
/// The system of the identifiers below.
pub const SYSTEM: &str = "https://example.org/mrn";

/// A patient known by an identifier.
pub fn patient(identifier: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": identifier}],
        "name": [{"family": NAME}],
    })
}

/// An observation of a patient.
pub fn observation(patient: &str) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": NAME},
        "subject": {"reference": format!("Patient/{patient}")},
    })
}

/// A record of nobody in which this number of bytes stands.
pub fn long(bytes: usize) -> String {
    let data = "AAAA".repeat(bytes.div_ceil(4));
    format!(
        r#"{{"resourceType":"Basic","code":{{"text":"long"}},"extension":[{{"url":"urn:long","valueBase64Binary":"{data}"}}]}}"#
    )
}

/// Someone who works in the house.
pub fn practitioner() -> Value {
    json!({"resourceType": "Practitioner", "name": [{"family": NAME}]})
}

/// The same record under an id that the client chose.
pub fn with_id(mut record: Value, id: &str) -> Value {
    record["id"] = id.into();
    record
}

/// A Bundle of entries `(method, url, resource)`.
pub fn bundle(kind: &str, entries: &[(&str, &str, Option<Value>)]) -> Value {
    let entry = |(method, url, resource): &(&str, &str, Option<Value>)| {
        let mut entry = json!({"request": {"method": method, "url": url}});
        if let Some(resource) = resource {
            entry["resource"] = resource.clone();
        }
        entry
    };
    json!({
        "resourceType": "Bundle",
        "type": kind,
        "entry": entries.iter().map(entry).collect::<Vec<_>>(),
    })
}
