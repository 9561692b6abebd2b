//! PATCH (<https://hl7.org/fhir/R4/http.html#patch>) by both of its forms, alone and in
//! Bundles.

use crate::{
    audit::newest_events,
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
    revocation::put_in_force,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use devkit::issuer::DemoUser;
use policies::PolicySource;
use serde_json::{Value, json};

on_both! {
    both_forms_change_what_they_name,
    a_patch_that_cannot_be_taken_changes_nothing,
    preconditions_hold,
    entries_of_bundles_are_patches_too,
    a_repetition_is_answered_again,
    whoever_may_not_read_learns_nothing,
    hidden_and_absent_are_alike,
    its_events_say_patch,
}

const JSON_PATCH: &str = "application/json-patch+json";

/// A house with one patient, whom the system made.
async fn with_patient(kind: Kind) -> (House, Caller, String) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let mut patient = records::patient("a");
    patient["extension"] = json!([{"url": "http://example.org/e", "valueDecimal": 1.5}]);
    let text = patient.to_string().replace("1.5", "1.50");
    let id = system.create("Patient", text).await;
    (house, system, format!("Patient/{id}"))
}

async fn by_json(caller: &Caller, path: &str, patch: &Value) -> Reply {
    let headers = [("content-type", JSON_PATCH)];
    let body = Some(patch.to_string());
    caller.send("PATCH", path, &headers, body).await
}

fn add_gender() -> Value {
    json!([{"op": "add", "path": "/gender", "value": "female"}])
}

fn add_birth_date() -> Value {
    json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "add"},
        {"name": "path", "valueString": "Patient"},
        {"name": "name", "valueString": "birthDate"},
        {"name": "value", "valueDate": "1961-03-05"},
    ]}]})
}

fn in_binary(patch: &Value) -> Value {
    let data = STANDARD.encode(patch.to_string());
    json!({"resourceType": "Binary", "contentType": JSON_PATCH, "data": data})
}

async fn both_forms_change_what_they_name(kind: Kind) {
    let (_house, system, path) = with_patient(kind).await;
    let reply = by_json(&system, &path, &add_gender()).await.expect(200);
    assert_eq!(reply.header("etag"), Some("W/\"2\""));
    let location = reply.header("location").unwrap();
    assert!(
        location.ends_with(&format!("{path}/_history/2")),
        "{location}"
    );
    assert_eq!(reply.json()["gender"], "female");

    let body = Some(add_birth_date().to_string());
    let reply = system.send("PATCH", &path, &[], body).await.expect(200);
    assert_eq!(reply.header("etag"), Some("W/\"3\""));
    let stored = system.get(&path).await.expect(200);
    assert_eq!(stored.text, reply.text);
    let patient = stored.json();
    assert_eq!(
        (&patient["gender"], &patient["birthDate"]),
        (&json!("female"), &json!("1961-03-05"))
    );
    assert_eq!(patient["name"][0]["family"], records::NAME);
    assert!(
        stored.text.contains(r#""valueDecimal":1.50"#),
        "{}",
        stored.text
    );

    let history = system.get(&format!("{path}/_history")).await.expect(200);
    assert_eq!(history.json()["entry"][0]["request"]["method"], "PATCH");
    let minimal = [("content-type", JSON_PATCH), ("prefer", "return=minimal")];
    let body = Some(json!([{"op": "remove", "path": "/gender"}]).to_string());
    let reply = system
        .send("PATCH", &path, &minimal, body)
        .await
        .expect(200);
    assert_eq!(reply.text, "");
}

/// Media type and body of what is refused, with status and issue.
const REFUSED: &[(&str, &str, u16, &str)] = &[
    ("application/merge-patch+json", "{}", 415, "not-supported"),
    (
        "application/fhir+xml",
        "<Parameters/>",
        415,
        "not-supported",
    ),
    (JSON_PATCH, "{", 400, "structure"),
    (
        JSON_PATCH,
        r#"[{"op":"add","path":"gender","value":"x"}]"#,
        400,
        "structure",
    ),
    (
        JSON_PATCH,
        r#"[{"op":"test","path":"/gender","value":"x"}]"#,
        422,
        "not-found",
    ),
    (
        JSON_PATCH,
        r#"[{"op":"remove","path":"/name"},{"op":"test","path":"/resourceType","value":"x"}]"#,
        422,
        "conflict",
    ),
    (
        JSON_PATCH,
        r#"[{"op":"add","path":"/gender","value":"none"}]"#,
        422,
        "code-invalid",
    ),
    (
        JSON_PATCH,
        r#"[{"op":"replace","path":"/id","value":"x"}]"#,
        422,
        "business-rule",
    ),
    (
        JSON_PATCH,
        r#"[{"op":"add","path":"/link","value":[{"other":{"reference":"Patient?a=b"}}]}]"#,
        422,
        "not-supported",
    ),
    (
        "application/fhir+json",
        r#"{"resourceType":"Patient"}"#,
        400,
        "structure",
    ),
    (
        "application/fhir+json",
        r#"{"resourceType":"Parameters","parameter":[{"name":"operation","part":[
                {"name":"type","valueCode":"delete"},{"name":"path","valueString":"Person.name"}]}]}"#,
        422,
        "value",
    ),
];

