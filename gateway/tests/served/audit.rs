//! Every request leaves its audit before its answer goes out: one record in the
//! facility, one more in the caller's own when that is another, and no answer at
//! all when it cannot be written.

use crate::{
    caller::{Caller, Reply},
    house::{HOME, House, OTHER},
    records::{self, NAME},
};
use devkit::issuer::DemoUser;
use serde_json::Value;
use std::{collections::BTreeSet, fs, sync::mpsc};
use store::{Database, Store};

async fn counts(house: &House) -> (usize, usize) {
    (
        house.audits(HOME).await.len(),
        house.audits(OTHER).await.len(),
    )
}

/// Sends one request and says how many audit records it left at home and at the
/// other facility.
async fn left(house: &House, request: impl Future<Output = Reply>) -> (u16, usize, usize) {
    let before = counts(house).await;
    let reply = request.await;
    let after = counts(house).await;
    (reply.status, after.0 - before.0, after.1 - before.1)
}

/// A record that the tests look at and change.
async fn one_patient(house: &House) -> String {
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await
}

#[actix_web::test]
async fn every_look_at_home_leaves_one_record_there() {
    let house = House::start().await;
    let path = format!("Patient/{}", one_patient(&house).await);
    let (history, version) = (format!("{path}/_history"), format!("{path}/_history/1"));
    let proof = format!("{version}/$proof");
    for (user, path, status) in [
        (DemoUser::Clinician, path.as_str(), 200),
        (DemoUser::Clinician, "Patient/absent", 404),
        (DemoUser::Admin, &path, 404),
        (DemoUser::Clinician, &version, 200),
        (DemoUser::Admin, &version, 404),
        (DemoUser::Clinician, &history, 200),
        (DemoUser::Admin, &history, 404),
        (DemoUser::Clinician, "Patient?identifier=a", 200),
        (DemoUser::Admin, "Patient?identifier=a", 403),
        (DemoUser::Clinician, "Patient?colour=a", 400),
        (DemoUser::Clinician, &proof, 200),
        (DemoUser::Auditor, &proof, 200),
        (DemoUser::Admin, &proof, 404),
        (DemoUser::Auditor, "AuditEvent", 200),
        (DemoUser::Clinician, "AuditEvent", 403),
    ] {
        let caller = house.caller(&user);
        let found = left(&house, caller.get(path)).await;
        assert_eq!(found, (status, 1, 0), "{user:?} {path}");
    }
}

#[actix_web::test]
async fn every_write_at_home_leaves_one_record_there() {
    let house = House::start().await;
    let id = one_patient(&house).await;
    let path = format!("Patient/{id}");
    let changed = records::with_id(records::patient("b"), &id).to_string();
    let new = records::patient("c").to_string();
    let observation = Some(records::observation(&id));
    let transaction = [("POST", "Observation", observation)];
    let transaction = records::bundle("transaction", &transaction).to_string();
    let batch = [
        ("GET", path.as_str(), None),
        ("GET", "Patient/absent", None),
    ];
    let batch = records::bundle("batch", &batch).to_string();
    for (method, url, body, clinician, admin) in [
        ("POST", "Patient", new.as_str(), 201, 403),
        ("PUT", &path, &changed, 200, 403),
        ("POST", "", &transaction, 200, 403),
        ("POST", "", &batch, 200, 403),
        ("DELETE", &path, "", 204, 403),
        // Once more, when there is nothing left to delete.
        ("DELETE", &path, "", 204, 403),
    ] {
        for (user, status) in [(DemoUser::Admin, admin), (DemoUser::Clinician, clinician)] {
            let caller = house.caller(&user);
            let request = caller.send(method, url, &[], Some(body.to_owned()));
            let found = left(&house, request).await;
            assert_eq!(found, (status, 1, 0), "{user:?} {method} {url}");
        }
    }
    let clinician = house.caller(&DemoUser::Clinician);
    assert_eq!(left(&house, clinician.get(&path)).await, (410, 1, 0));
}

