//! Preconditions of requests and of entries: each is honoured, or refused by its name;
//! none is dropped (<https://www.rfc-editor.org/rfc/rfc9110#section-13>).

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

const PAST: &str = "Mon, 01 Jan 2001 00:00:00 GMT";
const FUTURE: &str = "Fri, 01 Jan 2100 00:00:00 GMT";

/// A patient at version 1, and its path.
async fn patient(caller: &Caller) -> (String, String) {
    let id = caller.create("Patient", records::patient("a")).await;
    (format!("Patient/{id}"), id)
}

async fn put(caller: &Caller, id: &str, headers: &[(&str, &str)]) -> Reply {
    let body = records::with_id(records::patient("b"), id).to_string();
    let path = format!("Patient/{id}");
    caller.send("PUT", &path, headers, Some(body)).await
}

async fn version(caller: &Caller, path: &str) -> String {
    let read = caller.get(path).await.expect(200);
    read.header("etag").unwrap().to_owned()
}

#[actix_web::test]
async fn a_precondition_is_honoured_or_refused_by_name_on_every_method() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let (path, id) = patient(&system).await;
    let of_record = [path.clone(), format!("{path}/_history/1")];
    let others = [
        ("GET", "Patient".to_owned()),
        ("POST", "Patient/_search".to_owned()),
        ("GET", format!("{path}/_history")),
        ("GET", format!("{path}/$proof")),
        ("POST", "Patient".to_owned()),
        ("POST", String::new()),
    ];
    let body = |method: &str, path: &str| match (method, path) {
        ("POST", "Patient") => Some(records::patient("c").to_string()),
        ("POST", "") => Some(records::bundle("batch", &[]).to_string()),
        ("PUT", _) => Some(records::with_id(records::patient("b"), &id).to_string()),
        _ => None,
    };
    let mut refused = Vec::new();
    for (method, path) in others {
        for name in ["If-Match", "If-None-Match"] {
            refused.push((method, path.clone(), name, "W/\"1\""));
        }
        if (method, path.as_str()) != ("POST", "Patient") {
            refused.push((method, path.clone(), "If-None-Exist", "identifier=a"));
        }
        // There is no time of a change, and whoever reads is to be answered all the same.
        if method == "GET" {
            let ignored = [
                ("if-modified-since", FUTURE),
                ("if-unmodified-since", PAST),
                ("if-range", "W/\"1\""),
            ];
            system.send("GET", &path, &ignored, None).await.expect(200);
            continue;
        }
        for name in ["If-Modified-Since", "If-Unmodified-Since"] {
            refused.push((method, path.clone(), name, FUTURE));
        }
        refused.push((method, path, "If-Range", "W/\"1\""));
    }
    for path in &of_record {
        refused.push(("GET", path.clone(), "If-None-Exist", "identifier=a"));
    }
    for method in ["PUT", "DELETE"] {
        refused.push((method, path.clone(), "If-None-Exist", "identifier=a"));
        refused.push((method, path.clone(), "If-Modified-Since", PAST));
        refused.push((method, path.clone(), "If-Range", "W/\"1\""));
    }
    for (method, path, name, value) in refused {
        let told = format!("{method} {path} {name}");
        let form = if path.ends_with("_search") {
            "application/x-www-form-urlencoded"
        } else {
            "application/fhir+json"
        };
        let headers = [(name, value), ("content-type", form)];
        let reply = system
            .send(method, &path, &headers, body(method, &path))
            .await;
        assert_eq!(reply.status, 400, "{told}: {}", reply.text);
        assert_eq!(reply.issue(), "not-supported", "{told}");
        assert!(
            reply.text.contains(&format!("`{name}`")),
            "{told}: {}",
            reply.text
        );
    }
    assert_eq!(version(&system, &path).await, "W/\"1\"");
    assert_eq!(system.found("Patient").await, 1, "something was written");
}

