//! Next links of long searches: short whatever was asked, of use to one user, for an
//! hour.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;

/// The most that a link may have (<https://www.rfc-editor.org/rfc/rfc9110#section-4.1>
/// asks for 8,000 octets; many proxies take less).
const LONGEST: usize = 2_000;
const HOUR: i64 = 3_600;

on_both! {
    equal_searches_of_a_user_are_kept_once,
}

/// A search for this number of identifiers, those of the records among them.
pub fn query(values: usize) -> String {
    let filler = "y".repeat(60);
    let others = (3..values).map(|n| format!("{}|none-{n:04}-{filler}", records::SYSTEM));
    let first = ["m0", "m1", "m2"].map(|value| format!("{}|{value}", records::SYSTEM));
    let values: Vec<String> = first.into_iter().chain(others).collect();
    format!("identifier={}&_count=1", values.join(","))
}

pub async fn search(caller: &Caller, query: String) -> Reply {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    caller
        .send("POST", "Patient/_search", &form, Some(query))
        .await
        .expect(200)
}

async fn long_searches_are_paged(kind: Kind) {
    let mut house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for value in ["m0", "m1", "m2"] {
        system.create("Patient", records::patient(value)).await;
    }
    for values in [3, 10, 100, 450] {
        let (mut page, mut seen) = (search(&system, query(values)).await, 0);
        loop {
            seen += page.resources().len();
            let Some(next) = page.next() else { break };
            assert!(next.len() < LONGEST, "{values} values: {}", next.len());
            assert!(!next.contains("none"), "a link tells the query");
            page = system.get(&next).await.expect(200);
        }
        assert_eq!(seen, 3, "{values} values");
    }
    // Another process over the same data goes on where the first stopped.
    let next = search(&system, query(100)).await.next().unwrap();
    let (_, cursor) = next.split_once('?').unwrap();
    let path = format!("Patient?{cursor}");
    let elsewhere = system.through(&house.another().await);
    assert_eq!(elsewhere.found(&path).await, 1);
    let clinician = house.caller(&DemoUser::Clinician);
    assert_eq!(clinician.get(&path).await.expect(400).issue(), "value");
}

#[actix_web::test]
async fn the_next_link_of_a_long_search_is_short() {
    long_searches_are_paged(Kind::Sqlite).await;
}

#[actix_web::test]
async fn the_next_link_of_a_long_search_is_short_on_postgres() {
    long_searches_are_paged(Kind::Postgres).await;
}

async fn equal_searches_of_a_user_are_kept_once(kind: Kind) {
    let house = House::start_on(kind).await;
    // Well within a half hour, each of which has rows of its own.
    let half_hour = HOUR / 2;
    let now = house.app.clock.now().as_millis() / 1_000;
    house.clock.set(half_hour - now % half_hour + 60);
    let system = house.caller(&DemoUser::System);
    let clinician = house.caller(&DemoUser::Clinician);
    for value in ["m0", "m1", "m2"] {
        system.create("Patient", records::patient(value)).await;
    }
    let one_row = "DELETE FROM kept_query WHERE tag <> \
                   (SELECT tag FROM kept_query ORDER BY tag LIMIT 1)";
    // Equal searches of one user, one after the other, at once, as pages, in a batch.
    let first = search(&system, query(100)).await.next().unwrap();
    let (second, third) = tokio::join!(search(&system, query(100)), search(&system, query(100)),);
    let mut links = vec![first.clone(), second.next().unwrap(), third.next().unwrap()];
    let page = system.get(&first).await.expect(200);
    links.push(page.next().unwrap());
    house.sql(one_row);
    for link in &links {
        assert_eq!(system.found(link).await, 1);
    }
    // Another text and another user have rows of their own.
    let other_text = search(&system, query(101)).await.next().unwrap();
    let other_user = search(&clinician, query(100)).await.next().unwrap();
    house.sql(one_row);
    let mut kept = Vec::new();
    for (by, link) in [
        (&system, &first),
        (&system, &other_text),
        (&clinician, &other_user),
    ] {
        kept.push(by.get(link).await.status);
    }
    kept.sort_unstable();
    assert_eq!(kept, [200, 410, 410]);
}

#[actix_web::test]
async fn a_long_search_is_kept_for_an_hour_after_its_last_page() {
    let house = House::start().await;
    // A token outlives the hour.
    let system = house.caller_with(&DemoUser::System, |claims| {
        let expires = claims["exp"].as_i64().unwrap();
        claims["exp"] = (expires + 4 * HOUR).into();
    });
    for value in ["m0", "m1", "m2"] {
        system.create("Patient", records::patient(value)).await;
    }
    let first = search(&system, query(100)).await.next().unwrap();
    house.clock.set(HOUR * 3 / 4);
    let second = system.get(&first).await.expect(200).next().unwrap();
    house.clock.set(HOUR * 3 / 2);
    assert_eq!(system.get(&first).await.expect(410).issue(), "expired");
    let last = system.get(&second).await.expect(200);
    assert_eq!((last.resources().len(), last.next()), (1, None));
}

#[actix_web::test]
async fn the_next_link_of_a_long_audit_search_is_short_too() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let mut ids = Vec::new();
    for value in ["m0", "m1", "m2"] {
        ids.push(system.create("Patient", records::patient(value)).await);
    }
    ids.extend((3..200).map(|n| format!("nobody-{n:04}-{}", "y".repeat(50))));
    let auditor = house.caller(&DemoUser::Auditor);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let query = Some(format!("patient={}&_count=1", ids.join(",")));
    let mut page = auditor
        .send("POST", "AuditEvent/_search", &form, query)
        .await
        .expect(200);
    let mut seen = page.resources().len();
    while let Some(next) = page.next() {
        assert!(next.len() < LONGEST, "{}", next.len());
        page = auditor.get(&next).await.expect(200);
        seen += page.resources().len();
    }
    assert_eq!(seen, 3);
}
