//! Long requests: which they are, and that they leave the same trace as others.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

fn batch(url: &str, entries: usize) -> Value {
    records::bundle("batch", &vec![("GET", url, None); entries])
}

/// Whether a request is carried out beside the threads that serve.
async fn is_long(house: &House, ask: impl AsyncFnOnce()) -> bool {
    let before = house.app.counters.long_requests();
    ask().await;
    match house.app.counters.long_requests() - before {
        0 => false,
        1 => true,
        more => panic!("one request was carried out {more} times"),
    }
}

async fn fill(system: &Caller, count: usize) {
    let entries = vec![("POST", "Patient", Some(records::patient("many"))); count];
    let bundle = records::bundle("transaction", &entries);
    system.post("", bundle).await.expect(200);
}

/// What says whom the record was about is the version that the delete ended.
#[actix_web::test]
async fn a_request_is_long_by_what_a_delete_ended() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for (bytes, long) in [(1_000, false), (300_000, true)] {
        let id = system.create("Basic", records::long(bytes)).await;
        let path = format!("Basic/{id}");
        system.delete(&path).await.expect(204);
        for (method, status) in [("GET", 410), ("DELETE", 204)] {
            let ask = async || drop(system.send(method, &path, &[], None).await.expect(status));
            assert_eq!(is_long(&house, ask).await, long, "{method} {bytes}");
        }
    }
}

#[actix_web::test]
async fn a_request_is_long_by_what_it_asks_or_by_what_it_finds() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    fill(&system, 60).await;
    let id = system.create("Basic", records::long(300_000)).await;
    let large = format!("Basic/{id}");
    for (path, long) in [
        ("Patient?_count=50&_sort=_lastUpdated", false),
        ("Patient?_count=51", true),
        ("Patient?_summary=count", true),
        (large.as_str(), true),
        (&format!("{large}/_history"), true),
        (&format!("{large}/_history?_count=51"), true),
    ] {
        let found = is_long(&house, async || drop(system.get(path).await)).await;
        assert_eq!(found, long, "{path}");
    }
    let found = is_long(&house, async || {
        drop(auditor.get("AuditEvent?_count=1").await)
    })
    .await;
    assert!(found, "a search of audit events");
    for (body, long) in [
        (records::long(60_000), false),
        (records::long(70_000), true),
    ] {
        let post = async || drop(system.post("Basic", &body).await.expect(201));
        assert_eq!(is_long(&house, post).await, long, "{}", body.len());
    }
    for (entries, long) in [(50, false), (51, true)] {
        let body = batch("Patient/absent", entries);
        let post = async || drop(system.post("", &body).await.expect(200));
        assert_eq!(is_long(&house, post).await, long, "{entries}");
    }
    // Fifty entries that look at more than fifty records.
    let post = async || {
        drop(
            system
                .post("", batch("Patient?_count=20", 10))
                .await
                .expect(200),
        )
    };
    assert!(is_long(&house, post).await);
}

async fn what_begins_anew_takes_effect_once(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    fill(&system, 60).await;
    let audits = house.audits(HOME).await.len();
    let clinician = house.caller(&DemoUser::Clinician);
    // The creates come before the look that makes it long.
    let create = (
        "POST",
        "Basic",
        Some(json!({"resourceType": "Basic", "code": {"text": "x"}})),
    );
    let look = ("GET", "Patient?_count=40", None);
    let entries = [create.clone(), look.clone(), look, create];
    let bundle = records::bundle("transaction", &entries);
    let post = async || {
        let done = clinician.post("", &bundle).await.expect(200).json();
        assert_eq!(
            done["entry"][1]["resource"]["entry"]
                .as_array()
                .unwrap()
                .len(),
            40
        );
    };
    assert!(is_long(&house, post).await);
    assert_eq!(system.found("Basic").await, 2);
    // Of the Bundle one, and one of the search.
    assert_eq!(house.audits(HOME).await.len(), audits + 2);
}

on_both!(what_begins_anew_takes_effect_once,);
