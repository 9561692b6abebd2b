//! Conditional create (<https://hl7.org/fhir/R4/http.html#ccreate>), alone and in Bundles: of
//! what is there already nothing is made, however many ask at once, and nobody learns by it
//! of what they may not see.

use crate::{
    audit::newest_events,
    caller::{Caller, Reply},
    database::{Kind, on_both},
    hidden::seen,
    house::{HOME, House},
    records::{self, SYSTEM},
};
use devkit::issuer::DemoUser;
use gateway::work::{index, jobs::Turn};
use serde_json::{Value, json};
use tokio::task::JoinSet;

on_both! {
    point_14_if_none_exist_finds_creates_or_refuses,
    point_14_a_hundred_at_once_make_one_record,
    a_hundred_at_once_make_one_record_within_a_patient,
    point_17_criteria_that_choose_nothing_are_refused,
    a_transaction_links_to_what_was_found,
    a_transaction_makes_nothing_twice,
    an_entry_of_a_batch_finds_or_creates,
    what_is_hidden_is_no_match_and_does_not_show,
    a_repetition_is_answered_with_what_was_found,
    the_search_and_the_create_are_audited,
}

async fn create(caller: &Caller, criteria: &str, body: &Value) -> Reply {
    with(caller, &[("if-none-exist", criteria)], body).await
}

async fn with(caller: &Caller, headers: &[(&str, &str)], body: &Value) -> Reply {
    let kind = body["resourceType"].as_str().unwrap();
    caller
        .send("POST", kind, headers, Some(body.to_string()))
        .await
}

/// Sends as many requests at once, through two gateways in turn.
pub async fn at_once<F>(
    number: usize,
    callers: [&Caller; 2],
    send: impl Fn(Caller, usize) -> F,
) -> Vec<Reply>
where
    F: Future<Output = Reply> + Send + 'static,
{
    let mut all = JoinSet::new();
    for one in 0..number {
        all.spawn(send(callers[one % 2].clone(), one));
    }
    all.join_all().await
}

/// An observation of a patient that is known by an identifier.
fn observation(patient: &str, identifier: &str) -> Value {
    let mut observation = records::observation(patient);
    observation["identifier"] = json!([{"system": SYSTEM, "value": identifier}]);
    observation
}

