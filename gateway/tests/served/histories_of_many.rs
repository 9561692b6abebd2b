//! Histories of a type and of all records
//! (<https://hl7.org/fhir/R4/http.html#history>), and versions that were current at a time.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::Value;

on_both! {
    a_type_has_every_version_the_newest_first,
    at_a_time_there_is_what_was_current_then,
    what_is_hidden_leaves_no_trace_in_a_history,
    all_records_have_a_history_of_what_the_caller_may_search,
    audit_events_have_one_version_each,
    entries_of_a_bundle_ask_for_histories_too,
    a_damaged_version_is_left_out_and_told_to_those_who_may_know,
    large_versions_are_read_in_parts_and_none_is_lost,
}

/// An entry of a history: method and url, and the version.
type Entry = (String, String);

fn entries(reply: &Value) -> Vec<Entry> {
    let entries = reply["entry"].as_array().cloned().unwrap_or_default();
    let entry = |entry: &Value| {
        let request = &entry["request"];
        let (method, url) = (&request["method"], &request["url"]);
        let (method, url) = (method.as_str().unwrap(), url.as_str().unwrap());
        let is_deleted = method == "DELETE";
        assert_eq!(entry.get("resource").is_none(), is_deleted, "{entry}");
        assert!(entry["fullUrl"].as_str().is_some(), "{entry}");
        let etag = entry["response"]["etag"].as_str().unwrap();
        (format!("{method} {url}"), etag.to_owned())
    };
    entries.iter().map(entry).collect()
}

/// The entries of all pages.
async fn all(caller: &Caller, path: &str) -> Vec<Entry> {
    pages(caller, path).await.concat()
}

async fn pages(caller: &Caller, path: &str) -> Vec<Vec<Entry>> {
    let (mut found, mut page) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = page {
        let reply = caller.get(&path).await.expect(200);
        let body = reply.json();
        assert_eq!(body["type"], "history");
        assert_eq!(body.get("total"), None, "{body}");
        found.push(entries(&body));
        page = reply.next();
        assert!(found.len() < 50, "{path}");
    }
    found
}

fn named(entries: &[(&str, u32)]) -> Vec<Entry> {
    let entry = |(what, version): &(&str, u32)| ((*what).to_owned(), format!("W/\"{version}\""));
    entries.iter().map(entry).collect()
}

/// Two patients of whom one is changed and deleted, each step a second later.
async fn two_patients(house: &House) -> (Caller, Vec<String>) {
    let system = house.caller(&DemoUser::System);
    let mut times = Vec::new();
    let steps = [
        ("PUT", "one"),
        ("PUT", "two"),
        ("PUT", "one"),
        ("DELETE", "one"),
    ];
    for (step, (method, id)) in (1..).zip(steps) {
        let path = format!("Patient/{id}");
        let body = (method == "PUT").then(|| records::with_id(records::patient(id), id));
        let body = body.map(|body| body.to_string());
        system.send(method, &path, &[], body).await;
        let newest = system.get("Patient/_history?_count=1").await.expect(200);
        let time = &newest.json()["entry"][0]["response"]["lastModified"];
        times.push(time.as_str().unwrap().to_owned());
        house.clock.set(step * 10);
    }
    (system, times)
}

async fn a_type_has_every_version_the_newest_first(kind: Kind) {
    let house = House::start_on(kind).await;
    let (system, times) = two_patients(&house).await;
    let expected = named(&[
        ("DELETE Patient/one", 3),
        ("PUT Patient/one", 2),
        ("PUT Patient/two", 1),
        ("PUT Patient/one", 1),
    ]);
    for path in ["Patient/_history", "_history"] {
        for query in ["", "?_count=1", "?_count=2", "?_count=3", "?_count=4"] {
            let found = all(&system, &format!("{path}{query}")).await;
            assert_eq!(found, expected, "{path}{query}");
        }
        // A page that is full and the last has no next.
        let full = pages(&system, &format!("{path}?_count=2")).await;
        assert_eq!(full.len(), 2, "{path}");
        let since = format!("{path}?_since={}&_count=1", times[1]);
        assert_eq!(all(&system, &since).await, expected[..3], "{path}");
    }
    let first = system.get("Patient/_history").await.expect(200).json();
    let statuses: Vec<&str> = first["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["response"]["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        ["204 No Content", "200 OK", "201 Created", "201 Created"]
    );
    assert_eq!(all(&system, "Observation/_history").await, []);
    for bad in [
        "_since=x",
        "_at=x",
        "_count=0",
        "_sort=_id",
        "_at=2026&_at=2027",
    ] {
        system
            .get(&format!("Patient/_history?{bad}"))
            .await
            .expect(400);
    }
    // A cursor is good for its own history alone.
    let page = system.get("Patient/_history?_count=1").await.expect(200);
    let next = page.next().unwrap();
    system
        .get(&next.replace("Patient/_history", "_history"))
        .await
        .expect(400);
    system.get(&format!("{next}&_since=2026")).await.expect(400);
    let one = "Patient/one/_history";
    system
        .get(&next.replace("Patient/_history", one))
        .await
        .expect(400);
}

