//! Batch and transaction: points 37 to 41.

use super::{each, entries, found, patient, put};
use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    point_37_the_order_of_entries_decides_nothing,
    point_37_who_is_named_twice_makes_the_whole_fail,
    point_38_answers_come_in_the_order_of_the_request,
    point_38_a_batch_answers_each_entry_and_a_transaction_fails_as_one,
    point_39_every_link_to_an_entry_leads_to_its_record,
    point_40_preconditions_of_entries_hold_and_the_number_of_entries_is_limited,
}

async fn transaction(caller: &Caller, entries: Vec<Value>) -> Reply {
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    caller.post("", bundle).await
}

fn entry(method: &str, url: &str, resource: Option<Value>) -> Value {
    let bundle = records::bundle("transaction", &[(method, url, resource)]);
    bundle["entry"][0].clone()
}

async fn point_37_the_order_of_entries_decides_nothing(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for round in 0..5 {
        let name = |name: &str| format!("{name}-{round}");
        let (gone, kept) = (name("gone"), name("kept"));
        let record =
            |identifier: &str, id: &str| Some(records::with_id(records::patient(identifier), id));
        let at = |id: &str| format!("Patient/{id}");
        for id in [&gone, &kept] {
            put(&system, &at(id), records::patient(&name("old")), &[])
                .await
                .expect(201);
        }
        let posted = records::patient(&name("new"));
        // Each look sees what all changes made, whichever stands first.
        let mut all = vec![
            entry("GET", &format!("Patient?identifier={}", name("old")), None),
            entry("GET", &format!("Patient?identifier={}", name("new")), None),
            entry("PUT", &at(&kept), record(&name("new"), &kept)),
            entry("POST", "Patient", Some(posted)),
            entry("DELETE", &at(&gone), None),
        ];
        all.rotate_left(round);
        let methods = each(&all, "/request/method");
        let done = transaction(&system, all.clone()).await.expect(200).json();
        for ((method, asked), answer) in methods.iter().zip(&all).zip(entries(&done)) {
            let status = answer["response"]["status"].as_str().unwrap();
            let expected = match method.as_str() {
                "POST" => "201 Created",
                "DELETE" => "204 No Content",
                _ => "200 OK",
            };
            assert_eq!(status, expected, "{method}");
            if method == "GET" {
                let is_old = asked["request"]["url"].as_str().unwrap().contains("old");
                let matches = entries(&answer["resource"]).len();
                assert_eq!(matches, if is_old { 0 } else { 2 }, "{asked}");
            }
        }
    }
}

async fn point_37_who_is_named_twice_makes_the_whole_fail(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let one = || Some(records::with_id(records::patient("twice"), "one"));
    for pair in [
        [
            entry("PUT", "Patient/one", one()),
            entry("PUT", "Patient/one", one()),
        ],
        [
            entry("PUT", "Patient/one", one()),
            entry("DELETE", "Patient/one", None),
        ],
    ] {
        let mut entries = pair.to_vec();
        entries.push(entry("POST", "Patient", Some(records::patient("twice"))));
        for _ in 0..3 {
            entries.rotate_left(1);
            let refused = transaction(&system, entries.clone()).await.expect(400);
            assert_eq!(refused.json()["issue"][0]["code"], "invalid");
        }
    }
    assert!(found(&system, "Patient?identifier=twice").await.is_empty());
    system.get("Patient/one").await.expect(404);
}

async fn point_38_answers_come_in_the_order_of_the_request(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let one = Some(records::with_id(records::patient("c"), "one"));
    let changes = [
        ("GET", &*path, None),
        ("PUT", "Patient/one", one),
        ("POST", "Patient", Some(records::patient("b"))),
        ("DELETE", "Patient/never-was", None),
    ];
    let done = system
        .post("", records::bundle("transaction", &changes))
        .await;
    let done = done.expect(200).json();
    assert_eq!(done["type"], "transaction-response");
    let answers = entries(&done);
    assert_eq!(
        each(&answers, "/response/status"),
        ["200 OK", "201 Created", "201 Created", "204 No Content"]
    );
    for (place, answer) in answers.iter().enumerate().take(3) {
        let response = &answer["response"];
        assert_eq!(response["etag"], "W/\"1\"", "{place}");
        let updated = &answer["resource"]["meta"]["lastUpdated"];
        assert_eq!(&response["lastModified"], updated, "{place}");
        let id = answer["resource"]["id"].as_str().unwrap();
        let location = format!("{}/Patient/{id}/_history/1", system.base());
        let expected = if place == 0 {
            Value::Null
        } else {
            location.into()
        };
        assert_eq!(response["location"], expected, "{place}");
    }
}

