//! Whether a card, or a record, is what a search asks for.

use super::asked::{Occurrence, Within};
use index::{Answer, Card, Condition, ParameterNumber, Reading, Values, Zone};
use model::{LogicalId, Timestamp};
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
}

impl Conditions {
    pub(super) fn of(within: &Within, tags: &IdRoot, now: Timestamp) -> Self {
        let held = |occurrence: &Occurrence| match occurrence {
            Occurrence::Ids(ids) => Held::Ids(ids.clone()),
            Occurrence::Values { number, wanted } => Held::Values(*number, wanted.condition(tags)),
        };
        Self {
            all: within.occurrences.iter().map(held).collect(),
            zone: Zone::utc(),
            now: now.as_millis(),
        }
    }

    /// Whether the values under a parameter are looked at.
    pub(super) fn reads(&self, wanted: ParameterNumber) -> bool {
        let numbers = self.all.iter().filter_map(|held| match held {
            Held::Ids(_) => None,
            Held::Values(number, _) => Some(*number),
        });
        numbers.into_iter().any(|number| number == wanted)
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
        }))
    }
}