async fn at_a_time_there_is_what_was_current_then(kind: Kind) {
    let house = House::start_on(kind).await;
    let (system, times) = two_patients(&house).await;
    let (one, two) = (("PUT Patient/one", 1), ("PUT Patient/two", 1));
    let (changed, deleted) = (("PUT Patient/one", 2), ("DELETE Patient/one", 3));
    let before = "2020-01-01T00:00:00Z";
    for (time, expected) in [
        (before, vec![]),
        (&times[0], vec![one]),
        (&times[1], vec![two, one]),
        (&times[2], vec![changed, two]),
        // The delete took place then.
        (&times[3], vec![deleted, two]),
        ("2099-01-01T00:00:00Z", vec![two]),
        // All of it.
        (&times[0][..4], vec![deleted, changed, two, one]),
    ] {
        for path in ["Patient/_history", "_history"] {
            for count in [1, 50] {
                let path = format!("{path}?_count={count}&_at={time}");
                assert_eq!(all(&system, &path).await, named(&expected), "{path}");
            }
        }
        let of_one: Vec<_> = expected.into_iter().filter(|entry| *entry != two).collect();
        for count in [1, 50] {
            let path = format!("Patient/one/_history?_count={count}&_at={time}");
            let reply = system.get(&path).await;
            // Nothing was current, or the record was not there.
            if of_one.is_empty() {
                assert_eq!(entries(&reply.expect(200).json()), [], "{path}");
            } else {
                assert_eq!(all(&system, &path).await, named(&of_one), "{path}");
            }
        }
    }
}

/// What the caller is answered, but for what differs from answer to answer.
async fn told(caller: &Caller, path: &str) -> Vec<(u16, Vec<Entry>, bool)> {
    let (mut told, mut page) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = page {
        let reply: Reply = caller.get(&path).await;
        page = reply.next();
        told.push((reply.status, entries(&reply.json()), page.is_some()));
    }
    told
}

async fn what_is_hidden_leaves_no_trace_in_a_history(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let own = system.create("Patient", records::patient("own")).await;
    system
        .create("Observation", records::observation(&own))
        .await;
    let patient = house.caller(&DemoUser::Patient {
        id: own.parse().unwrap(),
    });
    let paths = [
        "Observation/_history",
        "Observation/_history?_count=1",
        "Patient/_history?_count=1",
        "Patient/_history?_at=2099",
        "_history",
        "_history?_count=1",
        "_history?_since=2020",
    ];
    let mut before = Vec::new();
    for path in paths {
        before.push(told(&patient, path).await);
    }
    assert_eq!(before[0][0].1.len(), 1, "{before:?}");
    let other = system.create("Patient", records::patient("other")).await;
    for _ in 0..5 {
        let id = system
            .create("Observation", records::observation(&other))
            .await;
        system
            .delete(&format!("Observation/{id}"))
            .await
            .expect(204);
    }
    let opened = house.app.counters.opens();
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(told(&patient, path).await, before, "{path}");
    }
    // What is the caller's own alone was opened.
    let hidden = house.app.counters.opens();
    assert!(hidden > opened);
    let audits = house.audits(HOME).await;
    let about = |reference: &str| {
        audits
            .iter()
            .any(|audit| audit.interaction.as_str() == reference)
    };
    assert!(about("history-type") && about("history-system"));
}

async fn all_records_have_a_history_of_what_the_caller_may_search(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    system.create("Practitioner", records::practitioner()).await;
    system
        .create("Observation", records::observation(&patient))
        .await;
    let posts = |kinds: &[&str]| -> Vec<Entry> {
        let post = |kind: &&str| (format!("POST {kind}"), "W/\"1\"".to_owned());
        kinds.iter().map(post).collect()
    };
    let everything = posts(&["Observation", "Practitioner", "Patient"]);
    assert_eq!(all(&system, "_history").await, everything);
    for (scope, expected) in [
        (
            "system/*.rs",
            &["Observation", "Practitioner", "Patient"][..],
        ),
        ("system/Observation.rs", &["Observation"]),
        (
            "system/Observation.rs system/Patient.rs",
            &["Observation", "Patient"],
        ),
        // The right to search is not the right to see.
        ("system/Observation.s system/Patient.rs", &["Patient"]),
    ] {
        let caller = house.caller_with(&DemoUser::System, |claims| claims["scope"] = scope.into());
        assert_eq!(all(&caller, "_history").await, posts(expected), "{scope}");
    }
    let reads = house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = "system/*.r".into();
    });
    reads.get("_history").await.expect(403);
    reads.get("Observation/_history").await.expect(403);
    let admin = house.caller(&DemoUser::Admin);
    admin.get("_history").await.expect(403);
    admin.get("AuditEvent/_history").await.expect(403);
    system.get("AuditEvent/_history").await.expect(403);
    // Of those who may see no records the auditor has events.
    let auditor = house.caller(&DemoUser::Auditor);
    let found = auditor.get("_history?_count=3").await.expect(200);
    assert_eq!(entries(&found.json()), posts(&["AuditEvent"; 3]));
    assert!(found.next().is_some());
    auditor.get("Patient/_history").await.expect(403);
}