async fn point_38_a_batch_answers_each_entry_and_a_transaction_fails_as_one(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    // A batch is 200, however its entries fare.
    let all = [
        ("GET", "Patient/absent", None),
        (
            "POST",
            "Patient",
            Some(json!({"resourceType": "Patient", "gender": "x"})),
        ),
        ("PUT", "Patient/two", None),
        ("GET", &*path, None),
    ];
    let batch = system.post("", records::bundle("batch", &all)).await;
    let batch = batch.expect(200).json();
    assert_eq!(batch["type"], "batch-response");
    let answers = entries(&batch);
    assert_eq!(
        each(&answers, "/response/status"),
        [
            "404 Not Found",
            "422 Unprocessable Entity",
            "400 Bad Request",
            "200 OK"
        ]
    );
    assert_eq!(
        each(&answers, "/response/outcome/resourceType"),
        [
            "OperationOutcome",
            "OperationOutcome",
            "OperationOutcome",
            "-"
        ]
    );
    // A transaction that fails is one outcome, and nothing of it is there.
    let rows = || house.query("SELECT COUNT(*) FROM version");
    let before = rows();
    let failing = [
        ("POST", "Patient", Some(records::patient("lost"))),
        ("GET", "Patient/absent", None),
    ];
    let failed = system
        .post("", records::bundle("transaction", &failing))
        .await;
    assert_eq!(failed.expect(404).issue(), "not-found");
    assert_eq!(rows(), before);
    assert!(found(&system, "Patient?identifier=lost").await.is_empty());
    let audits = house.audits(HOME).await;
    // The search above, then the transaction as a failure of the caller.
    assert_eq!(audits[1].outcome, 4);
}

const ENCOUNTER: &str = "urn:uuid:0b2f4d0e-4f52-4d0e-9d7d-0d5a1c9d3a01";
const CONDITION: &str = "urn:uuid:0b2f4d0e-4f52-4d0e-9d7d-0d5a1c9d3a02";

/// An Encounter and a Condition that lead to each other, of a patient in one version.
fn circle(patient: &Value) -> Vec<Value> {
    let encounter = json!({
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": patient,
        "diagnosis": [{"condition": {"reference": CONDITION}}],
    });
    let link = |name: &str| {
        let mut extension = json!({"url": "https://example.org/link"});
        extension[name] = ENCOUNTER.into();
        extension
    };
    let names = ["valueUri", "valueUrl", "valueCanonical", "valueString"];
    let condition = json!({
        "resourceType": "Condition",
        "subject": patient,
        "encounter": {"reference": ENCOUNTER},
        "note": [{"text": ENCOUNTER}],
        "text": {
            "status": "generated",
            "div": format!(
                "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"{ENCOUNTER}\">visit</a>\
                 <img src=\"{ENCOUNTER}\" alt=\"{ENCOUNTER}\"/></div>"
            ),
        },
        "extension": names.map(link),
    });
    let mut circle = vec![
        entry("POST", "Encounter", Some(encounter)),
        entry("POST", "Condition", Some(condition)),
    ];
    circle[0]["fullUrl"] = ENCOUNTER.into();
    circle[1]["fullUrl"] = CONDITION.into();
    circle
}

async fn point_39_every_link_to_an_entry_leads_to_its_record(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let about = json!({"reference": format!("{path}/_history/1")});
    let done = transaction(&system, circle(&about))
        .await
        .expect(200)
        .json();
    let answers = entries(&done);
    let made = |place: usize| {
        let resource = &answers[place]["resource"];
        let text = |name: &str| resource[name].as_str().unwrap();
        format!("{}/{}", text("resourceType"), text("id"))
    };
    let (visit, problem) = (made(0), made(1));
    let stored = system.get(&visit).await.expect(200).json();
    assert_eq!(stored["diagnosis"][0]["condition"]["reference"], problem);
    // One to a version stays one to that version.
    assert_eq!(stored["subject"], about);
    let stored = system.get(&problem).await.expect(200).json();
    assert_eq!(stored["encounter"]["reference"], visit);
    assert_eq!(stored["extension"][0]["valueUri"], visit);
    assert_eq!(stored["extension"][1]["valueUrl"], visit);
    assert_eq!(stored["extension"][2]["valueCanonical"], ENCOUNTER);
    assert_eq!(stored["extension"][3]["valueString"], ENCOUNTER);
    assert_eq!(stored["note"][0]["text"], ENCOUNTER);
    let div = stored["text"]["div"].as_str().unwrap();
    let links = format!("<a href=\"{visit}\">visit</a><img src=\"{visit}\" alt=\"{ENCOUNTER}\"/>");
    assert!(div.contains(&links), "{div}");
}

