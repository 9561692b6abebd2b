//! Versions and headers: points 1 to 10.

use super::{id_of, patch, patient, put, start};
use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use model::Timestamp;
use serde_json::json;

on_both! {
    point_03_a_change_of_another_version_is_refused_and_of_many_one_wins,
}

/// What each interaction that gives a version is answered, and the version.
async fn versions(caller: &Caller) -> Vec<(Reply, &'static str)> {
    let made = caller.post("Patient", records::patient("a")).await;
    let path = format!("Patient/{}", made.id());
    let first = format!("{path}/_history/1");
    vec![
        (made.expect(201), "1"),
        (caller.get(&path).await.expect(200), "1"),
        (
            put(caller, &path, records::patient("b"), &[])
                .await
                .expect(200),
            "2",
        ),
        (patch(caller, &path, &[]).await.expect(200), "3"),
        (caller.get(&path).await.expect(200), "3"),
        (caller.get(&first).await.expect(200), "1"),
    ]
}

#[actix_web::test]
async fn point_01_an_etag_is_weak_and_quoted_and_names_the_version() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for (reply, number) in versions(&system).await {
        assert_eq!(reply.header("etag"), Some(&*format!("W/\"{number}\"")));
        assert_eq!(reply.json()["meta"]["versionId"], number);
    }
    let path = patient(&system, "a").await;
    for tag in ["W/\"1\"", "\"2\"", "3"] {
        let held = [("if-match", tag)];
        let reply = put(&system, &path, records::patient("b"), &held).await;
        assert_eq!(reply.status, 200, "{tag}: {}", reply.text);
    }
}

#[actix_web::test]
async fn point_02_last_modified_stands_beside_every_etag() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for (reply, number) in versions(&system).await {
        let updated = reply.json()["meta"]["lastUpdated"].clone();
        let updated = updated.as_str().unwrap();
        // With a zone: an instant.
        assert!(updated.ends_with('Z') && updated.contains('T'), "{updated}");
        let updated: Timestamp = updated.parse().unwrap();
        let date = updated.to_http_date();
        assert_eq!(reply.header("last-modified"), Some(&*date), "{number}");
    }
    let path = patient(&system, "a").await;
    let deleted = system.delete(&path).await.expect(204);
    assert!(deleted.header("etag").is_some() && deleted.header("last-modified").is_some());
}

async fn point_03_a_change_of_another_version_is_refused_and_of_many_one_wins(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let other = [("if-match", "W/\"2\"")];
    for at in [&*path, "Patient/absent"] {
        let update = put(&system, at, records::patient("b"), &other).await;
        assert_eq!(update.expect(412).issue(), "conflict");
        let patched = patch(&system, at, &other).await;
        assert_eq!(patched.expect(412).issue(), "conflict");
        let deleted = system.send("DELETE", at, &other, None).await;
        assert_eq!(deleted.expect(412).issue(), "conflict");
    }
    // Nothing is made by it, and nothing was changed.
    system.get("Patient/absent").await.expect(404);
    let read = system.get(&path).await.expect(200);
    assert_eq!(read.header("etag"), Some("W/\"1\""));
    assert_eq!(read.json()["identifier"][0]["value"], "a");
    for current in 1..=5 {
        let tag = format!("W/\"{current}\"");
        let held = [("if-match", tag.as_str())];
        let (a, b, c, d) = tokio::join!(
            put(&system, &path, records::patient("a"), &held),
            put(&system, &path, records::patient("b"), &held),
            patch(&system, &path, &held),
            patch(&system, &path, &held),
        );
        let mut statuses = [a, b, c, d].map(|reply| reply.status);
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412]);
    }
}

#[actix_web::test]
async fn point_04_the_server_alone_says_version_and_time_and_keeps_other_meta() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let meta = json!({
        "versionId": "77",
        "lastUpdated": "2001-01-01T00:00:00Z",
        "profile": ["https://example.org/profile"],
        "security": [{"system": "https://example.org/s", "code": "a"}],
        "tag": [{"system": "https://example.org/t", "code": "b"}],
    });
    let mut record = records::patient("a");
    record["meta"] = meta.clone();
    let made = system.post("Patient", &record).await.expect(201);
    let path = format!("Patient/{}", made.id());
    let changed = put(&system, &path, record, &[]).await.expect(200);
    for (reply, number) in [(made, "1"), (changed, "2")] {
        let stored = reply.json()["meta"].clone();
        assert_eq!(stored["versionId"], number);
        assert_ne!(stored["lastUpdated"], meta["lastUpdated"]);
        for kept in ["profile", "security", "tag"] {
            assert_eq!(stored[kept], meta[kept], "{kept}");
        }
    }
}

#[actix_web::test]
async fn point_05_a_create_makes_its_own_id_and_says_where_the_version_is() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let supplied = records::with_id(records::patient("a"), "mine");
    let made = system.post("Patient", supplied).await.expect(201);
    let id = made.id();
    assert_ne!(id, "mine");
    let place = format!("{}/Patient/{id}/_history/1", system.base());
    assert_eq!(made.header("location"), Some(&*place));
    assert_eq!(made.header("etag"), Some("W/\"1\""));
    assert!(made.header("last-modified").is_some());
    system.get(&place).await.expect(200);
    system.get("Patient/mine").await.expect(404);
}

