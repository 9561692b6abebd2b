//! Searches by cards against a plain evaluator, which reads the JSON of a resource by the
//! words of R4 and shares no code with cards or criteria: random resources, random queries.

mod dates;
mod dice;
mod queries;
mod resources;

use super::{
    held::Conditions,
    random_tests::{dice::Dice, queries::Query},
};
use crate::search::{
    query::{Looked, Search},
    value,
};
use cards::Source;
use fhir::{LocalBase, Resource};
use index::{Answer, Card};
use model::{LogicalId, ResourceType, Tag, Timestamp};
use sealing::{DataKey, IdRoot};
use serde_json::Value;

const BASE: &str = "https://example.org/fhir";

/// How many cases are tried: 20,000, or what `SEARCH_CASES` says.
fn cases() -> u64 {
    let count = std::env::var("SEARCH_CASES").ok();
    count.map_or(20_000, |count| count.parse().expect("a number"))
}

struct Site {
    tags: IdRoot,
    local: LocalBase,
    now: Timestamp,
}

impl Site {
    /// What the card of a resource says of a query, or the resource where it does not.
    fn answer(&self, resource: &Value, query: &str) -> Answer {
        let bytes = resource.to_string().into_bytes();
        let resource = Resource::parse(&bytes).expect("a resource");
        let search = Search::parse(
            Looked::of_type(resource.resource_type()),
            value::Query {
                text: query,
                lenient: false,
                now: self.now,
            },
            &self.local,
        );
        let search = search.unwrap_or_else(|failure| panic!("{query}: {}", failure.text));
        let conditions =
            Conditions::of(search.criteria.kind(), &search.within, &self.tags, self.now);
        let tag = |kind: &ResourceType, id: &LogicalId| -> Tag {
            self.tags.record_tag(kind.as_str(), id.as_str())
        };
        let source = Source {
            resource: &resource,
            local: &self.local,
            time: self.now,
            record_tag: &tag,
        };
        let bytes = cards::card(&source).encode();
        let card = Card::decode_of(&bytes, |number| conditions.reads(number)).expect("a card");
        match conditions.answer("id", &card) {
            Answer::Unknown => conditions.answer("id", &cards::whole(&source)),
            told => told,
        }
    }
}

#[test]
fn cards_answer_as_the_plain_evaluator_does() {
    let site = Site {
        tags: IdRoot::new(&DataKey::generate(&model::SystemRandom).expect("a key")),
        local: LocalBase::new([BASE]),
        now: "2026-11-28T10:00:00.000Z".parse().expect("a time"),
    };
    let mut matched = 0;
    for case in 0..cases() {
        let mut dice = Dice::new(case);
        let resource = resources::resource(&mut dice);
        let kind = resource["resourceType"].as_str().expect("a type");
        let asked: Vec<Query> = (0..1 + dice.below(2))
            .map(|_| queries::query(&mut dice, kind))
            .collect();
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        for one in &asked {
            text.append_pair(&one.name, &one.value);
        }
        let text = text.finish();
        let expected = asked.iter().all(|one| one.holds(&resource));
        matched += u64::from(expected);
        let answer = site.answer(&resource, &text);
        assert_eq!(answer, expected.into(), "case {case}: {text}\n{resource}");
    }
    // Enough of either.
    assert!(
        matched > cases() / 10 && matched < cases() * 9 / 10,
        "{matched}"
    );
}