/// What an `oid` or `uuid` would become is none any more. R4 has both rules; the transaction is
/// refused, so that neither an invalid value is stored nor a link that leads nowhere.
#[actix_web::test]
async fn point_39_an_oid_or_uuid_that_is_a_link_is_refused() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for (name, kind, url) in [
        ("valueUuid", "uuid", ENCOUNTER),
        ("valueOid", "oid", "urn:oid:1.2.840.99.1"),
    ] {
        let mut practitioner = records::practitioner();
        let mut extension = json!({"url": "https://example.org/link"});
        extension[name] = url.into();
        practitioner["extension"] = json!([extension]);
        let mut all = vec![
            entry("POST", "Patient", Some(records::patient("a"))),
            entry("POST", "Practitioner", Some(practitioner.clone())),
        ];
        all[0]["fullUrl"] = url.into();
        let refused = transaction(&system, all.clone()).await.expect(422);
        assert_eq!(refused.issue(), "value", "{name}");
        let at = format!("Bundle.entry[1].resource.extension[0].value.ofType({kind})");
        assert_eq!(refused.json()["issue"][0]["expression"][0], at);
        // One that is the fullUrl of no entry is content.
        all[0]["fullUrl"] = CONDITION.into();
        let done = transaction(&system, all).await.expect(200).json();
        let stored = &done["entry"][1]["resource"]["extension"];
        assert_eq!(*stored, practitioner["extension"], "{name}");
    }
}

async fn point_40_preconditions_of_entries_hold_and_the_number_of_entries_is_limited(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let with = |method: &str, name: &str, value: &str| {
        let id = path.trim_start_matches("Patient/");
        let record = records::with_id(records::patient("b"), id);
        let mut entry = entry(method, &path, (method == "PUT").then_some(record));
        entry["request"][name] = value.into();
        entry
    };
    for (method, name, value) in [
        ("PUT", "ifMatch", "W/\"7\""),
        ("DELETE", "ifMatch", "W/\"7\""),
        ("PUT", "ifNoneMatch", "*"),
    ] {
        let failed = transaction(&system, vec![with(method, name, value)]).await;
        assert_eq!(failed.expect(412).issue(), "conflict", "{method} {name}");
    }
    for (name, value) in [
        ("ifNoneMatch", "W/\"1\""),
        ("ifModifiedSince", "2100-01-01T00:00:00Z"),
    ] {
        let known = transaction(&system, vec![with("GET", name, value)]).await;
        let known = known.expect(200).json();
        assert_eq!(known["entry"][0]["response"]["status"], "304 Not Modified");
        assert_eq!(known["entry"][0].get("resource"), None);
    }
    let done = transaction(&system, vec![with("PUT", "ifMatch", "W/\"1\"")]).await;
    let done = done.expect(200).json();
    assert_eq!(done["entry"][0]["response"]["etag"], "W/\"2\"");
    for kind in ["transaction", "batch"] {
        for empty in [
            json!({"resourceType": "Bundle", "type": kind}),
            json!({"resourceType": "Bundle", "type": kind, "entry": []}),
        ] {
            let done = system.post("", empty).await.expect(200).json();
            assert_eq!(done["type"], format!("{kind}-response"));
            assert_eq!(done.get("entry"), None);
        }
        let too_many = vec![("GET", "Patient/a", None); 10_001];
        let refused = system.post("", records::bundle(kind, &too_many)).await;
        let refused = refused.expect(413);
        assert_eq!(refused.issue(), "too-costly");
        assert!(refused.text.contains("10000"), "{}", refused.text);
        assert_eq!(refused.json()["issue"][0]["expression"][0], "Bundle.entry");
    }
}

/// An absolute URL is none of them: `request.url` is relative to the base
/// (<https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.request.url>).
#[actix_web::test]
async fn point_41_urls_of_entries_are_read_in_each_form() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    put(&system, "Patient/one", records::patient("a"), &[])
        .await
        .expect(201);
    let looks = [
        "Patient",
        "/Patient",
        "Patient/",
        "Patient/one",
        "/Patient/one",
        "Patient/one/",
        "Patient?identifier=a",
        "/Patient?identifier=a",
        "Patient/?identifier=a",
        "Patient/one/_history",
        "Patient/one/_history/1",
    ];
    let all: Vec<_> = looks.iter().map(|url| entry("GET", url, None)).collect();
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": all});
    let base = system.base().to_owned();
    for place in ["".to_owned(), format!("{base}/")] {
        let done = system.post(&place, &bundle).await.expect(200).json();
        let statuses = each(&entries(&done), "/response/status");
        assert_eq!(statuses, vec!["200 OK"; looks.len()], "{place}");
    }
    for (method, url) in [
        ("POST", "/Patient"),
        ("PUT", "/Patient/two"),
        ("DELETE", "/Patient/two"),
    ] {
        let record = records::with_id(records::patient("b"), "two");
        let body = (method != "DELETE").then_some(record);
        transaction(&system, vec![entry(method, url, body)])
            .await
            .expect(200);
    }
    let absolute = entry("GET", &format!("{base}/Patient/one"), None);
    transaction(&system, vec![absolute]).await.expect(400);
}
