//! Sample Bundles: the same bytes for the same seed, references that resolve,
//! the elements that R4 requires, decimals as written.

#![expect(clippy::unwrap_used, reason = "test code")]

use devkit::samples;
use model::FacilityName;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Changing it means that sample data of an earlier release is no longer what
/// its seed says: think twice.
const GOLDEN: &str = "7eacb24cfce5512ee80fd426c28023d6cfe2097086e019cc3c3ef2dbb47fda80";

fn facility() -> FacilityName {
    "riverside".parse().unwrap()
}

fn bundles(count: usize) -> Vec<Value> {
    samples::generate(42, &facility(), count)
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect()
}

fn resources(bundle: &Value) -> Vec<&Value> {
    let entries = bundle["entry"].as_array().unwrap();
    entries.iter().map(|entry| &entry["resource"]).collect()
}

/// Every value under a member of this name, at any depth.
fn all<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if key == name {
                    found.push(value);
                }
                all(value, name, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| all(value, name, found)),
        _ => {}
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let hash = |seed, facility: &FacilityName| {
        let mut hash = Sha256::new();
        for text in samples::generate(seed, facility, 20) {
            hash.update(text);
            hash.update("\n");
        }
        hex::encode(hash.finalize())
    };
    assert_eq!(hash(42, &facility()), GOLDEN);
    assert_ne!(hash(43, &facility()), GOLDEN);
    assert_ne!(hash(42, &"lakeside".parse().unwrap()), GOLDEN);
}

#[test]
fn patients_do_not_depend_on_how_many_there_are() {
    let few: Vec<_> = samples::patients(42, &facility(), 3).collect();
    let many: Vec<_> = samples::patients(42, &facility(), 30).collect();
    assert_eq!(few, many[..3]);
    let with_site: Vec<_> = samples::generate(42, &facility(), 3).collect();
    assert_eq!(with_site[0], samples::infrastructure(42, &facility()));
    assert_eq!(with_site[1..], few);
}

#[test]
fn bundles_are_transactions_whose_references_resolve() {
    let mut seen = BTreeSet::new();
    for bundle in bundles(100) {
        assert_eq!(bundle["resourceType"], "Bundle");
        assert_eq!(bundle["type"], "transaction");
        let mut names = BTreeSet::new();
        for entry in bundle["entry"].as_array().unwrap() {
            let name = entry["fullUrl"].as_str().unwrap();
            assert!(name.starts_with("urn:uuid:") && name.len() == 45, "{name}");
            assert!(seen.insert(name.to_owned()), "{name} is used twice");
            names.insert(name);
            assert_eq!(entry["request"]["method"], "POST");
            assert_eq!(entry["request"]["url"], entry["resource"]["resourceType"]);
            assert!(entry["resource"].get("id").is_none());
        }
        let mut references = Vec::new();
        all(&bundle, "reference", &mut references);
        assert!(!references.is_empty());
        for reference in references {
            assert!(names.contains(reference.as_str().unwrap()), "{reference}");
        }
    }
}

#[test]
fn every_bundle_holds_what_it_should() {
    let bundles = bundles(100);
    let count = |bundle: &Value| {
        let mut counts = BTreeMap::new();
        for resource in resources(bundle) {
            let name = resource["resourceType"].as_str().unwrap().to_owned();
            *counts.entry(name).or_insert(0) += 1;
        }
        counts
    };
    let site = count(&bundles[0]);
    assert_eq!(site["Organization"], 1);
    assert_eq!(site["Location"], 1);
    assert!(site["Practitioner"] >= 1);
    for bundle in &bundles[1..] {
        let counts = count(bundle);
        assert_eq!(counts["Patient"], 1);
        assert_eq!(counts["Consent"], 1);
        assert!((2..=4).contains(&counts["Encounter"]));
        assert_eq!(counts["MedicationRequest"], counts["Condition"]);
        assert!(counts["Observation"] >= 6 * counts["Encounter"]);
    }
}

/// What `hl7.org/fhir/R4` marks 1..1 or 1..*, and the invariants that add to it.
#[test]
fn required_elements_are_there() {
    let required: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("Patient", &[][..]),
        ("Organization", &["name"]),
        ("Location", &["name"]),
        ("Practitioner", &["name"]),
        ("Encounter", &["status", "class"]),
        ("Condition", &["subject", "clinicalStatus"]),
        ("Observation", &["status", "code"]),
        (
            "MedicationRequest",
            &["status", "intent", "medicationCodeableConcept", "subject"],
        ),
        ("Consent", &["status", "scope", "category", "policyRule"]),
    ]);
    for bundle in bundles(100) {
        for resource in resources(&bundle) {
            let name = resource["resourceType"].as_str().unwrap();
            for element in required[name] {
                assert!(resource.get(*element).is_some(), "{name}.{element}");
            }
            if name == "Observation" {
                let has_value = resource.get("valueQuantity").is_some();
                assert_ne!(has_value, resource.get("component").is_some());
            }
            if name == "Condition" {
                // con-4: what has ended is not active.
                let ended = resource.get("abatementDateTime").is_some();
                let status = &resource["clinicalStatus"]["coding"][0]["code"];
                assert_eq!(ended, status == "resolved");
            }
        }
        let mut empty = Vec::new();
        for name in ["code", "system", "display", "value", "family", "city"] {
            all(&bundle, name, &mut empty);
        }
        assert!(empty.iter().all(|value| value.as_str() != Some("")));
    }
}

#[test]
fn nothing_happens_before_birth_or_after_the_last_day() {
    for bundle in &bundles(200)[1..] {
        let resources = resources(bundle);
        let birth = resources[0]["birthDate"].as_str().unwrap();
        let mut dates = Vec::new();
        for name in [
            "start",
            "end",
            "effectiveDateTime",
            "onsetDateTime",
            "dateTime",
        ] {
            all(bundle, name, &mut dates);
        }
        for date in dates {
            let day = &date.as_str().unwrap()[..10];
            assert!(birth < day && day < "2025-06-30", "{birth} {day}");
        }
    }
}

#[test]
fn decimals_stand_as_they_were_written() {
    let text: String = samples::patients(42, &facility(), 20).collect();
    let numbers: Vec<_> = text
        .split(r#""value":"#)
        .skip(1)
        .filter_map(|rest| rest.split(',').next())
        .filter(|number| !number.starts_with('"'))
        .collect();
    assert!(numbers.len() > 200);
    assert!(
        numbers
            .iter()
            .all(|number| number.parse::<f64>().unwrap() > 0.0)
    );
    let hundredths = numbers.iter().filter(|number| {
        number
            .split_once('.')
            .is_some_and(|(_, rest)| rest.len() == 2 && rest.ends_with('0'))
    });
    assert!(hundredths.count() > 50);
    assert!(text.contains(r#""value":36.60,"#));
}

#[test]
fn patients_differ() {
    let bundles = bundles(200);
    let distinct = |path: &str| {
        let values = bundles[1..]
            .iter()
            .map(|bundle| resources(bundle)[0].pointer(path).unwrap().to_string());
        values.collect::<BTreeSet<_>>().len()
    };
    assert_eq!(distinct("/identifier/0/value"), 200);
    assert!(distinct("/birthDate") > 150);
    assert!(distinct("/name/0") > 150);
    assert!(distinct("/address/0/line/0") > 120);
    assert_eq!(distinct("/gender"), 4);
    let years: BTreeSet<_> = bundles[1..]
        .iter()
        .map(|bundle| resources(bundle)[0]["birthDate"].as_str().unwrap()[..3].to_owned())
        .collect();
    assert!(years.len() >= 9, "decades of birth: {years:?}");
}
