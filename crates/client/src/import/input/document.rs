//! One resource as it stands in a file or in a line of one, and what can be sent of
//! it. It is read by the gateway's own rules for JSON, so that one bad line cannot
//! spoil the Bundle that it would travel in.

use crate::import::{
    place::Place,
    unit::{Batch, Entries, Unit, key},
};
use bytes::Bytes;
use fhir::json::{self, Value};
use model::{LogicalId, ResourceType};
use std::collections::BTreeSet;

/// What a document is.
pub enum Document {
    /// A Bundle that asks for interactions.
    Bundle {
        /// All or nothing.
        transaction: bool,
        /// Its entries.
        entries: Vec<Value>,
    },
    /// Any other resource.
    Resource {
        /// Its type.
        kind: ResourceType,
        /// Its id, if it has one.
        id: Option<LogicalId>,
        /// The resource.
        value: Value,
    },
}

/// Why a document cannot be sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfit {
    /// JSON, but no resource.
    NoFhir,
    /// Anything else; the text holds nothing of the document.
    Because(String),
}

impl Unfit {
    /// The reason as it is told.
    pub fn text(&self) -> &str {
        match self {
            Self::NoFhir => "this is no FHIR resource: `resourceType` is missing",
            Self::Because(text) => text,
        }
    }
}

fn unfit<T>(text: &str) -> Result<T, Unfit> {
    Err(Unfit::Because(text.to_owned()))
}

/// Reads a document.
pub fn read(bytes: &[u8]) -> Result<Document, Unfit> {
    let mut value = match json::parse(bytes) {
        Ok(value) => value,
        Err(error) => return Err(Unfit::Because(format!("this is not valid JSON: {error}"))),
    };
    let Some(kind) = value.get("resourceType").and_then(Value::as_str) else {
        return Err(Unfit::NoFhir);
    };
    if kind == "Bundle" {
        return bundle(&mut value);
    }
    let Ok(kind) = kind.parse() else {
        return unfit("the value of `resourceType` is not the name of a type");
    };
    let id = match value.get("id") {
        None => None,
        Some(id) => match id.as_str().map(str::parse) {
            Some(Ok(id)) => Some(id),
            _ => return unfit("an id must be 1 to 64 of A-Z, a-z, 0-9, `-` and `.`"),
        },
    };
    Ok(Document::Resource { kind, id, value })
}

fn bundle(value: &mut Value) -> Result<Document, Unfit> {
    // Entries may be sent apart from it, and would lose them.
    if ["implicitRules", "_implicitRules"]
        .iter()
        .any(|name| value.get(name).is_some())
    {
        return unfit("a Bundle with `implicitRules` cannot be imported; its rules are not known");
    }
    let transaction = match value.get("type").and_then(Value::as_str) {
        Some("transaction") => true,
        Some("batch") => false,
        _ => {
            return unfit(
                "only Bundles of type `transaction` or `batch` can be imported; \
                 give the resources of any other in NDJSON",
            );
        }
    };
    let entries = match value
        .as_object_mut()
        .and_then(|bundle| bundle.remove("entry"))
    {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    Ok(Document::Bundle {
        transaction,
        entries,
    })
}

/// Where a document comes from and goes.
pub struct Part<'p> {
    pub base: &'p str,
    pub stage: u8,
    /// Bytes read with it.
    pub read: u64,
    pub place: Place,
}

impl Part<'_> {
    /// A Bundle to be posted as it stands.
    pub fn whole(self, bytes: Bytes, transaction: bool, count: usize) -> Unit {
        Unit {
            count,
            key: key(self.base, &self.place, &bytes),
            body: bytes,
            entries: if transaction {
                Entries::Together(self.place)
            } else {
                Entries::Of(self.place)
            },
            stage: self.stage,
            read: self.read,
        }
    }

    /// Some entries of a batch Bundle.
    pub fn some_entries(self, entries: &[Value], wanted: &BTreeSet<usize>) -> Option<Unit> {
        let mut batch = Batch::default();
        for (index, entry) in entries.iter().enumerate() {
            if wanted.contains(&index) {
                batch.add_entry(&[&entry.to_canonical()], self.place.entry(index));
            }
        }
        batch.finish(self.base, self.stage, self.read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_resource_or_a_bundle_to_be_done() {
        let Ok(Document::Resource { kind, id, .. }) =
            read(br#"{"resourceType":"Patient","id":"p-1"}"#)
        else {
            panic!("a resource")
        };
        assert_eq!(
            (kind.as_str(), id.as_ref().map(LogicalId::as_str)),
            ("Patient", Some("p-1"))
        );
        let Ok(Document::Bundle {
            transaction,
            entries,
        }) = read(br#"{"resourceType":"Bundle","type":"batch","entry":[{},{}]}"#)
        else {
            panic!("a Bundle")
        };
        assert_eq!((transaction, entries.len()), (false, 2));
    }

    #[test]
    fn what_cannot_be_sent_is_told_without_a_word_of_it() {
        assert_eq!(read(br#"{"eventId":"x"}"#).err(), Some(Unfit::NoFhir));
        for secret in [
            r#"{"resourceType":"Patient","id":"Quillfeather, Ada"}"#,
            r#"{"resourceType":"Bundle","type":"Quillfeather"}"#,
            r#"{"resourceType":"Bundle","type":"collection"}"#,
            r#"{"resourceType":"Bundle","type":"batch","implicitRules":"Quillfeather"}"#,
            r#"{"resourceType":"Quillfeather Ada"}"#,
            r#"{"resourceType":"Patient","Quillfeather":1,"Quillfeather":2}"#,
            r#"{"resourceType":"Patient","name":"Quillfeather"#,
        ] {
            let refused = read(secret.as_bytes()).err().expect("refused");
            assert!(matches!(refused, Unfit::Because(_)), "{secret}");
            assert!(
                !refused.text().contains("Quillfeather"),
                "{}",
                refused.text()
            );
        }
    }
}
