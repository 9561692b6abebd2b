//! From a FHIR resource to the inside of its index card: what R4's search parameters find
//! in it (<https://hl7.org/fhir/R4/search.html>), as values of `index`, and the facts that a
//! decision reads (docs/storage-format.md, "What stands in a card").
//!
//! Not here: sealing, which `sealing::CardKey` does, and what a search asks, which
//! `index::Condition` evaluates.

mod codes;
mod dates;
mod equal;
mod facts;
mod numbers;
mod parameters;
mod references;
mod texts;
mod values;

pub use parameters::{ID, Known, known};

use fhir::{LocalBase, Node, Resource, search::Searched};
use index::{Card, ParameterNumber};
use model::{LogicalId, ResourceType, Tag, Timestamp};

/// The index epoch of cards that are made here: R4's search parameters of this release.
/// Another set of them, or another reading of elements, is another epoch.
pub const INDEX_EPOCH: u32 = 2;

/// A version of a record on its way to its card.
pub struct Source<'a> {
    /// The resource. What stands in `meta.lastUpdated` does not count.
    pub resource: &'a Resource,
    /// The facility's own URLs.
    pub local: &'a LocalBase,
    /// The time of the version.
    pub time: Timestamp,
    /// The tag of a record of the facility.
    pub record_tag: &'a dyn Fn(&ResourceType, &LogicalId) -> Tag,
}

/// The inside of the card of a version.
#[must_use]
pub fn card(source: &Source<'_>) -> Card {
    let mut card = with_values(source, Extent::OfCard);
    card.facts = facts::of(source, &card);
    card
}

/// All values of a version, with no string cut and none left out: for whoever has the record
/// where a card does not tell. Too much to be kept.
#[must_use]
pub fn whole(source: &Source<'_>) -> Card {
    with_values(source, Extent::Whole)
}

/// How much is taken of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    OfCard,
    Whole,
}

fn with_values(source: &Source<'_>, extent: Extent) -> Card {
    let mut card = Card::default();
    let Some(node) = Node::resource(source.resource.value()) else {
        return card;
    };
    let searched = Searched::of(node);
    for known in known(source.resource.resource_type().as_str()) {
        let values = values::of(source, &searched, known, extent);
        if !values.list.is_empty() {
            card.values.insert(known.number, values);
        }
    }
    card
}

/// The number of a parameter of every resource or of this type.
#[must_use]
pub fn number_of(resource_type: &ResourceType, code: &str) -> ParameterNumber {
    ParameterNumber::of(resource_type.as_str(), code)
}