#[actix_web::test]
async fn a_precondition_that_cannot_be_read_stops_the_request() {
    let house = House::start().await;
    let clinician = house.caller(&DemoUser::Clinician);
    let (path, id) = patient(&clinician).await;
    put(&clinician, &id, &[]).await.expect(200);
    for (name, value) in [
        ("if-match", "W/\"é\""),
        ("if-match", "W/\"2"),
        ("if-match", "two"),
        ("if-match", "*, W/\"2\""),
        ("if-match", ""),
        ("if-none-match", "W/\"é\""),
        ("if-none-match", "x"),
        ("if-unmodified-since", "tomorrow"),
        ("if-unmodified-since", "é"),
    ] {
        let ignored = match name {
            "if-match" => 400,
            _ => 200,
        };
        for (method, status) in [("GET", ignored), ("HEAD", ignored), ("DELETE", 400)] {
            let reply = clinician.send(method, &path, &[(name, value)], None).await;
            let told = format!("{method} {name} {value}: {}", reply.text);
            assert_eq!(reply.status, status, "{told}");
        }
        let reply = put(&clinician, &id, &[(name, value)]).await.expect(400);
        assert_eq!(reply.issue(), "value", "{name} {value}");
    }
    for since in [
        "2026-11-22",
        "yesterday",
        "Sat, 01 Jan 2100 00:00:00 GMT",
        "é",
    ] {
        let since = [("if-modified-since", since)];
        for path in [path.as_str(), "metadata"] {
            let read = clinician.send("GET", path, &since, None).await;
            read.expect(200);
        }
    }
    // A tag that cannot be read keeps the date from counting (RFC 9110, 13.1.3).
    let both = [("if-none-match", "x"), ("if-modified-since", FUTURE)];
    clinician.send("GET", &path, &both, None).await.expect(200);
    assert_eq!(version(&clinician, &path).await, "W/\"2\"");
}

/// A patient of two versions that one `Last-Modified` stands for, its path, its id, and
/// that header.
async fn twice_in_a_second(caller: &Caller) -> (String, String, String) {
    let modified = |reply: &Reply| reply.header("last-modified").unwrap().to_owned();
    for _ in 0..50 {
        let (path, id) = patient(caller).await;
        let first = modified(&caller.get(&path).await.expect(200));
        let second = modified(&put(caller, &id, &[]).await.expect(200));
        if first == second {
            return (path, id, first);
        }
    }
    panic!("no two writes fell into one second");
}

async fn a_time_says_nothing_of_two_versions_of_its_second(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let (path, id, modified) = twice_in_a_second(&system).await;
    // Whoever read version 1 has this header too.
    let since = [("if-modified-since", modified.as_str())];
    let until = [("if-unmodified-since", modified.as_str())];
    for method in ["GET", "HEAD"] {
        system.send(method, &path, &since, None).await.expect(200);
        system.send(method, &path, &until, None).await.expect(412);
    }
    put(&system, &id, &until).await.expect(412);
    let delete = system.send("DELETE", &path, &until, None).await;
    assert_eq!(delete.expect(412).issue(), "conflict");
    assert_eq!(version(&system, &path).await, "W/\"2\"");
    // One version alone is meant: by its URL, by its tag, by a later second.
    let first = format!("{path}/_history/1");
    system.send("GET", &first, &since, None).await.expect(304);
    let tag = [("if-match", "W/\"2\""), until[0]];
    put(&system, &id, &tag).await.expect(200);
    house.clock.set(2);
    let third = put(&system, &id, &[]).await.expect(200);
    let modified = third.header("last-modified").unwrap();
    let until = [("if-unmodified-since", modified)];
    put(&system, &id, &until).await.expect(200);
    let read = system.get(&path).await.expect(200);
    assert_eq!(read.header("etag"), Some("W/\"5\""));
}

