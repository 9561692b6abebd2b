//! batch and transaction: entries of a batch stand for themselves, those of a
//! transaction together.

use crate::{
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use gateway::interaction::{
    TABLE,
    kinds::{Place, Row, Verb},
};
use serde_json::{Value, json};

on_both! {
    a_batch_answers_each_entry_for_itself_and_in_order,
    a_transaction_is_all_or_nothing,
    entries_find_each_other_by_urn,
    what_the_same_record_gets_twice_is_refused,
    a_batch_looks_as_a_request_of_its_own_does,
    an_entry_of_a_batch_is_answered_as_if_it_were_sent_alone,
}

fn statuses(body: &Value) -> Vec<String> {
    let entries = body["entry"].as_array().unwrap().iter();
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap()[..3].to_owned();
    entries.map(status).collect()
}

async fn a_batch_answers_each_entry_for_itself_and_in_order(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let clinician = house.caller(&DemoUser::Clinician);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let chosen = Some(records::with_id(records::patient("c"), "chosen"));
    let batch = records::bundle(
        "batch",
        &[
            ("POST", "Patient", Some(records::patient("b"))),
            ("GET", "Patient/absent", None),
            ("GET", &path, None),
            ("PUT", "Patient/chosen", chosen.clone()),
            ("PUT", "Patient/one", chosen),
            ("DELETE", "AuditEvent/1", None),
            ("GET", "Patient?identifier=a", None),
        ],
    );
    let reply = clinician.post("", &batch).await.expect(200).json();
    assert_eq!(reply["type"], "batch-response");
    assert_eq!(
        statuses(&reply),
        ["201", "404", "200", "403", "400", "405", "200"]
    );
    assert_eq!(reply["entry"][2]["resource"]["id"], id);
    assert_eq!(
        reply["entry"][1]["response"]["outcome"]["resourceType"],
        "OperationOutcome"
    );
    assert_eq!(
        reply["entry"][6]["resource"]["entry"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(system.found("Patient?identifier=b").await, 1);
    assert_eq!(system.found("Patient?identifier=c").await, 0);
}

async fn a_transaction_is_all_or_nothing(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let clinician = house.caller(&DemoUser::Clinician);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let changed = records::with_id(records::patient("changed"), &id);
    let chosen = records::with_id(records::patient("c"), "chosen");
    let first = ("POST", "Patient", Some(records::patient("b")));
    let second = ("PUT", path.as_str(), Some(changed));
    let mismatched = Some(chosen.clone());
    for (last, status) in [
        // What a clinician may not do, what is refused, what is not there.
        (("PUT", "Patient/chosen", Some(chosen)), 403),
        (("PUT", "Patient/one", mismatched), 400),
        (("GET", "Patient/absent", None), 404),
        (("DELETE", "AuditEvent/1", None), 400),
    ] {
        let bundle = records::bundle("transaction", &[first.clone(), second.clone(), last]);
        let reply = clinician.post("", &bundle).await.expect(status);
        let blamed = reply.json()["issue"][0]["expression"][0].clone();
        assert!(blamed.as_str().unwrap().starts_with("Bundle.entry[2]"));
        assert_eq!(system.found("Patient?identifier=b").await, 0);
        let read = system.get(&path).await.expect(200);
        assert_eq!(read.header("etag"), Some("W/\"1\""));
    }
    // Without the entry that fails the others are done.
    let bundle = records::bundle("transaction", &[first, second]);
    let done = clinician.post("", &bundle).await.expect(200).json();
    assert_eq!(statuses(&done), ["201", "200"]);
    assert_eq!(system.found("Patient?identifier=b").await, 1);
    assert_eq!(
        system.get(&path).await.expect(200).header("etag"),
        Some("W/\"2\"")
    );
}

async fn entries_find_each_other_by_urn(kind: Kind) {
    let house = House::start_on(kind).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let urn = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";
    let mut observation = records::observation("x");
    observation["subject"]["reference"] = json!(urn);
    let mut bundle = records::bundle(
        "transaction",
        &[
            ("POST", "Observation", Some(observation.clone())),
            ("POST", "Patient", Some(records::patient("a"))),
        ],
    );
    bundle["entry"][1]["fullUrl"] = json!(urn);
    let done = clinician.post("", &bundle).await.expect(200).json();
    let patient = done["entry"][1]["resource"]["id"].as_str().unwrap();
    let found = clinician
        .get(&format!("Observation?patient={patient}"))
        .await
        .expect(200);
    assert_eq!(
        found.resources()[0]["subject"]["reference"],
        format!("Patient/{patient}")
    );
    // A name that no entry has is refused, not stored.
    let lonely = records::bundle("transaction", &[("POST", "Observation", Some(observation))]);
    clinician.post("", &lonely).await.expect(400);
}

async fn what_the_same_record_gets_twice_is_refused(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let one = records::with_id(records::patient("a"), "one");
    let twice = [
        ("PUT", "Patient/one", Some(one.clone())),
        ("PUT", "Patient/one", Some(one)),
    ];
    system
        .post("", records::bundle("transaction", &twice))
        .await
        .expect(400);
    system.get("Patient/one").await.expect(404);
    for kind in ["collection", "searchset", "history"] {
        let reply = system.post("", records::bundle(kind, &[])).await;
        assert_eq!(reply.status, 400, "{kind}: {}", reply.text);
    }
}

#[actix_web::test]
async fn links_of_a_transaction_lead_to_the_new_records() {
    let house = House::start().await;
    let clinician = house.caller(&DemoUser::Clinician);
    let source = |path: &str| format!("http://source.example.org/fhir/{path}");
    let binary = json!({"resourceType": "Binary", "contentType": "text/plain", "data": "SGVsbG8="});
    let document = json!({
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "description": "Patient/p1",
        "text": {
            "status": "generated",
            "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Rule: dose=\"2 x daily</p>\
                    <a href=\"Patient/p1#name\">patient</a><code>href=\"Patient/p1\"</code></div>",
        },
        "content": [{"attachment": {"contentType": "text/plain", "url": "Binary/b1"}}],
    });
    let mut bundle = records::bundle(
        "transaction",
        &[
            ("POST", "DocumentReference", Some(document)),
            ("POST", "Patient", Some(records::patient("a"))),
            ("POST", "Binary", Some(binary)),
        ],
    );
    for (entry, path) in ["DocumentReference/d1", "Patient/p1", "Binary/b1"]
        .iter()
        .enumerate()
    {
        bundle["entry"][entry]["fullUrl"] = source(path).into();
    }
    let done = clinician.post("", &bundle).await.expect(200).json();
    let made = |entry: usize| &done["entry"][entry]["resource"];
    let id = |entry: usize| made(entry)["id"].as_str().unwrap();
    let document = clinician
        .get(&format!("DocumentReference/{}", id(0)))
        .await
        .expect(200)
        .json();
    let (patient, binary) = (format!("Patient/{}", id(1)), format!("Binary/{}", id(2)));
    assert_eq!(document["subject"]["reference"], patient);
    assert_eq!(document["description"], "Patient/p1");
    assert_eq!(document["content"][0]["attachment"]["url"], binary);
    assert_eq!(
        document["text"]["div"],
        format!(
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Rule: dose=\"2 x daily</p>\
             <a href=\"{patient}#name\">patient</a><code>href=\"Patient/p1\"</code></div>"
        )
    );
}

async fn a_batch_looks_as_a_request_of_its_own_does(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let alone = [
        path.clone(),
        format!("{path}?_format=json"),
        format!("{path}/_history/1"),
        format!("{path}/_history"),
        format!("{path}/_history?_count=1"),
        "Patient?identifier=a".to_owned(),
        "Patient/absent/_history".to_owned(),
        format!("{path}/_history?status=active"),
    ];
    let looks: Vec<_> = alone
        .iter()
        .map(|url| ("GET", url.as_str(), None))
        .collect();
    let batch = records::bundle("batch", &looks);
    let answers = system.post("", batch).await.expect(200).json();
    for (url, answer) in alone.iter().zip(answers["entry"].as_array().unwrap()) {
        let reply = system.get(url).await;
        let status = answer["response"]["status"].as_str().unwrap();
        assert_eq!(&status[..3], reply.status.to_string(), "{url}");
        let body = match reply.status {
            200 => &answer["resource"],
            _ => &answer["response"]["outcome"],
        };
        assert_eq!(body, &reply.json(), "{url}");
    }
    // By HEAD each answer is the same without what was found.
    let looks: Vec<_> = alone
        .iter()
        .map(|url| ("HEAD", url.as_str(), None))
        .collect();
    let batch = records::bundle("batch", &looks);
    let heads = system.post("", batch).await.expect(200).json();
    for ((url, head), answer) in alone
        .iter()
        .zip(heads["entry"].as_array().unwrap())
        .zip(answers["entry"].as_array().unwrap())
    {
        assert_eq!(head["resource"], Value::Null, "{url}");
        assert_eq!(head["response"], answer["response"], "{url}");
    }
}

/// The URL of a line of the table, below a base.
fn url(row: &Row, kind: &str, id: &str) -> String {
    let pattern = row.place.pattern().trim_start_matches('/');
    let url = pattern.replace("{type}", kind).replace("{id}", id);
    let url = url.replace("{version}", "1");
    let url = url.replace("{members}", "Observation");
    // A change of a type chooses its record by criteria.
    let chooses = matches!(row.verb, Verb::Put | Verb::Patch | Verb::Delete);
    if row.place == Place::Type && chooses {
        format!("{url}?_id={id}")
    } else {
        url
    }
}

/// Each line of the table, for a type of each class, by system: it may do all with
/// records and nothing with audit events.
async fn an_entry_of_a_batch_is_answered_as_if_it_were_sent_alone(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let known = system.create("Patient", records::patient("a")).await;
    for twin in ["alone", "in-batch"] {
        let record = records::with_id(records::patient("b"), twin);
        drop(system.put(&format!("Patient/{twin}"), record).await);
    }
    let rows = TABLE.iter().filter(|row| row.place.is_of_entries());
    let kinds = ["Patient", "AuditEvent", "Parameters"];
    for (row, kind) in rows.flat_map(|row| kinds.map(|kind| (row, kind))) {
        let method = row.verb.methods()[0];
        let looks = row.verb == Verb::Get;
        // What is changed alone is not changed again by the batch.
        let (alone, in_batch) = match (looks, kind) {
            (true, "Patient") => (&*known, &*known),
            (true, _) => ("absent.0", "absent.0"),
            (false, _) => ("alone", "in-batch"),
        };
        let body = |id: &str| match row.verb {
            Verb::Post => Some(json!({"resourceType": kind})),
            Verb::Put | Verb::Patch => Some(json!({"resourceType": kind, "id": id})),
            Verb::Get | Verb::Delete => None,
        };
        let entry = (method, &*url(row, kind, in_batch), body(in_batch));
        let batch = records::bundle("batch", &[entry]);
        let answers = system.post("", batch).await.expect(200).json();
        let answer = &answers["entry"][0];
        let sent = body(alone).map(|body| body.to_string());
        let reply = system.send(method, &url(row, kind, alone), &[], sent).await;
        let told = format!(
            "{method} {}: {answer}, {}",
            url(row, kind, alone),
            reply.text
        );
        let status = answer["response"]["status"].as_str().unwrap();
        assert_eq!(&status[..3], reply.status.to_string(), "{told}");
        if looks {
            let body = match reply.status {
                200 => &answer["resource"],
                _ => &answer["response"]["outcome"],
            };
            assert_eq!(body, &reply.json(), "{told}");
        }
    }
}

#[actix_web::test]
async fn a_modifier_of_what_is_carried_out_is_refused_and_one_of_what_is_stored_is_kept() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let extension = json!([{"url": "https://example.org/not", "valueBoolean": true}]);
    for (kind, status) in [("transaction", 400), ("batch", 200)] {
        let entries = [
            ("POST", "Patient", Some(records::patient("a"))),
            ("POST", "Patient", Some(records::patient("b"))),
        ];
        let plain = records::bundle(kind, &entries);
        for member in ["implicitRules", "_implicitRules"] {
            let mut bundle = plain.clone();
            bundle[member] = json!("https://example.org/rules");
            let reply = system.post("", bundle).await.expect(400);
            assert_eq!(reply.issue(), "extension");
            let blamed = reply.json()["issue"][0]["expression"][0].clone();
            assert_eq!(blamed, format!("Bundle.{member}"));
        }
        for pointer in ["/entry/1", "/entry/1/request"] {
            let mut bundle = plain.clone();
            bundle.pointer_mut(pointer).unwrap()["modifierExtension"] = extension.clone();
            let reply = system.post("", bundle).await.expect(status).json();
            let outcome = match status {
                200 => {
                    assert_eq!(statuses(&reply), ["201", "400"], "{pointer}");
                    &reply["entry"][1]["response"]["outcome"]
                }
                _ => &reply,
            };
            let element = pointer.trim_start_matches("/entry/1").replace('/', ".");
            let expected = format!("Bundle.entry[1]{element}.modifierExtension");
            assert_eq!(outcome["issue"][0]["expression"][0], expected);
        }
    }
    // What was made were the good entries of the two batches.
    assert_eq!(system.found("Patient").await, 2);
    let mut stored = records::patient("c");
    stored["implicitRules"] = json!("https://example.org/rules");
    stored["modifierExtension"] = extension.clone();
    let entries = [("POST", "Patient", Some(stored))];
    let bundle = records::bundle("transaction", &entries);
    let made = system.post("", bundle).await.expect(200).json();
    assert_eq!(made["entry"][0]["resource"]["modifierExtension"], extension);
}
