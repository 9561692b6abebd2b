//! Conditional update, patch and delete (<https://hl7.org/fhir/R4/http.html#cond-update>),
//! alone and in Bundles: criteria choose one record or none, and a change by several is
//! refused.

use crate::{
    caller::{Caller, Reply},
    conditional_create::at_once,
    database::{Kind, on_both},
    house::House,
    records::{self, SYSTEM},
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    point_15_conditional_update_creates_updates_or_refuses,
    a_hundred_updates_at_once_make_one_record,
    point_16_conditional_delete_of_none_one_and_several,
    point_16_conditional_patch_of_none_one_and_several,
    point_17_a_change_without_criteria_changes_nothing,
    preconditions_hold_beside_criteria,
    entries_choose_by_criteria,
    criteria_of_an_entry_that_are_not_read_blame_it,
    point_37_two_entries_must_not_change_one_record,
    what_is_hidden_is_not_changed_and_does_not_show,
    a_repeated_change_is_answered_again,
}

const JSON_PATCH: [(&str, &str); 1] = [("content-type", "application/json-patch+json")];
const PATCH: &str = r#"[{"op": "add", "path": "/active", "value": true}]"#;

async fn put(caller: &Caller, criteria: &str, body: &Value) -> Reply {
    let kind = body["resourceType"].as_str().unwrap();
    caller.put(&format!("{kind}?{criteria}"), body).await
}

async fn patch(caller: &Caller, path: &str) -> Reply {
    caller
        .send("PATCH", path, &JSON_PATCH, Some(PATCH.to_owned()))
        .await
}

async fn patients(caller: &Caller) -> usize {
    caller.found("Patient").await
}

fn statuses(reply: &Value) -> Vec<String> {
    let entries = reply["entry"].as_array().unwrap().iter();
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap()[..3].to_owned();
    entries.map(status).collect()
}

async fn point_15_conditional_update_creates_updates_or_refuses(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let whole = format!("identifier={SYSTEM}|a");
    // None, and no id: a create.
    let made = put(&system, &whole, &records::patient("a"))
        .await
        .expect(201);
    assert!(made.header("location").unwrap().ends_with("/_history/1"));
    let id = made.id();
    // One, with its id or none: an update.
    let own = records::with_id(records::patient("a"), &id);
    for (body, etag) in [(records::patient("a"), "W/\"2\""), (own, "W/\"3\"")] {
        let changed = put(&system, &whole, &body).await.expect(200);
        assert_eq!(changed.header("etag"), Some(etag));
        assert_eq!(changed.id(), id);
    }
    // One, with another id.
    let other = records::with_id(records::patient("a"), "another");
    let refused = put(&system, &whole, &other).await.expect(400);
    assert_eq!(refused.json()["issue"][0]["expression"][0], "Patient.id");
    // None, with an id: the record is made under it.
    let chosen = records::with_id(records::patient("b"), "chosen");
    let made = put(&system, "identifier=b", &chosen).await.expect(201);
    assert_eq!(made.id(), "chosen");
    // None, with the id of a record that does not meet them: that one stays.
    let taken = records::with_id(records::patient("c"), "chosen");
    put(&system, "identifier=c", &taken).await.expect(412);
    let read = system.get("Patient/chosen").await.expect(200);
    assert_eq!(read.header("etag"), Some("W/\"1\""));
    // Several.
    system.create("Patient", records::patient("a")).await;
    let several = put(&system, &whole, &records::patient("a"))
        .await
        .expect(412);
    assert_eq!(several.issue(), "multiple-matches");
    assert_eq!(patients(&system).await, 3);
    // The form of the answer is none of the criteria.
    let path = "Patient?_format=json&identifier=b&_pretty=true";
    system.put(path, records::patient("b")).await.expect(200);
    // Who may not choose ids chooses none here.
    let clinician = house.caller(&DemoUser::Clinician);
    let chosen = records::with_id(records::patient("d"), "chosen-too");
    put(&clinician, "identifier=d", &chosen).await.expect(403);
    put(&clinician, "identifier=d", &records::patient("d"))
        .await
        .expect(201);
}

async fn a_hundred_updates_at_once_make_one_record(kind: Kind) {
    let mut house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let other = system.through(&house.another().await);
    let replies = at_once(100, [&system, &other], |caller, _| async move {
        put(&caller, "identifier=raced", &records::patient("raced")).await
    });
    let replies = replies.await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1);
    // Others write the same record again and again: some are told to retry.
    assert!(
        replies
            .iter()
            .all(|reply| [200, 201, 409].contains(&reply.status))
    );
    assert_eq!(system.found("Patient?identifier=raced").await, 1);
}

async fn point_16_conditional_delete_of_none_one_and_several(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    for name in ["b", "b"] {
        system.create("Patient", records::patient(name)).await;
    }
    let none = system.delete("Patient?identifier=none").await.expect(204);
    assert_eq!(none.header("etag"), None);
    let one = system.delete("Patient?identifier=a").await.expect(204);
    assert_eq!(one.header("etag"), Some("W/\"2\""));
    system.get(&format!("Patient/{id}")).await.expect(410);
    system.delete("Patient?identifier=a").await.expect(204);
    let several = system.delete("Patient?identifier=b").await.expect(412);
    assert_eq!(several.issue(), "multiple-matches");
    assert_eq!(patients(&system).await, 2);
}

