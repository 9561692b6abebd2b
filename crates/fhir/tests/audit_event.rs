//! Renderer 1, which 0.1.0 wrote. The vectors hold every event as it was first
//! released; a change that breaks one breaks stored audits.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use fhir::{
    audit_event::{EventName, RecordError, StoredRecord},
    json::{self, Value},
};
use model::{Digest, LogicalId, Tag};
use std::{fs, path::Path};

const QUERY: Digest = Digest::new([0x5a; 32]);

/// The vectors: name, how many events. `<name>.record.json` and
/// `<name>.<k>.event.json`, each canonical and without a final newline.
const VECTORS: &[(&str, usize)] = &[
    ("create", 1),
    ("read", 1),
    ("read-several-patients", 2),
    ("update", 1),
    ("delete", 1),
    ("search", 2),
    ("search-nothing", 1),
    ("transaction", 2),
    ("history", 1),
    ("operation", 1),
    ("denied", 1),
    ("backend-client", 1),
    ("admin", 1),
    ("admin-change", 1),
    ("unauthenticated", 1),
];

fn vector(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/audit-event");
    fs::read(folder.join(name)).unwrap()
}

/// The tags of patients stand in the record.
fn no_tag(_: &LogicalId) -> Tag {
    panic!("renderer 1 makes no tag")
}

fn parse(bytes: &[u8]) -> Result<StoredRecord, RecordError> {
    StoredRecord::parse(bytes, no_tag)
}

fn record(name: &str) -> StoredRecord {
    parse(&vector(&format!("{name}.record.json"))).unwrap()
}

/// The record as it was sealed.
fn sealed(name: &str) -> Value {
    json::parse(&vector(&format!("{name}.record.json"))).unwrap()
}

fn query(record: &StoredRecord) -> Vec<Digest> {
    vec![QUERY; record.query_count()]
}

fn events(name: &str) -> Vec<Value> {
    let record = record(name);
    let events = record.events(&query(&record)).unwrap();
    events
        .iter()
        .map(|bytes| json::parse(bytes).unwrap())
        .collect()
}

fn texts(value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    value.each(path, &mut |element| {
        found.extend(element.as_str().map(str::to_owned))
    });
    found
}

#[test]
fn records_and_events_are_as_released() {
    for (name, count) in VECTORS {
        let record = record(name);
        assert_eq!(record.renderer(), 1, "{name}");
        assert_eq!(record.event_count(), *count, "{name}");
        let events = record.events(&query(&record)).unwrap();
        assert_eq!(events.len(), *count, "{name}");
        for (k, event) in events.iter().enumerate() {
            let expected = String::from_utf8(vector(&format!("{name}.{k}.event.json"))).unwrap();
            assert_eq!(String::from_utf8_lossy(event), expected, "{name}.{k}");
            assert_eq!(
                &record.event(k, &query(&record)).unwrap(),
                event,
                "{name}.{k}"
            );
        }
    }
}

#[test]
fn events_are_canonical_and_have_what_r4_requires() {
    for (name, _) in VECTORS {
        let (record, sealed) = (record(name), sealed(name));
        let (base, time) = (texts(&sealed, "base"), texts(&sealed, "time"));
        for (k, event) in record.events(&query(&record)).unwrap().iter().enumerate() {
            let value = json::parse(event).unwrap();
            assert_eq!(value.to_canonical(), *event, "{name}");
            let resource = fhir::Resource::parse(event).unwrap();
            assert_eq!(resource.resource_type().as_str(), "AuditEvent");
            assert_eq!(texts(&value, "id"), [format!("{}.{k}", record.id())]);
            assert_eq!(texts(&value, "meta.versionId"), ["1"]);
            assert_eq!(texts(&value, "meta.lastUpdated"), time);
            assert_eq!(texts(&value, "recorded"), time);
            assert_eq!(texts(&value, "type.code").len(), 1);
            let observer = texts(&value, "source.observer.identifier.value");
            assert_eq!(observer, base);
            let agents = value.get("agent").unwrap().as_array().unwrap();
            let asking = |agent: &&Value| agent.get("requestor").unwrap().as_bool().unwrap();
            assert_eq!(agents.iter().filter(asking).count(), 1, "{name}");
        }
    }
}