async fn audit_events_have_one_version_each(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for name in ["a", "b", "c"] {
        system.create("Patient", records::patient(name)).await;
    }
    let auditor = house.caller(&DemoUser::Auditor);
    let searched = auditor.get("AuditEvent?_count=50").await.expect(200);
    let searched: Vec<Value> = searched.resources();
    let newest = searched[0]["meta"]["lastUpdated"].as_str().unwrap();
    // What was made since is the audit of the search.
    for query in ["?_count=50", "?_count=2", "?_count=1"] {
        let mut found = Vec::new();
        let mut page = Some(format!("AuditEvent/_history{query}"));
        while let Some(path) = page {
            let reply = auditor.get(&path).await.expect(200);
            found.extend(reply.resources());
            page = reply.next();
        }
        let at = found
            .iter()
            .position(|event| *event == searched[0])
            .unwrap();
        assert_eq!(found[at..], searched[..], "{query}");
    }
    let at = format!("AuditEvent/_history?_at={newest}");
    let found = auditor.get(&at).await.expect(200).resources();
    assert_eq!(found[0], searched[0]);
    let id = searched[0]["id"].as_str().unwrap();
    let history = format!("AuditEvent/{id}/_history");
    let found = auditor.get(&history).await.expect(200);
    assert_eq!(found.resources(), searched[..1]);
    assert_eq!(found.json()["entry"][0]["response"]["etag"], "W/\"1\"");
    let since = format!("{history}?_since=2099");
    assert_eq!(
        auditor.get(&since).await.expect(200).resources(),
        Vec::<Value>::new()
    );
    auditor
        .get("AuditEvent/absent.0/_history")
        .await
        .expect(404);
    system.get(&history).await.expect(404);
}

async fn entries_of_a_bundle_ask_for_histories_too(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
    let new = records::with_id(records::patient("b"), "one");
    for bundle in ["batch", "transaction"] {
        let bundle = records::bundle(
            bundle,
            &[
                ("PUT", "Patient/one", Some(new.clone())),
                ("GET", "Patient/_history?_count=1", None),
                ("GET", "_history?_count=1", None),
                ("GET", "Patient/_history?_at=2099", None),
            ],
        );
        let done = system.post("", bundle).await.expect(200).json();
        for place in [1, 2, 3] {
            let body = &done["entry"][place]["resource"];
            assert_eq!(entries(body)[0].0, "PUT Patient/one", "{place}");
            assert_eq!(entries(body)[0].1, done["entry"][0]["response"]["etag"]);
        }
    }
    assert_eq!(all(&system, "Patient/_history").await.len(), 3);
    let reads = [("GET", "Patient/_history", None)];
    let reads = records::bundle("batch", &reads);
    let interactions = || async {
        let audits = house.audits(HOME).await;
        audits[0].interaction.as_str().to_owned()
    };
    system.post("", reads).await.expect(200);
    assert_eq!(interactions().await, "batch");
    system.get("Patient/_history").await.expect(200);
    assert_eq!(interactions().await, "history-type");
    system.get("_history").await.expect(200);
    assert_eq!(interactions().await, "history-system");
}

async fn a_damaged_version_is_left_out_and_told_to_those_who_may_know(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let own = system.create("Patient", records::patient("own")).await;
    let whole = system
        .create("Observation", records::observation(&own))
        .await;
    let cut = system
        .create("Observation", records::observation(&own))
        .await;
    let path = format!("Observation/{cut}");
    let changed = records::with_id(records::observation(&own), &cut);
    system.put(&path, changed).await.expect(200);
    house.sql("DELETE FROM version WHERE version = 2");
    let patient = house.caller(&DemoUser::Patient {
        id: own.parse().unwrap(),
    });
    for path in ["Observation/_history", "_history"] {
        let told = system.get(path).await.expect(200).json();
        let entries = told["entry"].as_array().unwrap();
        let last = entries.last().unwrap();
        assert_eq!(last["response"]["status"], "500 Internal Server Error");
        assert_eq!(last["request"]["url"], path);
        let issue = &last["response"]["outcome"]["issue"][0];
        assert_eq!(issue["code"], "incomplete");
        assert_eq!(entries[0]["resource"]["id"], *whole);
        let hidden = patient.get(path).await.expect(200).json();
        let entries = hidden["entry"].as_array().unwrap();
        assert!(entries.iter().all(|entry| entry.get("fullUrl").is_some()));
        assert_eq!(entries[0]["resource"]["id"], *whole);
    }
}

async fn large_versions_are_read_in_parts_and_none_is_lost(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..4 {
        let body = records::long(3_000_000);
        system
            .send("POST", "Basic", &[], Some(body))
            .await
            .expect(201);
    }
    assert_eq!(all(&system, "Basic/_history").await.len(), 4);
    assert_eq!(all(&system, "Basic/_history?_count=3").await.len(), 4);
}