async fn a_record_that_was_deleted_and_made_again_in_a_second_is_two_versions(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let (path, id, _) = twice_in_a_second(&system).await;
    let mut modified = (String::new(), String::from("none yet"));
    for _ in 0..50 {
        let before = put(&system, &id, &[]).await;
        system.delete(&path).await.expect(204);
        let again = put(&system, &id, &[]).await.expect(201);
        let of = |reply: &Reply| reply.header("last-modified").unwrap().to_owned();
        modified = (of(&before), of(&again));
        if modified.0 == modified.1 {
            break;
        }
    }
    assert_eq!(modified.0, modified.1);
    let until = [("if-unmodified-since", modified.0.as_str())];
    put(&system, &id, &until).await.expect(412);
}

on_both! {
    an_update_that_must_create_overwrites_nothing,
    no_precondition_holds_on_what_never_was,
    a_change_can_rest_on_a_time,
    who_has_the_version_gets_no_content_and_is_audited,
    entries_have_preconditions_too,
    a_repetition_has_the_preconditions_of_the_first,
    a_delete_is_known_by_its_own_tag_and_by_no_other,
    a_time_says_nothing_of_two_versions_of_its_second,
    a_record_that_was_deleted_and_made_again_in_a_second_is_two_versions,
}

async fn an_update_that_must_create_overwrites_nothing(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let only_new = [("if-none-match", "*")];
    put(&system, "one", &only_new).await.expect(201);
    let again = put(&system, "one", &only_new).await.expect(412);
    assert_eq!(again.issue(), "conflict");
    assert_eq!(version(&system, "Patient/one").await, "W/\"1\"");
    for (tags, status) in [("W/\"1\"", 412), ("W/\"7\", \"1\"", 412), ("W/\"9\"", 200)] {
        let reply = put(&system, "one", &[("if-none-match", tags)]).await;
        assert_eq!(reply.status, status, "{tags}");
    }
    let delete = system
        .send("DELETE", "Patient/one", &only_new, None)
        .await
        .expect(412);
    assert_eq!(delete.issue(), "conflict");
    // What was deleted is not there.
    system.delete("Patient/one").await.expect(204);
    put(&system, "one", &only_new).await.expect(201);
}

#[actix_web::test]
async fn if_match_takes_lists_lines_and_the_star() {
    let house = House::start().await;
    let clinician = house.caller(&DemoUser::Clinician);
    let (path, id) = patient(&clinician).await;
    put(&clinician, &id, &[("if-match", "*")]).await.expect(200);
    let list = [("if-match", "W/\"2\", W/\"9\"")];
    put(&clinician, &id, &list).await.expect(200);
    let lines = [("if-match", "W/\"99\""), ("if-match", "W/\"3\"")];
    put(&clinician, &id, &lines).await.expect(200);
    for foreign in [
        "W/\"550e8400-e29b-41d4-a716-446655440000\"",
        "\"04\"",
        "W/\"3\", \"5,4\"",
    ] {
        let reply = put(&clinician, &id, &[("if-match", foreign)]).await;
        assert_eq!(reply.status, 412, "{foreign}: {}", reply.text);
    }
    assert_eq!(version(&clinician, &path).await, "W/\"4\"");
}

async fn no_precondition_holds_on_what_never_was(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for (name, value) in [
        ("if-match", "W/\"1\""),
        ("if-match", "*"),
        ("if-unmodified-since", FUTURE),
    ] {
        let delete = system
            .send("DELETE", "Patient/never-was", &[(name, value)], None)
            .await
            .expect(412);
        assert_eq!(delete.issue(), "conflict", "{name}");
        put(&system, "never-was", &[(name, value)])
            .await
            .expect(412);
    }
    system.delete("Patient/never-was").await.expect(204);
    system.get("Patient/never-was").await.expect(404);
}

