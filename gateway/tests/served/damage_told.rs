//! What is damaged is told: to the operator by its place and number, to callers who may
//! know by a warning, and to nobody by its content.

use crate::{
    access_log::{lines_with, log},
    caller::Caller,
    database::{IN_CIPHERTEXT, Kind, on_both},
    house::{HOME, House, OTHER},
    past_the_store::{is_warned, searched},
    records::{self, NAME},
    revocation::put_in_force,
    sweep::whole,
};
use devkit::issuer::DemoUser;
use gateway::{
    Damage,
    work::sweep::{FaultKind, SweptTable},
};
use policies::PolicySource;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both! {
    a_data_key_that_was_cut_or_changed_takes_its_own_records_alone,
    a_damaged_candidate_that_would_not_match_is_warned_of,
    a_refused_row_is_counted_and_logged_without_its_content,
    a_refused_policy_set_is_counted_and_logged,
}

/// Seconds after which what is in force is read again though no epoch has moved.
const A_MINUTE: i64 = 61;
/// A byte of a wrapped key, inside the ciphertext.
const IN_WRAPPED: u8 = 19;

/// The tag of a record, which only the gateway can compute.
fn tag(house: &House, kind: &str, id: &str) -> String {
    let facility = house.app.facility(&HOME.parse().unwrap()).unwrap();
    facility.tags.record_tag(kind, id).to_string()
}

/// A tag as statements have it.
fn literal(kind: Kind, tag: &str) -> String {
    match kind {
        Kind::Sqlite => format!("x'{tag}'"),
        Kind::Postgres => format!("decode('{tag}', 'hex')"),
    }
}

/// A patient and an observation of it.
async fn patient_with_observation(system: &Caller, name: &str) -> (String, String) {
    let patient = system.create("Patient", records::patient(name)).await;
    let observation = records::observation(&patient);
    let observation = system.create("Observation", observation).await;
    (patient, observation)
}

/// A key has no leaf: what it sealed does not open, whoever sweeps.
async fn a_data_key_that_was_cut_or_changed_takes_its_own_records_alone(kind: Kind) {
    let flipped = kind.flipped("wrapped", IN_WRAPPED);
    for attack in [
        "DELETE FROM data_key".to_owned(),
        format!("UPDATE data_key SET {flipped}"),
    ] {
        let mut house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let (patient, observation) = patient_with_observation(&system, "a").await;
        let (other, of_other) = patient_with_observation(&system, "b").await;
        let own: BTreeSet<String> = [("Patient", &patient), ("Observation", &observation)]
            .map(|(kind, id)| tag(&house, kind, id))
            .into();
        let of_patient = literal(kind, &tag(&house, "Patient", &patient));
        house.sql(&format!(
            "{attack} WHERE scope_kind = 1 AND scope_tag = {of_patient}"
        ));
        // The gateway that wrote the records still holds the key; another does not.
        let there = system.through(&house.another().await);
        for path in [
            format!("Patient/{patient}"),
            format!("Observation/{observation}"),
            format!("Observation/{observation}/_history/1"),
            format!("Observation/{observation}/$proof"),
        ] {
            assert_eq!(there.get(&path).await.status, 500, "{attack}: {path}");
        }
        for (search, id) in [("Patient", &other), ("Observation", &of_other)] {
            let (ids, outcomes) = searched(&there, search).await;
            assert_eq!(ids, [id.as_str()], "{attack}: {search}");
            is_warned(&outcomes);
            there.get(&format!("{search}/{id}")).await.expect(200);
        }
        let swept = whole(&house).await.faults.named;
        let named: BTreeSet<String> = swept.iter().map(|fault| fault.record.clone()).collect();
        assert_eq!(named, own, "{attack}: {swept:?}");
        for fault in &swept {
            let table = match fault.kind {
                FaultKind::Card => SweptTable::Card,
                FaultKind::Head => SweptTable::PatientHead,
                kind => {
                    assert_eq!(kind, FaultKind::Unreadable, "{attack}: {fault:?}");
                    SweptTable::Version
                }
            };
            assert_eq!(fault.table, table, "{attack}: {fault:?}");
        }
    }
}

/// Whether it would match is not known, so nobody is told that all matches are there.
async fn a_damaged_candidate_that_would_not_match_is_warned_of(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let elsewhere = "https://example.org/elsewhere";
    let mut fitting = records::patient("fits");
    fitting["identifier"][0]["system"] = json!(elsewhere);
    let fitting = system.create("Patient", fitting).await;
    let other = system.create("Patient", records::patient("other")).await;
    // A system is looked for among all records that have an identifier.
    let search = format!("Patient?identifier={elsewhere}%7C");
    let of_system = format!("{search}&_total=accurate");
    assert_eq!(searched(&system, &search).await.0, [fitting.as_str()]);
    let record = literal(kind, &tag(&house, "Patient", &other));
    let flipped = kind.flipped("envelope", IN_CIPHERTEXT);
    house.sql(&format!(
        "UPDATE version SET {flipped} WHERE record_tag = {record}"
    ));
    for search in [&search, &of_system] {
        let (ids, outcomes) = searched(&system, search).await;
        assert_eq!(ids, [fitting.as_str()], "{search}");
        is_warned(&outcomes);
    }
    // What is found by its token alone does not come by the damaged one.
    let exact = format!("Patient?identifier={elsewhere}%7Cfits");
    let (ids, outcomes) = searched(&system, &exact).await;
    assert_eq!(ids, [fitting.as_str()]);
    assert_eq!(outcomes, Vec::<Value>::new());
}