/// A Bundle of POST entries with criteria.
fn bundle(kind: &str, entries: &[(&str, Value)]) -> Value {
    let entry = |(criteria, resource): &(&str, Value)| {
        let url = resource["resourceType"].clone();
        let request = json!({"method": "POST", "url": url, "ifNoneExist": criteria});
        json!({"resource": resource, "request": request})
    };
    json!({
        "resourceType": "Bundle",
        "type": kind,
        "entry": entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn status(reply: &Value, index: usize) -> String {
    let status = &reply["entry"][index]["response"]["status"];
    status.as_str().unwrap()[..3].to_owned()
}

async fn index(house: &House) {
    let facility = house.app.facility(&HOME.parse().unwrap()).unwrap();
    let mut worker = index::worker(&house.app, &facility).unwrap();
    while worker.turn().await.unwrap() == Turn::Worked {}
    worker.release().await;
}

async fn point_14_if_none_exist_finds_creates_or_refuses(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let body = records::patient("a");
    let whole = format!("identifier={SYSTEM}|a");
    let made = create(&system, &whole, &body).await.expect(201);
    let location = made.header("location").unwrap().to_owned();
    let encoded = format!("identifier={}%7Ca", SYSTEM.replace(':', "%3A"));
    // Whatever the body is, what is there is the answer.
    let other = records::patient("other");
    for criteria in [
        whole.clone(),
        encoded,
        format!("?{whole}"),
        format!("Patient?{whole}"),
        "identifier=a".to_owned(),
        format!("_id={}", made.id()),
        format!("identifier=a&_id={}", made.id()),
    ] {
        let found = create(&system, &criteria, &other).await.expect(200);
        assert_eq!(found.header("location"), Some(&*location), "{criteria}");
        assert_eq!(found.header("etag"), Some("W/\"1\""));
        assert_eq!(found.json(), made.json());
    }
    let prefer = |wanted: &'static str| [("if-none-exist", "identifier=a"), ("prefer", wanted)];
    let minimal = with(&system, &prefer("return=minimal"), &other).await;
    assert_eq!(minimal.expect(200).text, "");
    let outcome = with(&system, &prefer("return=OperationOutcome"), &other).await;
    assert_eq!(
        outcome.expect(200).json()["resourceType"],
        "OperationOutcome"
    );
    assert_eq!(system.found("Patient").await, 1);
    // What is valid or not is told as for any create.
    let broken = json!({"resourceType": "Patient", "gender": "none"});
    create(&system, "identifier=a", &broken).await.expect(422);

    system.create("Patient", &body).await;
    let several = create(&system, &whole, &body).await.expect(412);
    assert_eq!(several.issue(), "multiple-matches");
    assert!(several.text.contains("`If-None-Exist`"), "{}", several.text);
    assert_eq!(system.found("Patient").await, 2);
    // What was deleted is not there.
    let id = made.id();
    system.delete(&format!("Patient/{id}")).await.expect(204);
    let left = create(&system, &whole, &body).await.expect(200);
    assert_ne!(left.id(), id);
}

async fn point_14_a_hundred_at_once_make_one_record(kind: Kind) {
    let mut house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let other = system.through(&house.another().await);
    let criteria = format!("identifier={SYSTEM}|raced");
    let body = records::patient("raced");
    let replies = at_once(100, [&system, &other], move |caller, _| {
        let (criteria, body) = (criteria.clone(), body.clone());
        async move { create(&caller, &criteria, &body).await }
    });
    let replies = replies.await;
    let of = |status: u16| replies.iter().filter(move |reply| reply.status == status);
    assert_eq!(of(201).count(), 1);
    assert_eq!(of(200).count(), 99);
    let made = of(201).next().unwrap();
    for found in of(200) {
        assert_eq!(found.header("location"), made.header("location"));
    }
    assert_eq!(system.found("Patient?identifier=raced").await, 1);

    // The same inside of Bundles.
    let replies = at_once(40, [&system, &other], |caller, number| async move {
        let name = if number % 4 < 2 {
            "transaction"
        } else {
            "batch"
        };
        let entries = [("identifier=bundled", records::patient("bundled"))];
        caller.post("", bundle(name, &entries)).await
    });
    let replies = replies.await;
    let made = replies.iter().filter(|reply| {
        let status = status(&reply.json(), 0);
        assert!(["200", "201"].contains(&&*status), "{}", reply.text);
        status == "201"
    });
    assert_eq!(made.count(), 1);
    assert_eq!(system.found("Patient?identifier=bundled").await, 1);
}

async fn a_hundred_at_once_make_one_record_within_a_patient(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    index(&house).await;
    let mut body = records::observation(&patient);
    body["code"] = json!({"coding": [{"system": "urn:codes", "code": "raced"}]});
    let criteria = format!("patient={patient}&code=urn:codes|raced");
    let replies = at_once(100, [&system, &system], move |caller, _| {
        let (criteria, body) = (criteria.clone(), body.clone());
        async move { create(&caller, &criteria, &body).await }
    });
    let replies = replies.await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1);
    for reply in &replies {
        assert!([200, 201].contains(&reply.status), "{}", reply.text);
    }
    let found = format!("Observation?patient={patient}");
    assert_eq!(system.found(&found).await, 1);
}

async fn point_17_criteria_that_choose_nothing_are_refused(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let body = records::patient("a");
    for criteria in [
        "",
        "?",
        "Patient?",
        "&",
        "zebra=1",
        "identifier=a&zebra=1",
        "Observation?identifier=a",
        "identifier=",
        "identifier=|",
        "_id=",
        "_id=a_b",
        "_lastUpdated=yesterday",
        "identifier:exact=a",
        "name.given=a",
        "_count=1",
        "identifier=a&_sort=_lastUpdated",
        "identifier=a&_include=Patient:link",
        "identifier=a&_summary=count",
        "identifier=a&_format=json",
        "identifier=a&_cursor=a",
        "identifier=%",
        "identifier=%ff",
    ] {
        let headers = [
            ("if-none-exist", criteria),
            // Nothing of them is left out.
            ("prefer", "handling=lenient"),
        ];
        let refused = with(&system, &headers, &body).await;
        assert_eq!(refused.status, 400, "{criteria}: {}", refused.text);
        assert!(refused.text.contains("`If-None-Exist`"), "{}", refused.text);
        for name in ["transaction", "batch"] {
            let reply = system
                .post("", bundle(name, &[(criteria, body.clone())]))
                .await;
            let outcome = if name == "batch" {
                assert_eq!(status(&reply.expect(200).json(), 0), "400", "{criteria}");
                continue;
            } else {
                reply.expect(400).json()
            };
            let at = "Bundle.entry[0].request.ifNoneExist";
            assert_eq!(outcome["issue"][0]["expression"][0], at, "{criteria}");
        }
    }
    let twice = [
        ("if-none-exist", "identifier=a"),
        ("if-none-exist", "_id=a"),
    ];
    with(&system, &twice, &body).await.expect(400);
    // What cards alone answer waits until each record has one.
    let by_card = create(&system, "code=a", &records::observation("x")).await;
    assert_eq!(by_card.expect(503).issue(), "transient");
    assert_eq!(system.found("Patient").await, 0);
}

async fn a_transaction_links_to_what_was_found(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let there = system.create("Patient", records::patient("a")).await;
    let urn = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";
    let mut observation = records::observation("x");
    observation["subject"]["reference"] = json!(urn);
    let mut transaction = bundle(
        "transaction",
        &[
            ("identifier=none", observation),
            ("identifier=a", records::patient("changed")),
        ],
    );
    transaction["entry"][1]["fullUrl"] = json!(urn);
    let reply = system.post("", &transaction).await.expect(200).json();
    assert_eq!([status(&reply, 0), status(&reply, 1)], ["201", "200"]);
    let subject = &reply["entry"][0]["resource"]["subject"]["reference"];
    assert_eq!(subject, &format!("Patient/{there}"));
    assert_eq!(reply["entry"][1]["resource"]["id"], there);
    assert_eq!(reply["entry"][1]["response"]["etag"], "W/\"1\"");
    let of_patient = format!("Observation?patient={there}");
    assert_eq!(system.found(&of_patient).await, 1);
    // What is made is linked as ever.
    transaction["entry"][1]["request"]["ifNoneExist"] = json!("identifier=changed");
    let reply = system.post("", &transaction).await.expect(200).json();
    assert_eq!([status(&reply, 0), status(&reply, 1)], ["201", "201"]);
    let made = reply["entry"][1]["resource"]["id"].as_str().unwrap();
    let subject = &reply["entry"][0]["resource"]["subject"]["reference"];
    assert_eq!(subject, &format!("Patient/{made}"));
}

async fn a_transaction_makes_nothing_twice(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let a = || records::patient("a");
    // The same criteria, and others that the record of the first entry meets.
    let whole = format!("Patient?identifier={SYSTEM}%7Ca");
    for (second, expected) in [("identifier=a", 400), (whole.as_str(), 412)] {
        let transaction = bundle("transaction", &[("identifier=a", a()), (second, a())]);
        let refused = system.post("", &transaction).await.expect(expected);
        assert_eq!(refused.issue(), "duplicate");
        let at = "Bundle.entry[1].request.ifNoneExist";
        assert_eq!(refused.json()["issue"][0]["expression"][0], at);
        assert_eq!(system.found("Patient").await, 0);
    }
    // What the same transaction deletes is not found.
    let id = system.create("Patient", a()).await;
    let mut transaction = bundle("transaction", &[("identifier=a", a())]);
    let delete = json!({"request": {"method": "DELETE", "url": format!("Patient/{id}")}});
    transaction["entry"].as_array_mut().unwrap().push(delete);
    let reply = system.post("", &transaction).await.expect(200).json();
    assert_eq!([status(&reply, 0), status(&reply, 1)], ["201", "204"]);
    assert_eq!(system.found("Patient?identifier=a").await, 1);
    // Nothing is left of one that fails.
    let failing = bundle(
        "transaction",
        &[("identifier=b", records::patient("b")), ("", a())],
    );
    system.post("", &failing).await.expect(400);
    assert_eq!(system.found("Patient?identifier=b").await, 0);
}

async fn an_entry_of_a_batch_finds_or_creates(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let a = || records::patient("a");
    let batch = bundle(
        "batch",
        &[
            ("identifier=a", a()),
            // It sees what the entry before it wrote.
            ("identifier=a", a()),
            ("identifier=b", records::patient("b")),
        ],
    );
    let reply = system.post("", &batch).await.expect(200).json();
    let statuses = [0, 1, 2].map(|index| status(&reply, index));
    assert_eq!(statuses, ["201", "200", "201"]);
    let ids = [0, 1].map(|index| reply["entry"][index]["resource"]["id"].clone());
    assert_eq!(ids[0], ids[1]);
    system.create("Patient", a()).await;
    let reply = system.post("", &batch).await.expect(200).json();
    let statuses = [0, 1, 2].map(|index| status(&reply, index));
    assert_eq!(statuses, ["412", "412", "200"]);
}

async fn what_is_hidden_is_no_match_and_does_not_show(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let mut patients = Vec::new();
    for name in ["own", "other"] {
        patients.push(system.create("Patient", records::patient(name)).await);
    }
    let (own, other) = (&patients[0], &patients[1]);
    let narrowed = |scope: &str| {
        house.caller_with(&DemoUser::System, |claims| {
            claims["scope"] = scope.into();
            claims["patient"] = own.as_str().into();
        })
    };
    system
        .create("Observation", observation(other, "hidden"))
        .await;
    system
        .create("Observation", observation(other, "two"))
        .await;
    system
        .create("Observation", observation(other, "two"))
        .await;
    let caller = narrowed("patient/*.cruds");
    // One hidden record, two and none are the same.
    let mut told = Vec::new();
    for identifier in ["hidden", "two", "absent"] {
        let criteria = format!("identifier={identifier}");
        let made = create(&caller, &criteria, &observation(own, identifier)).await;
        let made = made.expect(201);
        let (status, text, headers) = seen(&made, &made.id());
        let headers = headers.len();
        told.push((status, text.len() - identifier.len(), headers));
        let again = create(&caller, &criteria, &observation(own, identifier)).await;
        assert_eq!(again.expect(200).id(), made.id());
    }
    assert_eq!(told[0], told[2]);
    assert_eq!(told[1], told[2]);
    // Who may create and not search learns nothing either way.
    let blind = narrowed("patient/*.cr");
    let mut refusals = Vec::new();
    for identifier in ["hidden", "absent2", "own"] {
        let criteria = format!("identifier={identifier}");
        let refused = create(&blind, &criteria, &observation(own, identifier)).await;
        refusals.push(refused.expect(403).text);
        let transaction = bundle("transaction", &[(&criteria, observation(own, identifier))]);
        blind.post("", &transaction).await.expect(403);
    }
    assert!(refusals.iter().all(|text| *text == refusals[0]));
    // Who may search and not create is refused, whatever is there.
    let reader = narrowed("patient/*.rs");
    for identifier in ["hidden", "absent2"] {
        let criteria = format!("identifier={identifier}");
        let refused = create(&reader, &criteria, &observation(own, identifier)).await;
        refused.expect(403);
    }
}

async fn a_repetition_is_answered_with_what_was_found(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let body = records::patient("b");
    let headers = [("if-none-exist", "identifier=a"), ("idempotency-key", "k")];
    let first = with(&system, &headers, &body).await.expect(200);
    assert_eq!(first.id(), id);
    // It changes, and a second one comes: the answer is that of then.
    let changed = records::with_id(records::patient("a"), &id);
    system
        .put(&format!("Patient/{id}"), changed)
        .await
        .expect(200);
    system.create("Patient", records::patient("a")).await;
    let again = with(&system, &headers, &body).await.expect(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("location"), first.header("location"));
    let others = [("if-none-exist", "identifier=x"), ("idempotency-key", "k")];
    with(&system, &others, &body).await.expect(422);

    let urn = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";
    let mut observation = records::observation("x");
    observation["subject"]["reference"] = json!(urn);
    let mut transaction = bundle(
        "transaction",
        &[
            ("identifier=none", observation),
            ("identifier=c", records::patient("c")),
        ],
    );
    transaction["entry"][1]["fullUrl"] = json!(urn);
    let there = system.create("Patient", records::patient("c")).await;
    let keyed = || {
        let body = Some(transaction.to_string());
        system.send("POST", "", &[("idempotency-key", "t")], body)
    };
    let first = keyed().await.expect(200);
    assert_eq!(first.json()["entry"][1]["resource"]["id"], there);
    assert_eq!(keyed().await.expect(200).text, first.text);
    let of_patient = format!("Observation?patient={there}");
    assert_eq!(system.found(&of_patient).await, 1);
}

async fn the_search_and_the_create_are_audited(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let told = |event: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entities = event["entity"].as_array().unwrap();
        let queries = entities.iter().filter(|one| !one["query"].is_null());
        (
            text(&event["subtype"][0]["code"]),
            text(&event["outcome"]),
            text(&event["outcomeDesc"]),
            queries.count(),
        )
    };
    let expected = |code: &str, outcome: &str, word: &str, queries: usize| {
        (
            code.to_owned(),
            outcome.to_owned(),
            word.to_owned(),
            queries,
        )
    };
    let body = records::patient("a");
    let id = create(&system, "identifier=a", &body)
        .await
        .expect(201)
        .id();
    let events = newest_events(&auditor).await;
    let events: Vec<_> = events.iter().map(told).collect();
    assert!(
        events.contains(&expected("search-type", "0", "", 1)),
        "{events:?}"
    );
    assert!(
        events.contains(&expected("create", "0", "", 0)),
        "{events:?}"
    );

    create(&system, "identifier=a", &body).await.expect(200);
    let events = newest_events(&auditor).await;
    for event in &events {
        let patient = format!("Patient/{id}");
        assert!(event.to_string().contains(&patient), "{event}");
    }
    let events: Vec<_> = events.iter().map(told).collect();
    assert!(
        events.contains(&expected("search-type", "0", "", 1)),
        "{events:?}"
    );
    assert!(
        events.contains(&expected("create", "0", "matched", 0)),
        "{events:?}"
    );

    system.create("Patient", &body).await;
    create(&system, "identifier=a", &body).await.expect(412);
    let events = newest_events(&auditor).await;
    let failed = events.iter().map(told).filter(|event| event.0 == "create");
    let failed: Vec<_> = failed.collect();
    assert_eq!(failed[0].1, "4", "{events:?}");
}
