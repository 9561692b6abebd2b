//! What is kept under an `Idempotency-Key` of a batch is small, whatever was refused, and
//! says the same again.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    what_is_kept_of_refused_entries_is_small,
    a_refusal_is_said_again_after_its_reason_is_gone,
}

async fn keyed(caller: &Caller, key: &str, batch: &Value) -> Reply {
    let headers = [("idempotency-key", key)];
    let body = Some(batch.to_string());
    caller.send("POST", "", &headers, body).await.expect(200)
}

/// Bytes of the answers that are kept.
fn kept(house: &House) -> u64 {
    let rows = house.query("SELECT sum(length(envelope)) FROM answer");
    rows[0][0].parse().unwrap()
}

/// A write that is refused for what it says itself, or for how things are.
fn refused(number: usize) -> Value {
    let id = format!("n{number}");
    let record = records::with_id(records::patient("a"), &id);
    let put = |more: &str, value: &str| {
        let mut entry = json!({"request": {"method": "PUT", "url": format!("Patient/{id}")}});
        entry["resource"] = record.clone();
        entry["request"][more] = value.into();
        entry
    };
    match number % 5 {
        0 => put("ifMatch", "W/\"7\""),
        1 => put("ifMatch", "no version"),
        2 => put("ifNoneExist", "identifier=a"),
        3 => json!({"request": {"method": "POST", "url": "Patient"}}),
        _ => json!({
            "request": {"method": "POST", "url": "AuditEvent"},
            "resource": {"resourceType": "AuditEvent"},
        }),
    }
}

async fn what_is_kept_of_refused_entries_is_small(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let mut batch = json!({"resourceType": "Bundle", "type": "batch"});
    batch["entry"] = (0..3_000).map(refused).collect();
    batch["entry"][1_000] = json!({
        "request": {"method": "POST", "url": "Patient"},
        "resource": records::patient("written"),
    });
    let first = keyed(&system, "many", &batch).await;
    assert!(kept(&house) < 150_000, "{} bytes", kept(&house));
    let again = keyed(&system, "many", &batch).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert!(first.text == again.text, "another answer");
    assert_eq!(system.found("Patient?identifier=written").await, 1);
    let entries = first.json()["entry"].as_array().unwrap().clone();
    for (number, status) in [
        (0, "412"),
        (1, "400"),
        (3, "400"),
        (1_000, "201"),
        (2_995, "412"),
    ] {
        let response = &entries[number]["response"];
        assert!(
            response["status"].as_str().unwrap().starts_with(status),
            "{response}"
        );
    }
    let text = &entries[2_995]["response"]["outcome"]["issue"][0]["diagnostics"];
    assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{text}");
}

async fn a_refusal_is_said_again_after_its_reason_is_gone(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let mut batch = json!({"resourceType": "Bundle", "type": "batch"});
    let entry = |id: &str| {
        json!({
            "request": {"method": "PUT", "url": format!("Patient/{id}"), "ifMatch": "W/\"1\""},
            "resource": records::with_id(records::patient("b"), id),
        })
    };
    batch["entry"] = json!([entry("one"), entry("two")]);
    let first = keyed(&system, "k", &batch).await;
    for id in ["one", "two"] {
        let record = records::with_id(records::patient("a"), id);
        let path = format!("Patient/{id}");
        system.put(&path, record).await.expect(201);
    }
    let again = keyed(&system, "k", &batch).await;
    assert_eq!(first.text, again.text);
    let status = &first.json()["entry"][1]["response"]["status"];
    assert_eq!(status, "412 Precondition Failed");
}
