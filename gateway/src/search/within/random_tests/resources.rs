//! Random resources, with few words, so that queries meet them.

use super::dice::Dice;
use serde_json::{Map, Value, json};

pub(super) const WORDS: [&str; 8] = [
    "Über",
    "Größe",
    "smith",
    "SMITHSON",
    "van",
    "王",
    "Van der",
    "a word that is longer than all that a card has of a string, whatever else it may have",
];
pub(super) const SYSTEMS: [&str; 2] = ["urn:s1", "http://s2.example"];
pub(super) const CODES: [&str; 4] = ["c1", "C1", "c2", r"c\3,|$"];
pub(super) const STATUSES: [&str; 3] = ["final", "amended", "preliminary"];
pub(super) const DATES: [&str; 10] = [
    "2019",
    "2019-12",
    "2020-02",
    "2020-02-29",
    "2019-12-31",
    "2019-12-31T23:30:00Z",
    "2020-01-01T00:30:00+02:00",
    "2019-12-31T18:30:00-05:00",
    "1969-07-20",
    "2018",
];
pub(super) const NUMBERS: [&str; 9] = ["5", "5.4", "5.5", "4.5", "100", "95", "0.012", "-3", "0.5"];
pub(super) const URIS: [&str; 6] = [
    "http://plans.example/a",
    "http://plans.example/a/b",
    "http://plans.example/a/b/c",
    "http://plans.example/ab",
    "urn:x:1",
    "urn:x:1:2",
];
/// The last is elsewhere: no search of `subject` names it.
pub(super) const SUBJECTS: [&str; 7] = [
    "Patient/a",
    "Patient/b",
    "Group/a",
    "Device/b",
    "https://example.org/fhir/Patient/a",
    "https://example.org/fhir/Group/b",
    "https://other.example/fhir/Patient/a",
];
pub(super) const PERFORMERS: [&str; 4] = [
    "Practitioner/p",
    "Organization/p",
    "Practitioner/q",
    "Patient/a",
];

pub(super) fn text(dice: &mut Dice) -> String {
    let words: Vec<&str> = (0..1 + dice.below(3)).map(|_| dice.pick(&WORDS)).collect();
    words.join(" ")
}

fn coding(dice: &mut Dice) -> Value {
    let mut coding = Map::new();
    if !dice.one_in(4) {
        coding.insert("system".into(), dice.pick(&SYSTEMS).into());
    }
    coding.insert("code".into(), dice.pick(&CODES).into());
    coding.into()
}

fn identifier(dice: &mut Dice) -> Value {
    let mut identifier = Map::new();
    if !dice.one_in(3) {
        identifier.insert("system".into(), dice.pick(&SYSTEMS).into());
    }
    if !dice.one_in(5) || identifier.is_empty() {
        identifier.insert("value".into(), dice.pick(&CODES).into());
    }
    identifier.into()
}

fn several(dice: &mut Dice, make: fn(&mut Dice) -> Value) -> Value {
    (0..1 + dice.below(3)).map(|_| make(dice)).collect()
}

fn quantity(dice: &mut Dice) -> Value {
    let mut quantity = Map::new();
    let value: Value = serde_json::from_str(dice.pick(&NUMBERS)).expect("a number");
    quantity.insert("value".into(), value);
    for (member, list) in [("system", &SYSTEMS[..]), ("code", &CODES), ("unit", &CODES)] {
        if !dice.one_in(3) {
            quantity.insert(member.into(), dice.pick(list).into());
        }
    }
    quantity.into()
}

fn performer(dice: &mut Dice) -> Value {
    match dice.below(3) {
        0 => json!({"identifier": identifier(dice)}),
        _ => json!({"reference": dice.pick(&PERFORMERS)}),
    }
}

fn when(dice: &mut Dice, resource: &mut Map<String, Value>) {
    let (one, other) = (dice.pick(&DATES), dice.pick(&DATES));
    match dice.below(6) {
        0 => {}
        1 => drop(resource.insert("P".into(), json!({"start": one}))),
        2 => drop(resource.insert("P".into(), json!({"end": one}))),
        3 => {
            let mut ends = [one, other];
            ends.sort_by_key(|end| super::dates::span(end).from);
            resource.insert("P".into(), json!({"start": ends[0], "end": ends[1]}));
        }
        _ => drop(resource.insert("D".into(), one.into())),
    }
}

/// An Observation, or a `RiskAssessment`.
pub(super) fn resource(dice: &mut Dice) -> Value {
    let mut resource = Map::new();
    let is_observation = !dice.one_in(4);
    when(dice, &mut resource);
    let (kind, date, period) = if is_observation {
        ("Observation", "effectiveDateTime", "effectivePeriod")
    } else {
        ("RiskAssessment", "occurrenceDateTime", "occurrencePeriod")
    };
    for (short, name) in [("D", date), ("P", period)] {
        if let Some(value) = resource.remove(short) {
            resource.insert(name.into(), value);
        }
    }
    resource.insert("resourceType".into(), kind.into());
    resource.insert("id".into(), "id".into());
    resource.insert("status".into(), dice.pick(&STATUSES).into());
    if !dice.one_in(6) {
        let subject = json!({"reference": dice.pick(&SUBJECTS)});
        resource.insert("subject".into(), subject);
    }
    if !dice.one_in(4) {
        resource.insert("meta".into(), json!({"source": dice.pick(&URIS)}));
    }
    if !dice.one_in(3) {
        let identifiers = several(dice, identifier);
        resource.insert("identifier".into(), identifiers);
    }
    if is_observation {
        of_observation(dice, &mut resource);
    } else if !dice.one_in(4) {
        let prediction = |dice: &mut Dice| {
            let number: Value = serde_json::from_str(dice.pick(&NUMBERS)).expect("a number");
            json!({"probabilityDecimal": number})
        };
        resource.insert("prediction".into(), several(dice, prediction));
    }
    resource.into()
}

fn of_observation(dice: &mut Dice, resource: &mut Map<String, Value>) {
    let code = match dice.below(5) {
        0 => json!({"text": "no code"}),
        _ => json!({"coding": several(dice, coding)}),
    };
    resource.insert("code".into(), code);
    match dice.below(5) {
        0 => {}
        1 | 2 => drop(resource.insert("valueString".into(), text(dice).into())),
        _ => drop(resource.insert("valueQuantity".into(), quantity(dice))),
    }
    if !dice.one_in(3) {
        let performers = several(dice, performer);
        resource.insert("performer".into(), performers);
    }
}
