//! References by criteria, such as `Patient?identifier=..`
//! (<https://hl7.org/fhir/R4/http.html#trules>): resolved in transactions alone, to the one
//! record that the caller may see or writes by it.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::House,
    records::{self, SYSTEM},
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    point_40_a_reference_by_criteria_becomes_one_to_its_record,
    point_40_of_none_and_of_several_the_transaction_fails,
    what_the_transaction_writes_is_referred_to,
    what_is_hidden_is_referred_to_as_what_is_absent,
    outside_of_a_transaction_they_are_refused,
    a_repeated_transaction_is_answered_as_it_was,
    what_is_held_against_entries_is_bounded,
}

fn of(reference: &str) -> Value {
    let mut observation = records::observation("x");
    observation["subject"]["reference"] = json!(reference);
    observation
}

async fn send(caller: &Caller, entries: &[(&str, &str, Option<Value>)]) -> Reply {
    caller
        .post("", records::bundle("transaction", entries))
        .await
}

fn subject(reply: &Value, index: usize) -> &Value {
    &reply["entry"][index]["resource"]["subject"]["reference"]
}

async fn point_40_a_reference_by_criteria_becomes_one_to_its_record(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let whole = format!("Patient?identifier={SYSTEM}|a");
    let entries = [
        ("POST", "Observation", Some(of(&whole))),
        ("POST", "Observation", Some(of("Patient?identifier=a"))),
        ("POST", "Observation", Some(of(&whole))),
    ];
    let reply = send(&system, &entries).await.expect(200).json();
    for index in 0..3 {
        assert_eq!(subject(&reply, index), &format!("Patient/{id}"));
    }
    // It is the patient's record, and found so.
    assert_eq!(system.found(&format!("Observation?patient={id}")).await, 3);
}

async fn point_40_of_none_and_of_several_the_transaction_fails(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..2 {
        system.create("Patient", records::patient("two")).await;
    }
    for (reference, status, code) in [
        ("Patient?identifier=none", 412, "not-found"),
        ("Patient?identifier=two", 412, "multiple-matches"),
        ("Patient?", 400, "required"),
        ("Patient?zebra=1", 400, "not-supported"),
        ("Patient?identifier=", 400, "value"),
        ("Patient?_count=1", 400, "not-supported"),
    ] {
        let first = ("POST", "Patient", Some(records::patient("first")));
        let entries = [first, ("POST", "Observation", Some(of(reference)))];
        let refused = send(&system, &entries).await.expect(status);
        assert_eq!(refused.issue(), code, "{reference}");
        let element = "Bundle.entry[1].resource.subject.reference";
        assert_eq!(refused.json()["issue"][0]["expression"][0], element);
        assert_eq!(system.found("Patient?identifier=first").await, 0);
    }
}

async fn what_the_transaction_writes_is_referred_to(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let refers = ("POST", "Observation", Some(of("Patient?identifier=a")));
    let made = ("POST", "Patient", Some(records::patient("a")));
    // In either order.
    for entries in [[refers.clone(), made.clone()], [made, refers.clone()]] {
        let reply = send(&system, &entries).await.expect(200).json();
        let patient = usize::from(reply["entry"][0]["resource"]["resourceType"] != "Patient");
        let id = reply["entry"][patient]["resource"]["id"].as_str().unwrap();
        assert_eq!(subject(&reply, 1 - patient), &format!("Patient/{id}"));
        system.delete(&format!("Patient/{id}")).await.expect(204);
    }
    // A record that is changed counts as it becomes, one that is deleted not at all.
    let id = system.create("Patient", records::patient("b")).await;
    let path = format!("Patient/{id}");
    let changed = |name: &str| Some(records::with_id(records::patient(name), &id));
    let becomes = [refers.clone(), ("PUT", path.as_str(), changed("a"))];
    let reply = send(&system, &becomes).await.expect(200).json();
    assert_eq!(subject(&reply, 0), &json!(path));
    let was = [refers.clone(), ("PUT", path.as_str(), changed("b"))];
    send(&system, &was).await.expect(412);
    let deleted = [refers.clone(), ("DELETE", path.as_str(), None)];
    send(&system, &deleted).await.expect(412);
    // Stored and written are two.
    let second = [refers, ("POST", "Patient", Some(records::patient("a")))];
    send(&system, &second).await.expect(412);
    // What another entry finds by criteria is one.
    let mut found = records::bundle(
        "transaction",
        &[
            ("POST", "Observation", Some(of("Patient?identifier=a"))),
            ("POST", "Patient", Some(records::patient("a"))),
        ],
    );
    found["entry"][1]["request"]["ifNoneExist"] = json!("identifier=a");
    let reply = system.post("", found).await.expect(200).json();
    assert_eq!(subject(&reply, 0), &json!(path));
}

async fn what_is_hidden_is_referred_to_as_what_is_absent(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let own = system.create("Patient", records::patient("own")).await;
    system.create("Patient", records::patient("hidden")).await;
    let caller = house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = "patient/*.cruds".into();
        claims["patient"] = own.as_str().into();
    });
    let refused = async |name: &str| {
        let reference = format!("Patient?identifier={name}");
        let mut observation = records::observation(&own);
        observation["focus"] = json!([{"reference": reference}]);
        let entries = [("POST", "Observation", Some(observation))];
        send(&caller, &entries).await.expect(412).text
    };
    assert_eq!(refused("hidden").await, refused("absent").await);
    let blind = house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = "patient/*.cr".into();
        claims["patient"] = own.as_str().into();
    });
    for name in ["own", "hidden", "absent"] {
        let reference = format!("Patient?identifier={name}");
        let entries = [("POST", "Observation", Some(of(&reference)))];
        send(&blind, &entries).await.expect(403);
    }
}

async fn outside_of_a_transaction_they_are_refused(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
    let body = of("Patient?identifier=a");
    let refused = system.post("Observation", &body).await.expect(400);
    assert_eq!(refused.issue(), "not-supported");
    let batch = records::bundle("batch", &[("POST", "Observation", Some(body))]);
    let reply = system.post("", batch).await.expect(200).json();
    assert_eq!(reply["entry"][0]["response"]["status"], "400 Bad Request");
}

async fn a_repeated_transaction_is_answered_as_it_was(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
    let other = records::with_id(of("Patient?identifier=a"), "chosen");
    let entries = [
        ("POST", "Observation", Some(of("Patient?identifier=a"))),
        ("PUT", "Observation/chosen", Some(other)),
        ("POST", "Patient", Some(records::patient("b"))),
    ];
    let body = records::bundle("transaction", &entries).to_string();
    let keyed = || system.send("POST", "", &[("idempotency-key", "k")], Some(body.clone()));
    let first = keyed().await.expect(200);
    // By now the criteria would find two.
    system.create("Patient", records::patient("a")).await;
    let again = keyed().await.expect(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.text, first.text);
    assert_eq!(system.found("Observation").await, 2);
}

async fn what_is_held_against_entries_is_bounded(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patients = (0..401).map(|number| {
        let name = format!("p{number}");
        ("POST", "Patient", Some(records::patient(&name)))
    });
    let observations = (0..250).map(|number| {
        let reference = format!("Patient?identifier=p{number}");
        ("POST", "Observation", Some(of(&reference)))
    });
    let entries: Vec<_> = patients.chain(observations).collect();
    let refused = send(&system, &entries).await.expect(413);
    assert_eq!(refused.issue(), "too-costly");
    assert_eq!(system.found("Patient").await, 0);
}