#[actix_web::test]
async fn point_06_the_id_of_an_update_is_that_of_the_url() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for body in [
        records::patient("a"),
        records::with_id(records::patient("a"), "two"),
    ] {
        let refused = system.put("Patient/one", body).await.expect(400);
        assert_eq!(refused.json()["issue"][0]["expression"][0], "Patient.id");
    }
    let made = put(&system, "Patient/one", records::patient("a"), &[]).await;
    let place = |number: u8| format!("{}/Patient/one/_history/{number}", system.base());
    assert_eq!(made.expect(201).header("location"), Some(&*place(1)));
    put(&system, "Patient/one", records::patient("b"), &[])
        .await
        .expect(200);
    system.delete("Patient/one").await.expect(204);
    let back = put(&system, "Patient/one", records::patient("c"), &[]).await;
    assert_eq!(back.expect(201).header("location"), Some(&*place(4)));
}

/// Ids that clients choose are taken, as `updateCreate` says, from those whose policy permits
/// it; AuditEvent and Parameters are not written at all.
#[actix_web::test]
async fn point_07_an_update_creates_where_the_statement_says_so() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let statement = system.get("metadata").await.expect(200).json();
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let kind = resource["type"].as_str().unwrap();
        let is_written = !["AuditEvent", "Parameters"].contains(&kind);
        assert_eq!(resource["updateCreate"], is_written, "{kind}");
    }
    put(&system, "Patient/one", records::patient("a"), &[])
        .await
        .expect(201);
    let clinician = house.caller(&DemoUser::Clinician);
    let refused = put(&clinician, "Patient/two", records::patient("a"), &[]).await;
    assert_eq!(refused.expect(403).issue(), "forbidden");
    for kind in ["AuditEvent", "Parameters"] {
        let body = json!({"resourceType": kind, "id": "one"});
        let refused = system.put(&format!("{kind}/one"), body).await.expect(405);
        assert_eq!(refused.issue(), "not-supported");
        assert!(!refused.header("allow").unwrap().contains("PUT"));
    }
}

#[actix_web::test]
async fn point_08_another_type_in_the_body_is_400_and_an_unknown_one_in_the_url_404() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let practitioner = records::practitioner();
    let other = system.post("Patient", &practitioner).await.expect(400);
    assert_eq!(other.issue(), "invalid");
    put(&system, "Patient/one", practitioner, &[])
        .await
        .expect(400);
    for (method, path) in [
        ("GET", "Dog"),
        ("GET", "Dog/1"),
        ("POST", "Dog"),
        ("PUT", "Dog/1"),
        ("DELETE", "Dog/1"),
        ("GET", "patient/1"),
        ("GET", "Dog/1/_history"),
    ] {
        let body = json!({"resourceType": "Dog", "id": "1"}).to_string();
        let body = ["POST", "PUT"].contains(&method).then_some(body);
        let reply = system.send(method, path, &[], body).await.expect(404);
        assert_eq!(reply.issue(), "not-supported", "{method} {path}");
        let form = reply.header("content-type");
        assert_eq!(form, Some("application/fhir+json; charset=utf-8"));
    }
}

#[actix_web::test]
async fn point_09_who_has_the_version_gets_304_without_a_body() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let read = system.get(&path).await.expect(200);
    let modified = read.header("last-modified").unwrap();
    for (name, value, status) in [
        ("if-none-match", "W/\"1\"", 304),
        ("if-none-match", "W/\"2\"", 200),
        ("if-modified-since", modified, 304),
        ("if-modified-since", "Mon, 01 Jan 2001 00:00:00 GMT", 200),
    ] {
        for place in [path.clone(), format!("{path}/_history/1")] {
            let reply = system.send("GET", &place, &[(name, value)], None).await;
            let reply = reply.expect(status);
            assert_eq!(reply.text.is_empty(), status == 304, "{name} {value}");
            assert_eq!(reply.header("etag"), Some("W/\"1\""));
            assert_eq!(reply.header("last-modified"), Some(modified));
        }
    }
}

#[actix_web::test]
async fn point_10_head_is_get_without_the_body_wherever_get_is() {
    let (house, system) = start(Kind::Sqlite).await;
    let auditor = house.caller(&DemoUser::Auditor);
    let path = patient(&system, "a").await;
    let gone = patient(&system, "b").await;
    system.delete(&gone).await.expect(204);
    let looks = [
        path.clone(),
        gone,
        "Patient/absent".to_owned(),
        format!("{path}/_history/1"),
        format!("{path}/_history"),
        format!("{path}/$proof"),
        format!("{path}/_history/1/$proof"),
        "Patient?identifier=a".to_owned(),
        "Patient?name=a".to_owned(),
        format!("Observation?patient={}&status=final", id_of(&path)),
        "metadata".to_owned(),
        ".well-known/smart-configuration".to_owned(),
        "Dog".to_owned(),
        "/healthz".to_owned(),
    ];
    let mut callers: Vec<_> = looks.iter().map(|path| (&system, &**path)).collect();
    callers.push((&auditor, "AuditEvent?_lastUpdated=lt2000"));
    for (caller, path) in callers {
        let got = caller.get(path).await;
        let head = caller.send("HEAD", path, &[], None).await;
        assert_eq!((head.status, &*head.text), (got.status, ""), "{path}");
        let own = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            for name in ["date", "x-request-id"] {
                drop(headers.remove(name));
            }
            headers
        };
        assert_eq!(own(&head), own(&got), "{path}");
    }
    // Where there is no GET there is no HEAD.
    for path in ["", "Patient/_search", "Patient/$validate"] {
        let got = system.get(path).await.expect(405);
        let head = system.send("HEAD", path, &[], None).await.expect(405);
        assert_eq!(head.header("allow"), got.header("allow"), "{path}");
        assert_eq!(head.text, "");
    }
}