#[actix_web::test]
async fn a_request_at_anothers_base_leaves_one_record_in_both_facilities() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    let admin = house.caller(&DemoUser::Admin).at(OTHER);

    assert_eq!(left(&house, visitor.get(&path)).await, (200, 1, 1));
    assert_eq!(
        left(&house, visitor.get("Patient/absent")).await,
        (404, 1, 1)
    );
    assert_eq!(
        left(&house, visitor.get("Patient?identifier=a")).await,
        (200, 1, 1)
    );
    assert_eq!(left(&house, visitor.delete(&path)).await, (403, 1, 1));
    assert_eq!(left(&house, admin.get(&path)).await, (404, 1, 1));
    // At its own base the other facility is not concerned.
    assert_eq!(
        left(&house, visitor.at(OTHER).get("Patient/absent")).await,
        (404, 0, 1)
    );
}

/// The events of the newest audit record of a facility.
pub async fn newest_events(auditor: &Caller) -> Vec<Value> {
    let all = auditor.get("AuditEvent?_count=1000").await.expect(200);
    let events = all.resources();
    let newest = record_of(&events[0]).to_owned();
    let own = |event: &Value| record_of(event) == newest;
    events.into_iter().filter(own).collect()
}

/// The id of the audit record of an event.
fn record_of(event: &Value) -> &str {
    let id = event["id"].as_str().unwrap();
    id.rsplit_once('.').unwrap().0
}

/// The records that an event names.
fn named(event: &Value) -> BTreeSet<String> {
    let entities = event["entity"].as_array().unwrap().iter();
    entities
        .filter_map(|entity| entity["what"]["reference"].as_str())
        .map(str::to_owned)
        .collect()
}

#[actix_web::test]
async fn a_search_over_two_patients_leaves_an_event_for_each_without_the_query() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let mut expected = BTreeSet::new();
    let mut patients = Vec::new();
    for name in ["a", "b"] {
        let patient = system.create("Patient", records::patient(name)).await;
        let record = records::observation(&patient);
        let observation = system.create("Observation", record).await;
        expected.insert(BTreeSet::from([
            format!("Patient/{patient}"),
            format!("Observation/{observation}/_history/1"),
        ]));
        patients.push(patient);
    }
    let query = format!("patient={},{}&_count=37", patients[0], patients[1]);
    let found = system
        .get(&format!("Observation?{query}"))
        .await
        .expect(200);
    assert_eq!(found.resources().len(), 2);

    let events = newest_events(&auditor).await;
    assert_eq!(events.iter().map(named).collect::<BTreeSet<_>>(), expected);
    assert_eq!(events.len(), 2);
    for (event, other) in events.iter().map(|event| {
        let is_other = |id: &&String| !named(event).contains(&format!("Patient/{id}"));
        (event, patients.iter().find(is_other).unwrap())
    }) {
        let text = event.to_string();
        assert!(!text.contains(other.as_str()), "{text}");
        assert!(!text.contains("_count"), "{text}");
        assert!(!text.contains(NAME), "{text}");
        let digests = event["entity"].as_array().unwrap().iter();
        let digests: Vec<&Value> = digests
            .map(|entity| &entity["query"])
            .filter(|query| !query.is_null())
            .collect();
        assert_eq!(digests.len(), 1, "{text}");
        assert_eq!(digests[0].as_str().unwrap().len(), 44, "{text}");
    }
    for patient in &patients {
        let own = auditor
            .get(&format!("AuditEvent?patient={patient}"))
            .await
            .expect(200);
        let mark = format!("Patient/{patient}");
        assert!(
            own.resources()
                .iter()
                .all(|event| named(event).contains(&mark))
        );
        assert_eq!(own.resources().len(), 3, "two creates and the search");
    }
}

#[actix_web::test]
async fn the_value_of_a_search_stands_in_no_event() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    system
        .post("Patient", records::patient("needle-17"))
        .await
        .expect(201);
    system.get("Patient?identifier=needle-17").await.expect(200);
    system
        .send(
            "POST",
            "Patient/_search",
            &[("content-type", "application/x-www-form-urlencoded")],
            Some("identifier=needle-17".to_owned()),
        )
        .await
        .expect(200);
    house
        .caller(&DemoUser::Admin)
        .get("Patient?identifier=needle-17")
        .await
        .expect(403);
    let all = auditor.get("AuditEvent").await.expect(200);
    assert_eq!(all.resources().len(), 4);
    assert!(!all.text.contains("needle"), "{}", all.text);
}

