//! What one request may cost, alone and over all entries of a Bundle.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both! {
    the_searches_of_a_bundle_open_records_from_one_budget,
    totals_of_a_bundle_come_from_the_same_budget,
    bytes_are_counted_whatever_opens_them,
    a_version_that_is_read_beside_another_is_paid_for,
    pages_end_where_the_answer_is_full,
    cards_that_a_search_reads_cost_their_share,
}

async fn house(kind: Kind, change: impl FnOnce(&mut gateway::Limits)) -> House {
    House::start_with(kind, |settings| change(&mut settings.limits)).await
}

async fn patients(system: &Caller, count: usize) -> Vec<String> {
    let entries: Vec<_> = (0..count)
        .map(|number| {
            let patient = records::patient(&format!("p{number}"));
            ("POST", "Patient", Some(patient))
        })
        .collect();
    let done = system
        .post("", records::bundle("transaction", &entries))
        .await;
    let done = done.expect(200).json();
    let ids = done["entry"].as_array().unwrap().iter();
    ids.map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The statuses of the entries of a batch, and how many resources each shows.
fn shown(batch: &Value) -> Vec<(String, usize)> {
    let entries = batch["entry"].as_array().unwrap().iter();
    let shown = |entry: &Value| {
        let status = entry["response"]["status"].as_str().unwrap()[..3].to_owned();
        let found = entry["resource"]["entry"].as_array().map_or(0, Vec::len);
        (status, found)
    };
    entries.map(shown).collect()
}

/// The code of the outcome of an entry.
fn code(batch: &Value, entry: usize) -> &Value {
    &batch["entry"][entry]["response"]["outcome"]["issue"][0]["code"]
}

async fn the_searches_of_a_bundle_open_records_from_one_budget(kind: Kind) {
    let house = house(kind, |limits| limits.opened_records = 10).await;
    let system = house.caller(&DemoUser::System);
    let all: BTreeSet<String> = patients(&system, 4).await.into_iter().collect();
    let mut entries = vec![("GET", "Patient", None); 4];
    entries.push(("POST", "Patient", Some(records::patient("late"))));
    let batch = system.post("", records::bundle("batch", &entries)).await;
    let batch = batch.expect(200).json();
    let expected = [("200", 4), ("200", 4), ("200", 2), ("422", 0), ("201", 0)];
    let expected = expected.map(|(status, found)| (status.to_owned(), found));
    assert_eq!(shown(&batch), expected);
    assert_eq!(code(&batch, 3), "too-costly");
    // What did not fit is on the next page, which has a budget of its own.
    let links = batch["entry"][2]["resource"]["link"].as_array().unwrap();
    let next = links
        .iter()
        .find(|link| link["relation"] == "next")
        .unwrap();
    let page = system.get(next["url"].as_str().unwrap()).await.expect(200);
    let first = batch["entry"][2]["resource"]["entry"].as_array().unwrap();
    let ids = |entries: &[Value]| -> BTreeSet<String> {
        let id = |entry: &Value| entry["resource"]["id"].as_str().unwrap().to_owned();
        entries.iter().map(id).collect()
    };
    let second = ids(page.json()["entry"].as_array().unwrap());
    assert!(ids(first).is_disjoint(&second));
    // The record that came meanwhile stands on one page or on none.
    let both: BTreeSet<String> = ids(first).union(&second).cloned().collect();
    assert!(both.is_superset(&all));
    // A transaction with one look too many does nothing.
    let reply = system
        .post("", records::bundle("transaction", &entries))
        .await;
    assert_eq!(reply.expect(422).issue(), "too-costly");
    assert_eq!(system.found("Patient?identifier=late").await, 1);
}

async fn totals_of_a_bundle_come_from_the_same_budget(kind: Kind) {
    let house = house(kind, |limits| limits.opened_records = 10).await;
    let system = house.caller(&DemoUser::System);
    patients(&system, 4).await;
    let count = ("GET", "Patient?_summary=count", None);
    let estimate = ("GET", "Patient?_count=1&_total=estimate", None);
    let entries = [count.clone(), count.clone(), estimate, count];
    let batch = system.post("", records::bundle("batch", &entries)).await;
    let batch = batch.expect(200).json();
    assert_eq!(batch["entry"][0]["resource"]["total"], 4);
    assert_eq!(batch["entry"][1]["resource"]["total"], 4);
    assert_eq!(batch["entry"][2]["resource"]["total"], Value::Null);
    assert_eq!(batch["entry"][2]["response"]["status"], "200 OK");
    assert_eq!(code(&batch, 3), "too-costly");
}

async fn bytes_are_counted_whatever_opens_them(kind: Kind) {
    let house = house(kind, |limits| limits.opened_bytes = 6_000).await;
    let system = house.caller(&DemoUser::System);
    let ids = patients(&system, 20).await;
    let path = format!("Patient/{}", ids[0]);
    let (version, history) = (format!("{path}/_history/1"), format!("{path}/_history"));
    for url in [path.as_str(), &version, &history, "Patient?_count=1"] {
        let entries: Vec<_> = (0..20).map(|_| ("GET", url, None)).collect();
        let batch = system.post("", records::bundle("batch", &entries)).await;
        let batch = batch.expect(200).json();
        let statuses: Vec<String> = shown(&batch)
            .into_iter()
            .map(|(status, _)| status)
            .collect();
        let done = statuses
            .iter()
            .take_while(|status| *status == "200")
            .count();
        assert!((2..20).contains(&done), "{url}: {done}");
        assert!(
            statuses[done..].iter().all(|status| status == "422"),
            "{url}"
        );
        assert_eq!(code(&batch, done), "too-costly");
        system.get(url).await.expect(200);
    }
}

/// What a delete ended, and what stands before the first of a page.
async fn a_version_that_is_read_beside_another_is_paid_for(kind: Kind) {
    let house = house(kind, |limits| limits.opened_bytes = 20_000).await;
    let system = house.caller(&DemoUser::System);
    let mut large = records::patient("large");
    large["name"][0]["text"] = "x".repeat(8_000).into();
    let ended = system.create("Patient", &large).await;
    let deleted = format!("Patient/{ended}");
    system.delete(&deleted).await.expect(204);
    let id = system.create("Patient", &large).await;
    let small = records::with_id(records::patient("small"), &id);
    system
        .put(&format!("Patient/{id}"), small)
        .await
        .expect(200);
    let history = format!("Patient/{id}/_history?_count=1");
    for (method, url, expected) in [
        ("GET", &deleted, "410"),
        ("DELETE", &deleted, "204"),
        ("GET", &history, "200"),
    ] {
        let entries: Vec<_> = (0..10).map(|_| (method, url.as_str(), None)).collect();
        let batch = system.post("", records::bundle("batch", &entries)).await;
        let batch = batch.expect(200).json();
        let shown = shown(&batch);
        let statuses = shown.iter().map(|(status, _)| status);
        let done = statuses.take_while(|status| *status == expected).count();
        assert!((2..10).contains(&done), "{method} {url}: {shown:?}");
        assert!(
            shown[done..].iter().all(|(status, _)| status == "422"),
            "{method} {url}: {shown:?}"
        );
        assert_eq!(code(&batch, done), "too-costly");
        // Alone it is never too much.
        let alone = system.send(method, url, &[], None).await;
        assert_eq!(alone.status.to_string(), expected, "{method} {url}");
    }
}

#[actix_web::test]
async fn the_answer_of_a_bundle_is_bounded_and_its_changes_are_not_held_up() {
    let house = house(Kind::Sqlite, |limits| limits.answer_bytes = 2_000).await;
    let system = house.caller(&DemoUser::System);
    let ids = patients(&system, 1).await;
    let path = format!("Patient/{}", ids[0]);
    let mut entries: Vec<_> = (0..30).map(|_| ("GET", path.as_str(), None)).collect();
    entries.push(("POST", "Patient", Some(records::patient("late"))));
    let reply = system
        .post("", records::bundle("batch", &entries))
        .await
        .expect(200);
    let batch = reply.json();
    let resources = batch["entry"].as_array().unwrap().iter();
    let bytes: usize = resources
        .filter(|entry| entry["resource"].is_object())
        .map(|entry| entry["resource"].to_string().len())
        .sum();
    assert!((2_000..3_000).contains(&bytes), "{bytes}");
    assert_eq!(code(&batch, 29), "too-costly");
    assert_eq!(batch["entry"][30]["response"]["status"], "201 Created");
}

async fn pages_end_where_the_answer_is_full(kind: Kind) {
    let house = house(kind, |limits| limits.answer_bytes = 1_000).await;
    let system = house.caller(&DemoUser::System);
    let ids = patients(&system, 12).await;
    let record = format!("Patient/{}", ids[0]);
    for number in 0..11 {
        let body = records::with_id(records::patient(&format!("v{number}")), &ids[0]);
        system.put(&record, body).await.expect(200);
    }
    for first in ["Patient?_count=12", &format!("{record}/_history?_count=12")] {
        let (mut page, mut found, mut pages) = (system.get(first).await.expect(200), 0, 1);
        found += page.resources().len();
        while let Some(next) = page.next() {
            page = system.get(&next).await.expect(200);
            assert!(!page.resources().is_empty(), "each page comes further");
            found += page.resources().len();
            pages += 1;
        }
        assert_eq!(found, 12, "{first}");
        assert!((3..12).contains(&pages), "{first}: {pages}");
    }
}

#[actix_web::test]
async fn a_body_has_a_limit_of_values() {
    let house = house(Kind::Sqlite, |limits| limits.body_bytes = 64 * 1024).await;
    let system = house.caller(&DemoUser::System);
    let with = |values: usize| {
        let mut patient = records::with_id(records::patient("a"), "dense");
        patient["name"] = json!([{"given": vec!["a"; values]}]);
        patient
    };
    let entry = |values| [("PUT", "Patient/dense", Some(with(values)))];
    let few = with(4_000);
    system.put("Patient/dense", few).await.expect(201);
    let replies = [
        system.put("Patient/dense", with(4_096)).await,
        system.post("Patient", with(4_096)).await,
        system
            .post("", records::bundle("batch", &entry(4_096)))
            .await,
        system
            .post("", records::bundle("transaction", &entry(4_096)))
            .await,
    ];
    for reply in replies {
        assert_eq!(reply.expect(413).issue(), "too-costly");
    }
    assert_eq!(system.found("Patient").await, 1);
}

/// Forty cards, the forty members of the head beside that of the patient, and twice forty links:
/// five records.
async fn cards_that_a_search_reads_cost_their_share(kind: Kind) {
    let house = house(kind, |limits| limits.opened_records = 10).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    let entries: Vec<_> = (0..40)
        .map(|_| ("POST", "Observation", Some(records::observation(&patient))))
        .collect();
    let written = system.post("", records::bundle("batch", &entries)).await;
    written.expect(200);
    house.index().await;
    let none = format!("Observation?patient={patient}&status=preliminary");
    let entries = vec![("GET", none.as_str(), None); 3];
    let batch = system.post("", records::bundle("batch", &entries)).await;
    let batch = batch.expect(200).json();
    let expected = [("200", 0), ("200", 0), ("422", 0)];
    let expected = expected.map(|(status, found)| (status.to_owned(), found));
    assert_eq!(shown(&batch), expected);
    assert_eq!(code(&batch, 2), "too-costly");
    // Each page reads them again, and has a budget of its own.
    let mut page = system
        .get(&format!(
            "Observation?patient={patient}&status=final&_count=4"
        ))
        .await
        .expect(200);
    let mut pages = 1;
    while let Some(next) = page.next() {
        page = system.get(&next).await.expect(200);
        pages += 1;
    }
    assert!(pages >= 10, "{pages}");
    // A search that would read more than there is for a request is refused before it does.
    let more: Vec<_> = (0..60)
        .map(|_| ("POST", "Observation", Some(records::observation(&patient))))
        .collect();
    let written = system.post("", records::bundle("batch", &more)).await;
    written.expect(200);
    let refused = system.get(&none).await.expect(422);
    assert_eq!(refused.issue(), "too-costly");
    assert!(refused.text.contains("16 index cards"), "{}", refused.text);
}