async fn a_change_can_rest_on_a_time(kind: Kind) {
    let house = House::start_on(kind).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let (path, id) = patient(&clinician).await;
    let read = clinician.get(&path).await.expect(200);
    let modified = read.header("last-modified").unwrap();
    let past = [("if-unmodified-since", PAST)];
    put(&clinician, &id, &past).await.expect(412);
    clinician
        .send("DELETE", &path, &past, None)
        .await
        .expect(412);
    let now = [("if-unmodified-since", modified)];
    put(&clinician, &id, &now).await.expect(200);
    // With a tag the time does not count (RFC 9110, 13.1.4).
    let both = [("if-match", "W/\"2\""), ("if-unmodified-since", PAST)];
    put(&clinician, &id, &both).await.expect(200);
    assert_eq!(version(&clinician, &path).await, "W/\"3\"");
}

async fn who_has_the_version_gets_no_content_and_is_audited(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let (path, id) = patient(&system).await;
    // In a second of its own.
    house.clock.set(2);
    put(&system, &id, &[]).await.expect(200);
    let modified = system.get(&path).await.expect(200);
    let modified = modified.header("last-modified").unwrap().to_owned();
    for (headers, status) in [
        (vec![("if-none-match", "W/\"2\"")], 304),
        (vec![("if-none-match", "W/\"1\", \"2\"")], 304),
        (vec![("if-none-match", ", ,\"2\",")], 304),
        (vec![("if-none-match", ", ,\"x\"")], 200),
        (vec![("if-none-match", "*")], 304),
        (vec![("if-none-match", "W/\"1\"")], 200),
        (vec![("if-modified-since", modified.as_str())], 304),
        (vec![("if-modified-since", FUTURE)], 304),
        (vec![("if-modified-since", PAST)], 200),
        (
            vec![("if-none-match", "W/\"1\""), ("if-modified-since", FUTURE)],
            200,
        ),
        (vec![("if-match", "W/\"1\"")], 412),
        (vec![("if-match", "W/\"2\"")], 200),
        (vec![("if-unmodified-since", PAST)], 412),
        (vec![("if-range", "W/\"1\""), ("range", "bytes=0-1")], 200),
    ] {
        let before = house.audits(HOME).await.len();
        for method in ["GET", "HEAD"] {
            let reply = system.send(method, &path, &headers, None).await;
            assert_eq!(reply.status, status, "{method} {headers:?}: {}", reply.text);
            if status == 304 {
                assert_eq!(reply.text, "");
                assert_eq!(reply.header("etag"), Some("W/\"2\""));
                assert_eq!(reply.header("last-modified"), Some(modified.as_str()));
            }
        }
        assert_eq!(house.audits(HOME).await.len(), before + 2, "{headers:?}");
    }
    let first = format!("{path}/_history/1");
    let held = [("if-none-match", "W/\"1\"")];
    system.send("GET", &first, &held, None).await.expect(304);
    // A precondition opens nothing that is hidden or absent.
    let admin = house.caller(&DemoUser::Admin);
    for path in [path.as_str(), "Patient/absent"] {
        admin.send("GET", path, &held, None).await.expect(404);
    }
    let auditor = house.caller(&DemoUser::Auditor);
    let events = auditor.get("AuditEvent").await.expect(200).resources();
    let event = format!("AuditEvent/{}", events[0]["id"].as_str().unwrap());
    auditor.send("GET", &event, &held, None).await.expect(304);
}

/// A Bundle of one entry.
fn bundle(kind: &str, entry: Value) -> Value {
    json!({"resourceType": "Bundle", "type": kind, "entry": [entry]})
}

/// An entry about a Patient, with these members beside method and url.
fn entry_at(path: &str, method: &str, mut request: Value) -> Value {
    request["method"] = method.into();
    request["url"] = if method == "POST" { "Patient" } else { path }.into();
    let mut entry = json!({"request": request});
    if ["PUT", "POST"].contains(&method) {
        let (_, id) = path.split_once('/').unwrap();
        entry["resource"] = records::with_id(records::patient("b"), id);
    }
    entry
}