async fn a_patch_that_cannot_be_taken_changes_nothing(kind: Kind) {
    let (_house, system, path) = with_patient(kind).await;
    for (content_type, body, status, issue) in REFUSED {
        let headers = [("content-type", *content_type)];
        let reply = system
            .send("PATCH", &path, &headers, Some((*body).to_owned()))
            .await;
        assert_eq!(reply.status, *status, "{body}: {}", reply.text);
        assert_eq!(reply.issue(), *issue, "{body}: {}", reply.text);
    }
    let stored = system.get(&path).await.expect(200);
    assert_eq!(stored.header("etag"), Some("W/\"1\""));
    let absent = by_json(&system, "Patient/absent", &add_gender()).await;
    absent.expect(404);
    system.delete(&path).await.expect(204);
    by_json(&system, &path, &add_gender()).await.expect(410);
}

async fn preconditions_hold(kind: Kind) {
    let (_house, system, path) = with_patient(kind).await;
    let send = async |path: &str, condition: &str| {
        let headers = [("content-type", JSON_PATCH), ("if-match", condition)];
        let body = Some(add_gender().to_string());
        system.send("PATCH", path, &headers, body).await
    };
    send(&path, "W/\"2\"").await.expect(412);
    send("Patient/absent", "W/\"1\"").await.expect(412);
    send(&path, "W/\"1\"").await.expect(200);
    send(&path, "W/\"1\"").await.expect(412);
}

async fn entries_of_bundles_are_patches_too(kind: Kind) {
    let (_house, system, path) = with_patient(kind).await;
    let bundle = |kind: &str, last: Value| {
        let entries = [
            ("PATCH", path.as_str(), Some(in_binary(&add_gender()))),
            ("POST", "Practitioner", Some(records::practitioner())),
            ("PATCH", "Patient/absent", Some(last)),
        ];
        records::bundle(kind, &entries)
    };
    let whole = bundle("transaction", add_birth_date());
    system.post("", whole).await.expect(404);
    assert_eq!(
        system.get(&path).await.expect(200).header("etag"),
        Some("W/\"1\"")
    );
    let reply = system
        .post("", bundle("batch", add_birth_date()))
        .await
        .expect(200);
    let answers = reply.json()["entry"].clone();
    let statuses: Vec<_> = (0..3)
        .map(|at| answers[at]["response"]["status"].clone())
        .collect();
    assert_eq!(statuses, ["200 OK", "201 Created", "404 Not Found"]);
    assert_eq!(answers[0]["resource"]["gender"], "female");
    let entries = [("PATCH", path.as_str(), Some(add_birth_date()))];
    let one = records::bundle("transaction", &entries);
    let reply = system.post("", one).await.expect(200);
    assert_eq!(reply.json()["entry"][0]["response"]["etag"], "W/\"3\"");
}

async fn a_repetition_is_answered_again(kind: Kind) {
    let (_house, system, path) = with_patient(kind).await;
    let send = async |path: &str| {
        let headers = [("content-type", JSON_PATCH), ("idempotency-key", "k-1")];
        let body = Some(add_gender().to_string());
        system.send("PATCH", path, &headers, body).await
    };
    let first = send(&path).await.expect(200);
    by_json(
        &system,
        &path,
        &json!([{"op": "remove", "path": "/gender"}]),
    )
    .await
    .expect(200);
    let again = send(&path).await.expect(200);
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(system.get(&path).await.header("etag"), Some("W/\"3\""));
}

/// Whether a test of the patch holds would say what stands there.
async fn whoever_may_not_read_learns_nothing(kind: Kind) {
    let (house, system, path) = with_patient(kind).await;
    let mut source = PolicySource::shipped();
    let text =
        "@id(\"nobody-reads\")\nforbid (principal, action in Action::\"reading\", resource);\n";
    source
        .policies
        .insert("nobody-reads".to_owned(), text.to_owned());
    put_in_force(&house, HOME, 2, &source).await;
    for family in [records::NAME, "Other"] {
        let patch = json!([{"op": "test", "path": "/name/0/family", "value": family}]);
        let reply = by_json(&system, &path, &patch).await.expect(403);
        assert_eq!(reply.issue(), "forbidden");
    }
    put_in_force(&house, HOME, 3, &PolicySource::shipped()).await;
    assert_eq!(system.get(&path).await.header("etag"), Some("W/\"1\""));
}

async fn hidden_and_absent_are_alike(kind: Kind) {
    let (house, system, path) = with_patient(kind).await;
    let own = system.create("Patient", records::patient("b")).await;
    let patient = house.caller(&DemoUser::Patient {
        id: own.parse().unwrap(),
    });
    let hidden = by_json(&patient, &path, &add_gender()).await;
    let absent = by_json(&patient, "Patient/absent", &add_gender()).await;
    assert_eq!(
        (hidden.status, hidden.issue()),
        (403, "forbidden".to_owned())
    );
    assert_eq!(
        (absent.status, absent.issue()),
        (hidden.status, hidden.issue())
    );
}

async fn its_events_say_patch(kind: Kind) {
    let (house, system, path) = with_patient(kind).await;
    let auditor = house.caller(&DemoUser::Auditor);
    for (patch, outcome) in [
        (add_gender(), "0"),
        (json!([{"op": "remove", "path": "/none"}]), "4"),
    ] {
        by_json(&system, &path, &patch).await;
        let events = newest_events(&auditor).await;
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert_eq!(event["subtype"][0]["code"], "patch", "{event}");
        assert_eq!(event["outcome"], outcome, "{event}");
        let entities = event["entity"].to_string();
        assert!(entities.contains(&path), "{entities}");
    }
}
