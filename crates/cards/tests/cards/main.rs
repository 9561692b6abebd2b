//! What R4's search parameters find in HL7's examples, as values of cards.

#![expect(clippy::unwrap_used, reason = "test code")]

#[cfg(test)]
mod elements;
#[cfg(test)]
mod examples;
#[cfg(test)]
#[path = "../../../fhir/tests/real/mod.rs"]
mod real;

use cards::{Source, card};
use fhir::{LocalBase, Resource};
use index::{Card, Value, Values};
use model::{LogicalId, ResourceType, Tag, Timestamp};

/// The card of a resource whose facility names records as [`tag`] does.
pub(crate) fn card_of(resource: &Resource) -> Card {
    card(&Source {
        resource,
        local: &LocalBase::new(["https://example.org/fhir"]),
        time: time(),
        record_tag: &tag,
    })
}

pub(crate) fn time() -> Timestamp {
    "2026-11-28T10:00:00.123Z".parse().unwrap()
}

/// The start of type and id as bytes: of use for tests alone.
pub(crate) fn tag(kind: &ResourceType, id: &LogicalId) -> Tag {
    let name = format!("{kind}/{id}");
    let mut bytes = [0; 16];
    bytes
        .iter_mut()
        .zip(name.bytes().rev())
        .for_each(|(to, from)| *to = from);
    Tag::new(bytes)
}

/// The values of a parameter of a resource.
pub(crate) fn values(json: &str, code: &str) -> Vec<Value> {
    let resource = Resource::parse(json.as_bytes()).unwrap();
    let number = cards::number_of(resource.resource_type(), code);
    let values = card_of(&resource).values.remove(&number);
    let Values { list, cut } = values.unwrap_or_default();
    assert!(!cut);
    list
}