#[test]
fn the_profile_is_that_of_the_pattern() {
    let profile = |name: &str, k: usize| {
        let names = texts(&events(name)[k], "meta.profile");
        let start = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
        names
            .first()
            .map(|url| url.strip_prefix(start).unwrap().to_owned())
    };
    for (name, expected) in [
        ("create", Some("PatientCreate")),
        ("read", Some("Read")),
        ("read-several-patients", Some("PatientRead")),
        ("update", Some("PatientUpdate")),
        ("delete", Some("PatientDelete")),
        ("search", Some("PatientQuery")),
        ("search-nothing", Some("Query")),
        ("backend-client", Some("PatientRead")),
        // BALP has no pattern for these.
        ("transaction", None),
        ("history", None),
        ("operation", None),
        ("denied", None),
        ("admin", None),
        ("unauthenticated", None),
    ] {
        assert_eq!(profile(name, 0).as_deref(), expected, "{name}");
    }
}

#[test]
fn an_event_names_no_other_patient() {
    for name in ["read-several-patients", "search", "transaction"] {
        let patients = texts(&sealed(name), "patients.id");
        for (k, event) in events(name).iter().enumerate() {
            let text = String::from_utf8(event.to_canonical()).unwrap();
            for (other, patient) in patients.iter().enumerate() {
                let named = text.contains(&format!("Patient/{patient}"));
                assert_eq!(named, other == k, "{name}.{k}");
            }
        }
    }
}

#[test]
fn each_touched_record_is_shown_once_for_each_of_its_patients() {
    for (name, _) in VECTORS {
        let data: usize = events(name)
            .iter()
            .map(|event| {
                texts(event, "entity.role.code")
                    .iter()
                    .filter(|code| ["4", "13"].contains(&code.as_str()))
                    .count()
            })
            .sum();
        assert_eq!(data, texts(&sealed(name), "touched.r").len(), "{name}");
    }
}

#[test]
fn the_query_stands_as_its_digest() {
    let digest = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=";
    for event in events("search") {
        assert_eq!(texts(&event, "entity.query"), [digest]);
    }
    let search = record("search");
    assert_eq!(search.event(0, &[]), Err(RecordError::QueryDigests));
    assert_eq!(
        record("read").events(&[QUERY]),
        Err(RecordError::QueryDigests)
    );
}

#[test]
fn there_is_no_event_past_the_last() {
    let record = record("read-several-patients");
    assert_eq!(
        record.event(2, &[]),
        Err(RecordError::NoSuchEvent { index: 2, count: 2 })
    );
    let name = |patient| {
        Some(EventName {
            patient,
            interaction: None,
        })
    };
    let tags = texts(&sealed("read-several-patients"), "patients.tag");
    assert_eq!(record.event_name(1), name(tags[1].parse().unwrap()));
    assert_eq!(record.event_name(2), None);
    assert_eq!(self::record("read").event_name(0), name(Tag::ZERO));
}

#[test]
fn a_record_that_breaks_its_form_is_refused() {
    let good = String::from_utf8(vector("read-several-patients.record.json")).unwrap();
    let parse = |text: String| parse(text.as_bytes()).unwrap_err();
    assert_eq!(
        parse(good.replace("\"render\":1", "\"render\":3")),
        RecordError::UnknownRenderer(3)
    );
    // What was sealed under one renderer is not read by the other.
    assert!(matches!(
        parse(good.replace("\"render\":1", "\"render\":2")),
        RecordError::Malformed(_)
    ));
    for (from, to) in [
        ("\"base\"", "\"more\""),
        ("{\"agent\"", "{\"a\":1,\"agent\""),
        ("\"p\":1", "\"p\":2"),
        ("\"outcome\":\"0\"", "\"outcome\":\"1\""),
        ("\"tag\":\"1", "\"tag\":\"f"),
        ("\"v\":3", "\"v\":0"),
        ("\"decision\"", "\"decisions\""),
    ] {
        assert!(good.contains(from), "{from}");
        let error = parse(good.replacen(from, to, 1));
        assert!(
            matches!(error, RecordError::Malformed(_)),
            "{from}: {error}"
        );
    }
    let long = good.replace("\"id\":\"rec-", &format!("\"id\":\"{}", "x".repeat(60)));
    assert_eq!(parse(long), RecordError::Malformed("id"));
}