async fn point_16_conditional_patch_of_none_one_and_several(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    for name in ["b", "b"] {
        system.create("Patient", records::patient(name)).await;
    }
    patch(&system, "Patient?identifier=none").await.expect(404);
    let one = patch(&system, "Patient?identifier=a").await.expect(200);
    assert_eq!((one.id(), one.json()["active"].clone()), (id, json!(true)));
    assert_eq!(one.header("etag"), Some("W/\"2\""));
    let several = patch(&system, "Patient?identifier=b").await.expect(412);
    assert_eq!(several.issue(), "multiple-matches");
}

async fn point_17_a_change_without_criteria_changes_nothing(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    // The only record that there is would be chosen by what chooses all.
    let id = system.create("Patient", records::patient("a")).await;
    for query in [
        "",
        "?",
        "?&",
        "?_format=json",
        "?zebra=1",
        "?identifier=a&zebra=1",
        "?_count=1",
        "?_sort=_lastUpdated",
        "?_summary=count",
        "?identifier=",
        "?_id=",
        "?identifier:exact=a",
    ] {
        let path = format!("Patient{query}");
        let lenient = ("prefer", "handling=lenient");
        for (method, form, body) in [
            ("DELETE", "application/fhir+json", None),
            (
                "PUT",
                "application/fhir+json",
                Some(records::patient("b").to_string()),
            ),
            ("PATCH", JSON_PATCH[0].1, Some(PATCH.to_owned())),
        ] {
            let headers = [lenient, ("content-type", form)];
            let refused = system.send(method, &path, &headers, body).await;
            assert_eq!(refused.status, 400, "{method} {path}: {}", refused.text);
            assert!(
                refused.text.contains("the query of the URL"),
                "{}",
                refused.text
            );
        }
    }
    let read = system.get(&format!("Patient/{id}")).await.expect(200);
    assert_eq!(read.header("etag"), Some("W/\"1\""));
    assert_eq!(patients(&system).await, 1);
}

async fn preconditions_hold_beside_criteria(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let body = Some(records::patient("a").to_string());
    let send = async |method: &str, header: (&str, &str), status: u16| {
        let body = body.clone().filter(|_| method == "PUT");
        let reply = system
            .send(method, "Patient?identifier=a", &[header], body)
            .await;
        reply.expect(status)
    };
    for method in ["PUT", "DELETE"] {
        send(method, ("if-match", "W/\"1\""), 412).await;
    }
    send("PUT", ("if-none-match", "*"), 201).await;
    send("PUT", ("if-none-match", "*"), 412).await;
    send("PUT", ("if-match", "W/\"2\""), 412).await;
    send("PUT", ("if-match", "W/\"1\""), 200).await;
    send("PUT", ("if-none-exist", "identifier=a"), 400).await;
    send("DELETE", ("if-match", "W/\"1\""), 412).await;
    send("DELETE", ("if-match", "W/\"2\""), 204).await;
    assert_eq!(patients(&system).await, 0);
}

/// A FHIRPath Patch that says that a patient is active.
fn active() -> Value {
    json!({
        "resourceType": "Parameters",
        "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "add"},
            {"name": "path", "valueString": "Patient"},
            {"name": "name", "valueString": "active"},
            {"name": "value", "valueBoolean": true},
        ]}],
    })
}

async fn entries_choose_by_criteria(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let urn = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";
    for (name, found) in [
        ("batch", false),
        ("transaction", false),
        ("transaction", true),
    ] {
        let mut observation = records::observation("x");
        if name == "transaction" {
            observation["subject"]["reference"] = json!(urn);
        }
        for one in ["p", "d"] {
            system
                .put(&format!("Patient?identifier={one}"), records::patient(one))
                .await;
        }
        let mut bundle = records::bundle(
            name,
            &[
                ("POST", "Observation", Some(observation)),
                ("PUT", "Patient?identifier=u", Some(records::patient("u"))),
                ("PATCH", "/Patient?identifier=p", Some(active())),
                ("DELETE", "Patient?identifier=d", None),
                ("DELETE", "Patient?identifier=none", None),
            ],
        );
        bundle["entry"][1]["fullUrl"] = json!(urn);
        let reply = system.post("", &bundle).await.expect(200).json();
        let second = if found { "200" } else { "201" };
        assert_eq!(
            statuses(&reply),
            ["201", second, "200", "204", "204"],
            "{name}"
        );
        assert_eq!(reply["entry"][2]["resource"]["active"], true);
        assert_eq!(system.found("Patient?identifier=d").await, 0);
        if name == "transaction" {
            let id = reply["entry"][1]["resource"]["id"].as_str().unwrap();
            let subject = &reply["entry"][0]["resource"]["subject"]["reference"];
            assert_eq!(subject, &format!("Patient/{id}"));
        } else {
            system.delete("Patient?identifier=u").await.expect(204);
        }
    }
}