async fn a_refused_row_is_counted_and_logged_without_its_content(kind: Kind) {
    log();
    // The line about a search names no record: each run has a type of its own.
    let record_type = match kind {
        Kind::Sqlite => "Condition",
        Kind::Postgres => "Basic",
    };
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("mrn-4711")).await;
    let body = json!({
        "resourceType": record_type,
        "identifier": [{"system": records::SYSTEM, "value": "mrn-4711"}],
        "code": {"text": NAME},
        "subject": {"reference": format!("Patient/{patient}")},
    });
    let id = system.create(record_type, body).await;
    let path = format!("{record_type}/{id}");
    let facility = house.app.facility(&HOME.parse().unwrap()).unwrap();
    let count = |damage| facility.damages.count(damage);
    assert_eq!(Damage::ALL.map(count), [0, 0, 0]);

    let flipped = kind.flipped("envelope", IN_CIPHERTEXT);
    let row = format!("WHERE resource_type = '{record_type}'");
    house.sql(&format!("UPDATE version SET {flipped} {row}"));
    let refused = system.get(&path).await.expect(500);
    assert_eq!(count(Damage::Unreadable), 1);
    is_warned(&searched(&system, record_type).await.1);
    assert_eq!(count(Damage::Unreadable), 2);
    house.sql(&format!("DELETE FROM version {row}"));
    system.get(&path).await.expect(500);
    assert_eq!(Damage::ALL.map(count), [2, 1, 0]);

    let rows = lines_with("record", &tag(&house, record_type, &id));
    let damages: Vec<&Value> = rows.iter().map(|line| &line["damage"]).collect();
    assert_eq!(damages, ["unreadable", "unreadable", "missing"]);
    assert!(rows[0]["data_key"].is_string(), "{}", rows[0]);
    rows.iter().for_each(|line| names_a_row(line, record_type));
    let mut searches = lines_with("resource_type", record_type);
    searches.retain(|line| line["level"] == "WARN");
    assert_eq!(searches.len(), 1, "{searches:#?}");
    let message = searches[0]["message"].as_str().unwrap();
    assert!(message.contains("a search is incomplete"), "{message}");
    assert_eq!(searches[0]["damaged"], 1);
    let lines = rows.iter().chain(&searches).map(Value::to_string);
    for text in lines.chain([refused.text]) {
        for content in [NAME, "mrn-4711", &id, &patient] {
            assert!(!text.contains(content), "{content}: {text}");
        }
    }
}

/// The line of a refused row of a first version.
#[track_caller]
fn names_a_row(line: &Value, record_type: &str) {
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("a stored row was refused"), "{line}");
    assert_eq!(line["level"], "ERROR", "{line}");
    assert_eq!(line["facility"], HOME, "{line}");
    assert_eq!(line["resource_type"], record_type, "{line}");
    assert_eq!(line["version"], 1, "{line}");
}

/// Whether a line is about the facility whose policy sets are refused here.
fn is_of_other(line: &Value) -> bool {
    line["facility"] == OTHER
}

async fn a_refused_policy_set_is_counted_and_logged(kind: Kind) {
    log();
    // The lines of the two runs are told apart by the number.
    let newest = match kind {
        Kind::Sqlite => 4,
        Kind::Postgres => 5,
    };
    let house = House::start_on(kind).await;
    for number in 2..=newest {
        put_in_force(&house, OTHER, number, &PolicySource::shipped()).await;
    }
    let system = house.system_of_other();
    let search = "Patient?identifier=a";
    system.get(search).await.expect(200);
    let facility = house.app.facility(&OTHER.parse().unwrap()).unwrap();
    let number = || facility.in_force().policy_number();
    assert_eq!((number(), house.refusals(OTHER)), (newest, 0));
    let mut in_force = lines_with("message", "this policy set is in force");
    in_force.retain(|line| is_of_other(line) && line["number"] == newest);
    let line = &in_force[0];
    assert_eq!(line["digest"].as_str().map(str::len), Some(64), "{line}");

    let flipped = kind.flipped("envelope", IN_CIPHERTEXT);
    house.sql(&format!(
        "CREATE TABLE kept_set AS SELECT * FROM policy_set;
         UPDATE policy_set SET {flipped} WHERE number = {newest}"
    ));
    house.clock.set(A_MINUTE);
    system.get(search).await.expect(403);
    let trouble = format!("policy set {newest} does not open");
    assert_eq!(number(), 0);
    assert_eq!(house.troubles(OTHER), std::slice::from_ref(&trouble));
    assert!(house.refusals(OTHER) >= 1);
    let mut told = lines_with("trouble", &trouble);
    told.retain(is_of_other);
    assert!(!told.is_empty());
    for line in &told {
        let message = line["message"].as_str().unwrap();
        assert!(message.contains("what decides was changed"), "{line}");
        assert_eq!(line["level"], "ERROR", "{line}");
        assert_eq!(line["permits_nothing"], true, "{line}");
        // Nothing of what it permits.
        assert!(!line.to_string().contains("principal"), "{line}");
    }

    house.sql(
        "UPDATE policy_set SET envelope = (SELECT k.envelope FROM kept_set k
            WHERE k.facility_id = policy_set.facility_id AND k.number = policy_set.number)",
    );
    house.clock.set(2 * A_MINUTE);
    system.get(search).await.expect(200);
    assert_eq!(number(), newest);
    assert_eq!(house.troubles(OTHER), Vec::<String>::new());
}
