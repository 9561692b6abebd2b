//! Organizations, places and people that an import has met, by their identifiers.
//! Exports name them in references by a search (`Practitioner?identifier=s|v`,
//! <https://hl7.org/fhir/R4/http.html#trules>) where the gateway wants an id.

use fhir::json::Value;
use model::{LogicalId, ResourceType};
use std::collections::HashMap;

/// What has been met, by `Type?identifier=system|value`. An identifier that two have
/// names none.
#[derive(Debug, Default)]
pub struct Known(HashMap<String, Option<String>>);

impl Known {
    /// Remembers a resource that has an id.
    pub fn meet(&mut self, kind: &ResourceType, id: &LogicalId, resource: &Value) {
        let identifiers = resource.get("identifier").and_then(Value::as_array);
        for identifier in identifiers.into_iter().flatten() {
            let text = |member| identifier.get(member).and_then(Value::as_str);
            let Some(value) = text("value") else { continue };
            let search = format!(
                "{kind}?identifier={}|{value}",
                text("system").unwrap_or_default()
            );
            let reference = format!("{kind}/{id}");
            self.0
                .entry(search)
                .and_modify(|known| {
                    if known.as_ref() != Some(&reference) {
                        *known = None;
                    }
                })
                .or_insert(Some(reference));
        }
    }

    /// Puts ids where references search for someone who is known; whether there were
    /// any.
    pub fn resolve(&self, value: &mut Value) -> bool {
        match value {
            Value::Array(items) => {
                let mut any = false;
                for item in items {
                    any |= self.resolve(item);
                }
                any
            }
            Value::Object(object) => {
                let known = object
                    .get("reference")
                    .and_then(Value::as_str)
                    .and_then(|search| self.0.get(search)?.clone());
                let mut any = known.is_some();
                if let Some(known) = known {
                    object.insert("reference".to_owned(), Value::String(known));
                }
                for (_, member) in object.iter_mut() {
                    any |= self.resolve(member);
                }
                any
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::json;

    fn parse(text: &str) -> Value {
        json::parse(text.as_bytes()).expect("JSON")
    }

    #[test]
    fn who_is_known_is_named_by_id_and_nobody_else() {
        let kind = "Practitioner".parse().expect("a type");
        let mut known = Known::default();
        for (id, value) in [("a", "1"), ("a", "1"), ("b", "2"), ("c", "2")] {
            let text = format!(r#"{{"identifier":[{{"system":"s","value":"{value}"}}]}}"#);
            known.meet(&kind, &id.parse().expect("an id"), &parse(&text));
        }
        let mut record = parse(
            r#"{"performer":[{"actor":{"reference":"Practitioner?identifier=s|1"}},
            {"actor":{"reference":"Practitioner?identifier=s|2"}}],
            "subject":{"reference":"Patient/p"}}"#,
        );
        assert!(known.resolve(&mut record));
        assert_eq!(
            record,
            parse(
                r#"{"performer":[{"actor":{"reference":"Practitioner/a"}},
                {"actor":{"reference":"Practitioner?identifier=s|2"}}],
                "subject":{"reference":"Patient/p"}}"#
            )
        );
        assert!(!known.resolve(&mut record));
    }
}