async fn criteria_of_an_entry_that_are_not_read_blame_it(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let bad = [("DELETE", "Patient?zebra=1", None)];
    let refused = system
        .post("", records::bundle("transaction", &bad))
        .await
        .expect(400);
    let place = refused.json()["issue"][0]["expression"][0].clone();
    assert!(
        place.as_str().unwrap().starts_with("Bundle.entry[0]"),
        "{place}"
    );
    let batch = system
        .post("", records::bundle("batch", &bad))
        .await
        .expect(200);
    assert_eq!(statuses(&batch.json()), ["400"]);
}

async fn point_37_two_entries_must_not_change_one_record(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let a = || Some(records::patient("a"));
    let own = || Some(records::with_id(records::patient("a"), &id));
    let by_id = format!("Patient?_id={id}");
    for entries in [
        [
            ("PUT", "Patient?identifier=a", a()),
            ("PUT", path.as_str(), own()),
        ],
        [
            ("PUT", "Patient?identifier=a", a()),
            ("PUT", by_id.as_str(), a()),
        ],
        [
            ("DELETE", "Patient?identifier=a", None),
            ("PUT", path.as_str(), own()),
        ],
        [
            ("DELETE", "Patient?identifier=a", None),
            ("DELETE", path.as_str(), None),
        ],
        [
            ("PUT", "Patient?identifier=b", Some(records::patient("b"))),
            ("PUT", "Patient?identifier=b", Some(records::patient("b"))),
        ],
    ] {
        for order in [[0, 1], [1, 0]] {
            let entries = order.map(|index| entries[index].clone());
            let refused = system
                .post("", records::bundle("transaction", &entries))
                .await;
            assert_eq!(refused.status, 400, "{}", refused.text);
        }
    }
    let read = system.get(&path).await.expect(200);
    assert_eq!(read.header("etag"), Some("W/\"1\""));
    assert_eq!(patients(&system).await, 1);
}

async fn what_is_hidden_is_not_changed_and_does_not_show(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let own = system.create("Patient", records::patient("own")).await;
    let other = system.create("Patient", records::patient("other")).await;
    let known = |patient: &str, name: &str| {
        let mut observation = records::observation(patient);
        observation["identifier"] = json!([{"system": SYSTEM, "value": name}]);
        observation
    };
    let hidden = system.create("Observation", known(&other, "hidden")).await;
    let narrowed = |scope: &str| {
        house.caller_with(&DemoUser::System, |claims| {
            claims["scope"] = scope.into();
            claims["patient"] = own.as_str().into();
        })
    };
    let caller = narrowed("patient/*.cruds");
    for name in ["hidden", "absent"] {
        let path = format!("Observation?identifier={name}");
        caller.delete(&path).await.expect(204);
        patch(&caller, &path).await.expect(404);
        caller.put(&path, known(&own, name)).await.expect(201);
        caller.put(&path, known(&own, name)).await.expect(200);
    }
    let blind = narrowed("patient/*.crud");
    for name in ["hidden", "absent2"] {
        let path = format!("Observation?identifier={name}");
        blind.delete(&path).await.expect(403);
        patch(&blind, &path).await.expect(403);
        blind.put(&path, known(&own, name)).await.expect(403);
    }
    let reader = narrowed("patient/*.rs");
    for name in ["hidden", "absent2"] {
        let path = format!("Observation?identifier={name}");
        reader.delete(&path).await.expect(403);
        patch(&reader, &path).await.expect(403);
        reader.put(&path, known(&own, name)).await.expect(403);
    }
    let read = system
        .get(&format!("Observation/{hidden}"))
        .await
        .expect(200);
    assert_eq!(read.header("etag"), Some("W/\"1\""));
}

async fn a_repeated_change_is_answered_again(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let body = Some(records::patient("a").to_string());
    let send = async |method: &str, path: &str, key: &str| {
        let body = match method {
            "PUT" => body.clone(),
            "PATCH" => Some(PATCH.to_owned()),
            _ => None,
        };
        let form = if method == "PATCH" {
            JSON_PATCH[0].1
        } else {
            "application/fhir+json"
        };
        let headers = [("idempotency-key", key), ("content-type", form)];
        system.send(method, path, &headers, body).await
    };
    for (method, path, key, status) in [
        ("PUT", "Patient?identifier=a", "1", 201),
        ("PUT", "Patient?identifier=a", "2", 200),
        ("PATCH", "Patient?identifier=a", "3", 200),
        ("DELETE", "Patient?identifier=a", "4", 204),
        ("DELETE", "Patient?identifier=a", "5", 204),
    ] {
        let first = send(method, path, key).await.expect(status);
        let again = send(method, path, key).await.expect(status);
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{key}");
        assert_eq!(again.text, first.text, "{key}");
        assert_eq!(again.header("etag"), first.header("etag"), "{key}");
        // Other criteria are another request.
        send(method, "Patient?identifier=b", key).await.expect(422);
    }
    // Long since overtaken, the answers stay what they were.
    send("PUT", "Patient?identifier=a", "1").await.expect(201);
    send("PATCH", "Patient?identifier=a", "3").await.expect(200);
    assert_eq!(patients(&system).await, 0);
}
