//! The machine's clock is set: no record goes back in time, nothing is lost from lists
//! or twice in them, a repetition stays one.

use crate::{
    caller::{Caller, Reply},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::Value;
use std::collections::BTreeSet;

const HOUR: i64 = 3_600;

/// Sets the clock, and gives the system with a token of that time.
fn system(house: &House, clock: i64) -> Caller {
    house.clock.set(clock);
    house.caller(&DemoUser::System)
}

fn time(resource: &Value) -> &str {
    resource["meta"]["lastUpdated"].as_str().unwrap()
}

/// The ids on all pages.
async fn listed(caller: &Caller, query: &str) -> Vec<String> {
    let (mut ids, mut next) = (Vec::new(), Some(query.to_owned()));
    while let Some(path) = next {
        let page: Reply = caller.get(&path).await.expect(200);
        let resources = page.resources();
        ids.extend(resources.iter().map(|resource| resource["id"].to_string()));
        next = page.next();
    }
    ids
}

#[actix_web::test]
async fn versions_of_a_record_never_go_back_in_time() {
    let house = House::start().await;
    let made = system(&house, HOUR);
    let made = made.post("Patient", records::patient("p")).await;
    let made = made.expect(201).json();
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("Patient/{id}");
    let mut times = vec![time(&made).to_owned()];
    for clock in [0, -HOUR, HOUR / 2, 2 * HOUR, 0] {
        let updated = system(&house, clock)
            .put(&path, records::with_id(records::patient("p"), &id))
            .await
            .expect(200);
        times.push(time(&updated.json()).to_owned());
    }
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times[0], times[3], "as late as it was, and no later");
    assert!(times[4] > times[0], "and the right time when that is later");
    assert_eq!(times[4], times[5]);

    let system = house.caller(&DemoUser::System);
    // What is new since a moment has all that was written after what is of it.
    let since = format!("{path}/_history?_since={}", times[0]);
    assert_eq!(system.get(&since).await.expect(200).resources().len(), 6);
    let found = format!("Patient?_lastUpdated=ge{}", times[5]);
    assert_eq!(system.found(&found).await, 1);
    let deleted = system.delete(&path).await;
    assert!(deleted.status < 300, "{}", deleted.text);
    let history = system.get(&since).await.expect(200).json();
    assert_eq!(history["entry"].as_array().unwrap().len(), 7);
}

#[actix_web::test]
async fn lists_have_everything_once_while_the_clock_is_set() {
    let house = House::start().await;
    let mut made = BTreeSet::new();
    for clock in [0, HOUR, -HOUR, 2 * HOUR, -3, 0, 0] {
        let system = system(&house, clock);
        made.insert(format!(
            "\"{}\"",
            system.create("Patient", records::patient("p")).await
        ));
    }
    for query in ["_sort=_lastUpdated", "_sort=-_lastUpdated", "_total=none"] {
        for clock in [0, -2 * HOUR, HOUR] {
            let system = system(&house, clock);
            let ids = listed(&system, &format!("Patient?_count=2&{query}")).await;
            assert_eq!(ids.len(), made.len(), "{query}");
            assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), made, "{query}");
        }
    }
}

#[actix_web::test]
async fn audit_events_are_listed_once_though_each_page_adds_one_of_an_earlier_time() {
    let house = House::start().await;
    for clock in [HOUR, 0, -HOUR] {
        let system = system(&house, clock);
        system.create("Patient", records::patient("p")).await;
        system.create("Patient", records::patient("p")).await;
    }
    house.clock.set(-HOUR / 2);
    let auditor = house.caller(&DemoUser::Auditor);
    let ids = listed(&auditor, "AuditEvent?_count=2").await;
    let once: BTreeSet<_> = ids.iter().collect();
    assert_eq!(once.len(), ids.len());
    assert!(ids.len() >= 6);
}

#[actix_web::test]
async fn a_repetition_is_one_though_the_clock_was_set_back() {
    let house = House::start().await;
    let key = [("idempotency-key", "k")];
    let body = || Some(records::patient("p").to_string());
    let first = system(&house, 0)
        .send("POST", "Patient", &key, body())
        .await
        .expect(201);
    let system = system(&house, -9 * 24 * HOUR);
    let again = system
        .send("POST", "Patient", &key, body())
        .await
        .expect(201);
    assert_eq!(first.text, again.text);
    assert_eq!(system.found("Patient").await, 1);
}
