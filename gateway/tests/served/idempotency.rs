//! `Idempotency-Key`: whatever happens to the answer, sending a write again gives it
//! again, writes nothing, and is decided and audited as a request of its own.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House},
    records::{self, NAME},
    revocation::put_in_force,
};
use devkit::issuer::DemoUser;
use policies::PolicySource;
use serde_json::{Value, json};
use std::{fs, io::Write as _, net::TcpStream, time::Duration};

on_both! {
    a_repetition_gets_the_same_answer_and_writes_nothing,
    a_bundle_is_repeated_with_the_ids_it_was_given,
    of_many_at_once_one_writes_and_all_get_its_answer,
    a_key_is_for_one_request_of_one_caller,
    what_failed_leaves_its_key_free,
    who_may_no_longer_write_is_answered_no_more,
    a_repetition_is_audited_as_one,
    an_answer_that_got_lost_is_given_again,
}

async fn keyed(
    caller: &Caller,
    method: &str,
    path: &str,
    key: &str,
    body: Option<&Value>,
) -> Reply {
    let body = body.map(ToString::to_string);
    caller
        .send(method, path, &[("idempotency-key", key)], body)
        .await
}

/// Everything of an answer that is not about the request itself.
fn essence(reply: &Reply) -> (u16, String, Vec<Option<String>>) {
    let headers = ["etag", "last-modified", "location", "content-type"];
    let headers = headers.map(|name| reply.header(name).map(str::to_owned));
    (reply.status, reply.text.clone(), headers.into())
}

#[track_caller]
fn same(first: &Reply, again: &Reply) {
    assert_eq!(essence(first), essence(again));
}

async fn a_repetition_gets_the_same_answer_and_writes_nothing(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let body = records::patient("a");
    let first = keyed(&system, "POST", "Patient", "k-1", Some(&body)).await;
    let first = first.expect(201);
    for _ in 0..3 {
        let again = keyed(&system, "POST", "Patient", "k-1", Some(&body)).await;
        same(&first, &again);
    }
    assert_eq!(system.found("Patient?identifier=a").await, 1);

    let path = format!("Patient/{}", first.id());
    let changed = records::with_id(records::patient("b"), &first.id());
    let second = keyed(&system, "PUT", &path, "k-2", Some(&changed)).await;
    let second = second.expect(200);
    assert_eq!(second.header("etag"), Some("W/\"2\""));
    same(
        &second,
        &keyed(&system, "PUT", &path, "k-2", Some(&changed)).await,
    );
    let third = keyed(&system, "DELETE", &path, "k-3", None).await;
    let third = third.expect(204);
    assert_eq!(third.header("etag"), Some("W/\"3\""));
    same(&third, &keyed(&system, "DELETE", &path, "k-3", None).await);
    // Long since overtaken, the answers stay what they were.
    let again = keyed(&system, "PUT", &path, "k-2", Some(&changed)).await;
    same(&second, &again);
    let history = system.get(&format!("{path}/_history")).await.expect(200);
    assert_eq!(history.json()["entry"].as_array().map(Vec::len), Some(3));

    let chosen = records::with_id(records::patient("c"), "chosen");
    let made = keyed(&system, "PUT", "Patient/chosen", "k-4", Some(&chosen)).await;
    let made = made.expect(201);
    let again = keyed(&system, "PUT", "Patient/chosen", "k-4", Some(&chosen)).await;
    same(&made, &again);
    let never = keyed(&system, "DELETE", "Patient/never", "k-5", None).await;
    let never = never.expect(204);
    let again = keyed(&system, "DELETE", "Patient/never", "k-5", None).await;
    same(&never, &again);
}

async fn a_bundle_is_repeated_with_the_ids_it_was_given(kind: Kind) {
    let house = House::start_on(kind).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let urn = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";
    let mut observation = records::observation("x");
    observation["subject"]["reference"] = json!(urn);
    let mut transaction = records::bundle(
        "transaction",
        &[
            ("POST", "Observation", Some(observation)),
            ("POST", "Patient", Some(records::patient("a"))),
        ],
    );
    transaction["entry"][1]["fullUrl"] = json!(urn);
    let first = keyed(&clinician, "POST", "", "t", Some(&transaction)).await;
    let first = first.expect(200);
    let again = keyed(&clinician, "POST", "", "t", Some(&transaction)).await;
    same(&first, &again);
    assert_eq!(clinician.found("Patient?identifier=a").await, 1);

    let patient = first.json()["entry"][1]["resource"]["id"].clone();
    let path = format!("Patient/{}", patient.as_str().unwrap());
    let batch = records::bundle(
        "batch",
        &[
            ("POST", "Patient", Some(records::patient("b"))),
            ("GET", &path, None),
            ("DELETE", "AuditEvent/1", None),
            ("GET", "Patient/absent", None),
            (
                "PUT",
                "Patient/chosen",
                Some(records::with_id(records::patient("c"), "chosen")),
            ),
        ],
    );
    let first = keyed(&clinician, "POST", "", "b", Some(&batch)).await;
    let first = first.expect(200);
    let again = keyed(&clinician, "POST", "", "b", Some(&batch)).await;
    same(&first, &again);
    assert_eq!(clinician.found("Patient?identifier=b").await, 1);
    // What a Bundle reads is read anew.
    clinician.delete(&path).await.expect(204);
    let again = keyed(&clinician, "POST", "", "b", Some(&batch)).await;
    let status =
        |reply: &Reply, index: usize| reply.json()["entry"][index]["response"]["status"].clone();
    assert_eq!(status(&again, 0), status(&first, 0));
    assert_eq!(status(&again, 1), "410 Gone");
}

