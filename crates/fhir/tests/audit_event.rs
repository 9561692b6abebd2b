//! The audit record and renderer 1. The vectors hold every event as it was
//! first released; a change that breaks one breaks stored audits.

#![expect(clippy::unwrap_used, reason = "test code")]

use fhir::{
    audit_event::{AuditPatient, AuditRecord, AuditTouched, RecordError, concerned},
    json::{self, Value},
};
use model::{AuditInteraction, Digest, Tag};
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

fn record(name: &str) -> AuditRecord {
    AuditRecord::parse(&vector(&format!("{name}.record.json"))).unwrap()
}

fn query(record: &AuditRecord) -> Option<Digest> {
    record.has_query.then_some(QUERY)
}

fn events(name: &str) -> Vec<Value> {
    let record = record(name);
    let events = record.events(query(&record)).unwrap();
    events
        .iter()
        .map(|bytes| json::parse(bytes).unwrap())
        .collect()
}

fn texts(value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    value.each(path, &mut |it| found.extend(it.as_str().map(str::to_owned)));
    found
}

#[test]
fn records_and_events_are_as_released() {
    for (name, count) in VECTORS {
        let record = record(name);
        assert_eq!(
            record.to_canonical(),
            vector(&format!("{name}.record.json")),
            "{name}"
        );
        assert_eq!(record.event_count(), *count, "{name}");
        let events = record.events(query(&record)).unwrap();
        assert_eq!(events.len(), *count, "{name}");
        for (k, event) in events.iter().enumerate() {
            let expected = String::from_utf8(vector(&format!("{name}.{k}.event.json"))).unwrap();
            assert_eq!(String::from_utf8_lossy(event), expected, "{name}.{k}");
            assert_eq!(
                &record.event(k, query(&record)).unwrap(),
                event,
                "{name}.{k}"
            );
        }
    }
}

#[test]
fn events_are_canonical_and_have_what_r4_requires() {
    for (name, _) in VECTORS {
        let record = record(name);
        for (k, event) in record.events(query(&record)).unwrap().iter().enumerate() {
            let value = json::parse(event).unwrap();
            assert_eq!(value.to_canonical(), *event, "{name}");
            let resource = fhir::Resource::parse(event).unwrap();
            assert_eq!(resource.resource_type().as_str(), "AuditEvent");
            assert_eq!(texts(&value, "id"), [format!("{}.{k}", record.id)]);
            assert_eq!(texts(&value, "meta.versionId"), ["1"]);
            assert_eq!(texts(&value, "meta.lastUpdated"), [record.time.to_string()]);
            assert_eq!(texts(&value, "recorded"), [record.time.to_string()]);
            assert_eq!(texts(&value, "type.code").len(), 1);
            let observer = texts(&value, "source.observer.identifier.value");
            assert_eq!(observer.first(), Some(&record.base));
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
        let record = record(name);
        for (k, event) in events(name).iter().enumerate() {
            let text = String::from_utf8(event.to_canonical()).unwrap();
            for (other, patient) in record.patients.iter().enumerate() {
                let named = text.contains(&format!("Patient/{}", patient.id));
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
                    .filter(|it| ["4", "13"].contains(&it.as_str()))
                    .count()
            })
            .sum();
        assert_eq!(data, record(name).touched.len(), "{name}");
    }
}

#[test]
fn the_query_stands_as_its_digest() {
    let digest = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=";
    for event in events("search") {
        assert_eq!(texts(&event, "entity.query"), [digest]);
    }
    let search = record("search");
    assert_eq!(search.event(0, None), Err(RecordError::QueryDigest));
    assert_eq!(
        record("read").events(Some(QUERY)),
        Err(RecordError::QueryDigest)
    );
}

#[test]
fn there_is_no_event_past_the_last() {
    let record = record("read-several-patients");
    assert_eq!(
        record.event(2, None),
        Err(RecordError::NoSuchEvent { index: 2, count: 2 })
    );
    assert_eq!(record.event_tag(1), Some(record.patients[1].tag));
    assert_eq!(record.event_tag(2), None);
    assert_eq!(self::record("read").event_tag(0), Some(Tag::ZERO));
}

#[test]
fn a_record_that_breaks_its_form_is_refused() {
    let good = String::from_utf8(vector("read-several-patients.record.json")).unwrap();
    let parse = |text: String| AuditRecord::parse(text.as_bytes()).unwrap_err();
    assert_eq!(
        parse(good.replace("\"render\":1", "\"render\":2")),
        RecordError::UnknownRenderer(2)
    );
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

#[test]
fn patients_are_sorted_by_tag_and_touched_records_split() {
    let patient = |tag: u8, id: &str| AuditPatient {
        tag: Tag::new([tag; 16]),
        id: id.parse().unwrap(),
    };
    let touched = |reference: &str| AuditTouched {
        patient: None,
        reference: reference.to_owned(),
        version: None,
        interaction: AuditInteraction::restful("read"),
    };
    let (patients, touched) = concerned(
        [patient(2, "named")],
        [
            (touched("Group/1"), vec![patient(9, "z"), patient(1, "a")]),
            (touched("Organization/1"), vec![]),
            (touched("Patient/a"), vec![patient(1, "a")]),
        ],
    );
    let ids: Vec<&str> = patients.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["a", "named", "z"]);
    let split: Vec<_> = touched
        .iter()
        .map(|it| (it.reference.as_str(), it.patient))
        .collect();
    assert_eq!(
        split,
        [
            ("Group/1", Some(2)),
            ("Group/1", Some(0)),
            ("Organization/1", None),
            ("Patient/a", Some(0))
        ]
    );
}