#[actix_web::test]
async fn a_denied_write_names_the_record_that_it_was_aimed_at() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let admin = house.caller(&DemoUser::Admin);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let changed = records::with_id(records::patient("b"), &id);
    admin.delete(&path).await.expect(403);
    assert!(named(&newest_events(&auditor).await[0]).contains(&path));
    admin.put(&path, &changed).await.expect(403);
    assert!(named(&newest_events(&auditor).await[0]).contains(&path));
    // What is not there leaves the same traces.
    admin.delete("Patient/absent").await.expect(403);
    assert!(named(&newest_events(&auditor).await[0]).contains("Patient/absent"));
}

#[actix_web::test]
async fn a_failed_transaction_names_no_version_that_never_was() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let bundle = records::bundle(
        "transaction",
        &[
            ("POST", "Patient", Some(records::patient("a"))),
            ("GET", "Patient/absent", None),
        ],
    );
    system.post("", &bundle).await.expect(404);
    let events = newest_events(&auditor).await;
    assert!(!events.is_empty());
    for event in &events {
        assert_ne!(event["outcome"], "0", "{event}");
        let versions: Vec<String> = named(event)
            .into_iter()
            .filter(|reference| reference.contains("/_history/"))
            .collect();
        assert!(versions.is_empty(), "{versions:?}");
    }
}

#[actix_web::test]
async fn the_callers_own_facility_sees_the_visit_by_absolute_reference() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    let auditor = house.caller_with(&DemoUser::Auditor, |claims| {
        claims["facility"] = OTHER.into()
    });
    visitor.get("Patient?identifier=a").await.expect(200);
    let events = newest_events(&auditor).await;
    let reference = format!("{}/Patient/{id}/_history/1", visitor.base());
    assert_eq!(named(&events[0]), BTreeSet::from([reference.clone()]));
    let entity = events[0]["entity"].as_array().unwrap().iter();
    let found = entity
        .clone()
        .find(|entity| entity["what"]["reference"] == reference)
        .unwrap();
    assert_eq!(found["type"]["code"], "Patient", "{found}");
}

#[actix_web::test]
async fn what_cannot_be_audited_is_not_answered() {
    // Each with a database of its own: over one, each would be tried again and again
    // before the next has its turn.
    tokio::join!(
        is_not_answered(async |clinician, id| clinician.get(&format!("Patient/{id}")).await),
        is_not_answered(async |clinician, _| clinician.get("Patient?identifier=a").await),
        is_not_answered(async |clinician, _| {
            clinician.post("Patient", records::patient("b")).await
        }),
    );
}

/// Asks while nothing can be written, about a patient with this id.
async fn is_not_answered(ask: impl AsyncFnOnce(&Caller, &str) -> Reply) {
    let house = House::start().await;
    let clinician = house.caller(&DemoUser::Clinician);
    let id = clinician.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    clinician.get(&path).await.expect(200);
    let before = counts(&house).await;

    let hold = Hold::take(&house);
    let reply = ask(&clinician, &id).await;
    hold.give_up();
    assert_eq!(
        (reply.status, reply.issue().as_str()),
        (503, "transient"),
        "{}",
        reply.text
    );
    assert!(
        !reply.text.contains(NAME) && !reply.text.contains(&id),
        "{}",
        reply.text
    );
    assert_eq!(reply.header("etag"), None);
    assert!(reply.header("retry-after").is_some());
    assert_eq!(counts(&house).await, before);
    clinician.get(&path).await.expect(200);
    let written = clinician.get("Patient?identifier=b").await.expect(200);
    assert!(
        written.resources().is_empty(),
        "an unacknowledged write is there"
    );
}

/// Someone else who writes to the database file and does not come to an end.
/// The lock that keeps such a one out is taken away first.
struct Hold {
    end: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Hold {
    fn take(house: &House) -> Self {
        let path = house.database();
        let mut lock = path.clone().into_os_string();
        lock.push(".lock");
        fs::remove_file(lock).unwrap();
        let intruder = Store::open(&Database::Sqlite { path }).unwrap();
        let (end, ended) = mpsc::channel::<()>();
        let (begin, begun) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            intruder
                .run_tx_blocking("hold", &[], move |tx| {
                    tx.meta().find("held")?;
                    let _ = begin.send(());
                    let _ = ended.recv();
                    Ok(())
                })
                .unwrap();
        });
        begun.recv().unwrap();
        Self { end, thread }
    }

    fn give_up(self) {
        drop(self.end);
        self.thread.join().unwrap();
    }
}