async fn of_many_at_once_one_writes_and_all_get_its_answer(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for round in 0..10 {
        let (name, key) = (format!("r{round}"), format!("key-{round}"));
        let body = records::patient(&name);
        let send = || keyed(&system, "POST", "Patient", &key, Some(&body));
        let (a, b, c, d) = tokio::join!(send(), send(), send(), send());
        let a = a.expect(201);
        for other in [&b, &c, &d] {
            same(&a, other);
        }
        let search = format!("Patient?identifier={name}");
        assert_eq!(system.found(&search).await, 1);
    }
    // The losers of a conditional update fail by what the winner did; they get its
    // answer all the same.
    let made = system.post("Patient", records::patient("z")).await;
    let path = format!("Patient/{}", made.expect(201).id());
    for version in 1..10 {
        let (etag, key) = (format!("W/\"{version}\""), format!("update-{version}"));
        let id = path.split_once('/').unwrap().1;
        let body = records::with_id(records::patient("z"), id).to_string();
        let headers = [
            ("idempotency-key", key.as_str()),
            ("if-match", etag.as_str()),
        ];
        let send = || system.send("PUT", &path, &headers, Some(body.clone()));
        let (a, b, c, d) = tokio::join!(send(), send(), send(), send());
        let a = a.expect(200);
        for other in [&b, &c, &d] {
            same(&a, other);
        }
    }
}

#[actix_web::test]
async fn a_repetition_says_that_it_is_one() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let body = records::patient("a");
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"resource": body, "request": {"method": "POST", "url": "Patient"}}],
    });
    for (method, path, body) in [
        ("POST", "Patient", Some(&body)),
        ("POST", "", Some(&bundle)),
        ("DELETE", "Patient/x", None),
    ] {
        let key = format!("{method} {path}").replace(' ', "-");
        let told = async || {
            let reply = keyed(&system, method, path, &key, body).await;
            assert!((200..300).contains(&reply.status), "{}", reply.text);
            reply.header("idempotent-replayed").map(str::to_owned)
        };
        assert_eq!(told().await, None, "{key}");
        assert_eq!(told().await.as_deref(), Some("true"), "{key}");
    }
}

async fn a_key_is_for_one_request_of_one_caller(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let clinician = house.caller(&DemoUser::Clinician);
    let body = records::patient("a");
    let first = keyed(&system, "POST", "Patient", "k", Some(&body)).await;
    let first = first.expect(201);
    let other = records::patient("b");
    for (method, path) in [
        ("POST", "Patient"),
        ("PUT", "Patient/x"),
        ("DELETE", "Patient/x"),
    ] {
        let body = (method != "DELETE").then(|| records::with_id(other.clone(), "x"));
        let refused = keyed(&system, method, path, "k", body.as_ref()).await;
        assert_eq!(refused.expect(422).issue(), "business-rule", "{method}");
    }
    assert_eq!(house.audits(HOME).await[0].outcome, 4);
    // The same words at another base ask for another answer.
    let elsewhere = keyed(&system.at(HOME), "POST", "Patient", "k", Some(&body)).await;
    elsewhere.expect(422);

    let others = keyed(&clinician, "POST", "Patient", "k", Some(&body)).await;
    assert_ne!(others.expect(201).id(), first.id());
    let client = house.caller_with(&DemoUser::Clinician, |claims| {
        claims["client_id"] = json!("another");
        claims["azp"] = json!("another");
    });
    let third = keyed(&client, "POST", "Patient", "k", Some(&body)).await;
    assert_eq!(third.status, 201, "{}", third.text);
    assert_eq!(system.found("Patient?identifier=a").await, 3);
    same(
        &first,
        &keyed(&system, "POST", "Patient", "k", Some(&body)).await,
    );
}