async fn entries_have_preconditions_too(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let (path, _) = patient(&system).await;
    let entry = |method: &str, members: Value| entry_at(&path, method, members);
    for (entry, status) in [
        (entry("PUT", json!({"ifNoneMatch": "*"})), 412),
        (entry("PUT", json!({"ifMatch": "W/\"7\""})), 412),
        (entry("DELETE", json!({"ifMatch": "W/\"7\", \"8\""})), 412),
        (entry("PUT", json!({"ifMatch": "seven"})), 400),
        (
            entry("PUT", json!({"ifModifiedSince": "2026-11-22T10:00:00Z"})),
            400,
        ),
        (entry("GET", json!({"ifModifiedSince": "now"})), 400),
        (entry("GET", json!({"ifMatch": "W/\"7\""})), 412),
        (entry("POST", json!({"ifMatch": "W/\"1\""})), 400),
        (entry("POST", json!({"ifNoneMatch": "*"})), 400),
        (entry("PUT", json!({"ifNoneExist": "identifier=a"})), 400),
        (entry("POST", json!({"ifNoneExist": "zebra=a"})), 400),
    ] {
        let whole = system.post("", bundle("transaction", entry.clone())).await;
        assert_eq!(whole.status, status, "{entry}: {}", whole.text);
        let place = whole.json()["issue"][0]["expression"][0].clone();
        assert!(
            place.as_str().unwrap().starts_with("Bundle.entry[0]"),
            "{place}"
        );
        let batch = system
            .post("", bundle("batch", entry.clone()))
            .await
            .expect(200)
            .json();
        let answered = batch["entry"][0]["response"]["status"].as_str().unwrap();
        assert!(
            answered.starts_with(&status.to_string()),
            "{entry}: {answered}"
        );
    }
    assert_eq!(version(&system, &path).await, "W/\"1\"");
    assert_eq!(system.found("Patient").await, 1);
    for (members, status) in [
        (json!({"ifNoneMatch": "W/\"1\""}), "304"),
        (json!({"ifModifiedSince": "2100-01-01T00:00:00Z"}), "304"),
        (json!({"ifModifiedSince": "2001-01-01T00:00:00Z"}), "200"),
    ] {
        let batch = bundle("batch", entry("GET", members));
        let answer = system.post("", batch).await.expect(200).json();
        let entry = &answer["entry"][0];
        let answered = entry["response"]["status"].as_str().unwrap();
        assert!(answered.starts_with(status), "{answered}");
        assert_eq!(entry.get("resource").is_some(), status == "200");
    }
    let made = bundle("transaction", entry("PUT", json!({"ifMatch": "W/\"1\""})));
    system.post("", made).await.expect(200);
    assert_eq!(version(&system, &path).await, "W/\"2\"");
}

async fn a_repetition_has_the_preconditions_of_the_first(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let key = ("idempotency-key", "k1");
    let first = [key, ("if-none-match", "*")];
    put(&system, "one", &first).await.expect(201);
    put(&system, "one", &first).await.expect(201);
    put(&system, "one", &[key]).await.expect(422);
    put(&system, "one", &[key, ("if-unmodified-since", FUTURE)])
        .await
        .expect(422);
    assert_eq!(version(&system, "Patient/one").await, "W/\"1\"");
}

/// So that what was deleted can be brought back, or deleted for good, without a race: the tag
/// is that which the delete was answered with.
async fn a_delete_is_known_by_its_own_tag_and_by_no_other(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    put(&system, "one", &[]).await.expect(201);
    let deleted = system.delete("Patient/one").await.expect(204);
    let tag = deleted.header("etag").unwrap().to_owned();
    assert_eq!(tag, "W/\"2\"");
    for other in ["*", "W/\"1\"", "W/\"3\""] {
        let other = [("if-match", other)];
        put(&system, "one", &other).await.expect(412);
        let delete = system.send("DELETE", "Patient/one", &other, None).await;
        delete.expect(412);
    }
    let own = [("if-match", tag.as_str())];
    put(&system, "one", &own).await.expect(201);
    // Whoever comes second with it has lost.
    put(&system, "one", &own).await.expect(412);
}
