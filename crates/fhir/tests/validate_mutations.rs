//! Examples of HL7 with parts taken away, swapped and made of another kind: validation and
//! search go through whatever comes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod real;

use fhir::{
    Node,
    definition::r4,
    json::{self, Object, Value},
    search::find,
    validate::{MAX_FAULTS, outcome, validate_value},
};
use std::{fs, path::PathBuf};

/// A small generator, so that a failure can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

/// The number of values in a value.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(object) => 1 + object.iter().map(|(_, value)| count(value)).sum::<usize>(),
        _ => 1,
    }
}

/// Changes the value that stands at this place, counted from the outermost.
fn change(value: &mut Value, at: &mut usize, chance: &mut Chance) {
    if *at == 0 {
        *value = other(value, chance);
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(items) => {
            for item in items {
                change(item, at, chance);
            }
        }
        Value::Object(object) => {
            for (_, value) in object.iter_mut() {
                change(value, at, chance);
            }
        }
        _ => {}
    }
}

fn other(value: &Value, chance: &mut Chance) -> Value {
    let small = r##"{"a":[null,true,"","#","a b",1e999,-0,[],{},[[]],[null],{"reference":"#"},
        {"extension":[]},{"resourceType":"Patient"},{"resourceType":1},"2020-02-30","é"]}"##;
    let small = json::parse(small.as_bytes()).unwrap();
    let small = small.get("a").unwrap().as_array().unwrap();
    match (chance.below(4), value) {
        (0, Value::Object(object)) => {
            let mut fewer = object.clone();
            let names: Vec<String> = object.iter().map(|(name, _)| name.to_owned()).collect();
            if let Some(name) = names.get(chance.below(names.len())) {
                fewer.remove(name);
            }
            Value::Object(fewer)
        }
        (1, Value::Object(object)) => {
            let prefixed = object
                .iter()
                .map(|(name, value)| (format!("_{name}"), value.clone()));
            Value::Object(prefixed.collect::<Object>())
        }
        (1, value) => Value::Array(vec![value.clone(), value.clone()]),
        _ => small[chance.below(small.len())].clone(),
    }
}

#[test]
fn whatever_is_changed_nothing_fails_but_the_resource() {
    let Some(folder) = real::data("hl7-r4-examples") else {
        return;
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut refused, mut all, mut found) = (0, 0, 0);
    let mut chance = Chance(12);
    for path in files {
        let bytes = fs::read(&path).unwrap();
        if bytes.len() > 20_000 {
            continue;
        }
        let whole = json::parse(&bytes).unwrap();
        for _ in 0..8 {
            let mut value = whole.clone();
            let mut at = 1 + chance.below(count(&whole));
            change(&mut value, &mut at, &mut chance);
            let faults = validate_value(&value);
            assert!(faults.len() <= MAX_FAULTS + 1);
            assert_eq!(validate_value(&outcome(&faults)), [], "{}", path.display());
            if let Some(node) = Node::resource(&value) {
                for parameter in r4().parameters(node.type_id) {
                    found += find(node, parameter).len();
                }
            }
            refused += usize::from(!faults.is_empty());
            all += 1;
        }
    }
    // Not every change breaks a rule: what is optional may go.
    assert!(found > all, "{found}");
    assert!(all > 3_000 && refused * 10 > all * 8, "{refused} of {all}");
}