async fn what_failed_leaves_its_key_free(kind: Kind) {
    let house = House::start_on(kind).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let made = clinician.post("Patient", records::patient("a")).await;
    let path = format!("Patient/{}", made.expect(201).id());
    let id = path.split_once('/').unwrap().1;
    let body = records::with_id(records::patient("b"), id).to_string();
    let headers = [("idempotency-key", "k"), ("if-match", "W/\"2\"")];
    let put = async || {
        clinician
            .send("PUT", &path, &headers, Some(body.clone()))
            .await
    };
    put().await.expect(412);
    clinician.put(&path, &body).await.expect(200);
    assert_eq!(put().await.expect(200).header("etag"), Some("W/\"3\""));
    assert_eq!(put().await.expect(200).header("etag"), Some("W/\"3\""));
    for bad in ["", "with blank", "\"a b\"", &"x".repeat(256)] {
        let refused = keyed(&clinician, "DELETE", &path, bad, None).await;
        assert_eq!(refused.expect(400).issue(), "value", "{bad:?}");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    clinician
        .send("DELETE", &path, &twice, None)
        .await
        .expect(400);
    keyed(&clinician, "DELETE", &path, &"x".repeat(255), None)
        .await
        .expect(204);
}

async fn who_may_no_longer_write_is_answered_no_more(kind: Kind) {
    let house = House::start_on(kind).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let body = records::patient("a");
    let made = keyed(&clinician, "POST", "Patient", "k", Some(&body)).await;
    let path = format!("Patient/{}", made.expect(201).id());
    let transaction = records::bundle("transaction", &[("POST", "Patient", Some(body.clone()))]);
    keyed(&clinician, "POST", "", "t", Some(&transaction))
        .await
        .expect(200);
    keyed(&clinician, "DELETE", &path, "d", None)
        .await
        .expect(204);

    let mut source = PolicySource::shipped();
    source.policies.remove("clinician-own-facility").unwrap();
    put_in_force(&house, HOME, 2, &source).await;
    for (method, path, key, body) in [
        ("POST", "Patient", "k", Some(&body)),
        ("POST", "", "t", Some(&transaction)),
        ("DELETE", &path, "d", None),
    ] {
        let refused = keyed(&clinician, method, path, key, body).await;
        assert_eq!(refused.expect(403).issue(), "forbidden");
        let newest = &house.audits(HOME).await[0];
        assert_eq!((newest.outcome, newest.policy_number), (4, 2));
    }
}

async fn a_repetition_is_audited_as_one(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let body = records::patient("a");
    let first = keyed(&system, "POST", "Patient", "k", Some(&body)).await;
    keyed(&system, "POST", "Patient", "k", Some(&body)).await;
    let audits = house.audits(HOME).await;
    assert_eq!(audits.len(), 2);
    assert!(audits.iter().all(|audit| audit.outcome == 0));

    let patient = first.id();
    let events = auditor
        .get(&format!("AuditEvent?patient=Patient/{patient}"))
        .await
        .expect(200)
        .resources();
    let told: Vec<_> = events
        .iter()
        .map(|event| event["outcomeDesc"].as_str())
        .collect();
    assert_eq!(told, [Some("repeated"), None]);
    let named = format!("Patient/{patient}/_history/1");
    for event in &events {
        assert_eq!(event["subtype"][0]["code"], "create", "{event}");
        assert!(event.to_string().contains(&named), "{event}");
    }
}

async fn an_answer_that_got_lost_is_given_again(kind: Kind) {
    let house = House::start_on(kind).await;
    let token = house.token_with(&DemoUser::System, |_| {});
    let system = house.bearer(&token);
    let server = system.base().strip_prefix("http://").unwrap();
    let server = server.strip_suffix("/fhir").unwrap().to_owned();
    for round in 0..5 {
        let (name, key) = (format!("lost{round}"), format!("key{round}"));
        let body = records::patient(&name);
        let text = body.to_string();
        // Sent and hung up: whether it was carried out, the caller cannot know.
        let mut connection = TcpStream::connect(&server).unwrap();
        write!(
            connection,
            "POST /fhir/Patient HTTP/1.1\r\nhost: {server}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/fhir+json\r\nidempotency-key: {key}\r\n\
             content-length: {}\r\n\r\n{text}",
            text.len()
        )
        .unwrap();
        tokio::time::sleep(Duration::from_millis(round * 2)).await;
        drop(connection);
        let answer = keyed(&system, "POST", "Patient", &key, Some(&body)).await;
        let answer = answer.expect(201);
        let search = format!("Patient?identifier={name}");
        assert_eq!(system.found(&search).await, 1, "{name}");
        system
            .get(&format!("Patient/{}", answer.id()))
            .await
            .expect(200);
    }
}

#[actix_web::test]
async fn what_is_kept_tells_nothing() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let key = "a-telling-key-of-a-caller";
    let body = records::patient("Identifier-4711");
    let made = keyed(&system, "POST", "Patient", key, Some(&body)).await;
    let id = made.expect(201).id();
    let path = house.database();
    let log = path.with_file_name("chartseal.db-wal");
    let bytes = [fs::read(&path).unwrap(), fs::read(log).unwrap_or_default()].concat();
    assert!(find(&bytes, b"CREATE TABLE answer"));
    for telling in [NAME, "Identifier-4711", key, &id] {
        assert!(!find(&bytes, telling.as_bytes()), "{telling}");
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
