//! Whether a card, or a record, is what a search asks for.

use super::asked::{Extent, Occurrence, Within};
use fhir::definition::Definition;
use index::{Answer, Card, Condition, Criterion, ParameterNumber, Reading, Values, Zone};
use model::{LogicalId, ResourceType, Timestamp};
use sealing::IdRoot;

/// The occurrences of a search with the tags of a facility.
pub(crate) struct Conditions {
    all: Vec<Held>,
    zone: Zone,
    now: i64,
}

enum Held {
    Ids(Vec<LogicalId>),
    Values(ParameterNumber, Condition),
    /// One of the parameters has one of the values.
    Either(Vec<ParameterNumber>, Condition),
}

impl Conditions {
    /// Those of records of a type.
    pub(super) fn of(kind: &ResourceType, within: &Within, tags: &IdRoot, now: Timestamp) -> Self {
        let held = |occurrence: &Occurrence| match occurrence {
            Occurrence::Ids(ids) => Held::Ids(ids.clone()),
            Occurrence::Values { number, wanted } => Held::Values(*number, wanted.condition(tags)),
        };
        let occurrences = within.occurrences.iter().map(held);
        Self {
            all: occurrences.chain(member(kind, within, tags)).collect(),
            zone: Zone::utc(),
            now: now.as_millis(),
        }
    }

    /// Whether the values under a parameter are looked at.
    pub(super) fn reads(&self, wanted: ParameterNumber) -> bool {
        self.all.iter().any(|held| match held {
            Held::Ids(_) => false,
            Held::Values(number, _) => *number == wanted,
            Held::Either(numbers, _) => numbers.contains(&wanted),
        })
    }

    /// Whether a record with this card matches, as far as the card tells.
    pub(crate) fn answer(&self, id: &str, card: &Card) -> Answer {
        let reading = Reading {
            zone: &self.zone,
            now: self.now,
        };
        // A parameter without an entry has no value: cards of other definitions are none.
        let nothing = Values::default();
        Answer::all(self.all.iter().map(|held| match held {
            Held::Ids(ids) => ids.iter().any(|own| own.as_str() == id).into(),
            Held::Values(number, condition) => {
                let values = card.values.get(number).unwrap_or(&nothing);
                condition.answer(Some(values), &reading)
            }
            Held::Either(numbers, condition) => Answer::any(numbers.iter().map(|number| {
                let values = card.values.get(number).unwrap_or(&nothing);
                condition.answer(Some(values), &reading)
            })),
        }))
    }
}

/// What a member of the compartment has: one of the type's parameters names the patient. A
/// Patient's own compartment is found by what it is sealed under.
fn member(kind: &ResourceType, within: &Within, tags: &IdRoot) -> Option<Held> {
    if within.extent != Extent::Compartment || kind.as_str() == "Patient" {
        return None;
    }
    let patient = within.patient.as_ref()?;
    let parameters = &Definition::of(kind.as_str())?.compartment;
    let numbers = parameters
        .iter()
        .map(|parameter| cards::number_of(kind, parameter.name));
    let target = tags.record_tag("Patient", patient.as_str());
    let names = Condition::Any(vec![Criterion::Reference(target)]);
    Some(Held::Either(numbers.collect(), names))
}
