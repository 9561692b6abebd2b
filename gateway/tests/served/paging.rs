//! Pages of searches and histories: everything once, whatever is written in
//! between, and cursors that only we can make.

use crate::{
    caller::Caller,
    house::{HOME, House, OTHER},
    records,
};
use devkit::issuer::DemoUser;
use std::collections::BTreeSet;

fn ids(page: &crate::caller::Reply) -> Vec<String> {
    let resources = page.resources();
    resources
        .iter()
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn add(system: &Caller, count: usize) -> BTreeSet<String> {
    let mut added = BTreeSet::new();
    for _ in 0..count {
        added.insert(system.create("Patient", records::patient("same")).await);
    }
    added
}

#[actix_web::test]
async fn pages_hold_everything_once_while_others_write() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let before = add(&system, 11).await;
    for query in ["Patient?_count=3", "Patient?identifier=same&_count=3"] {
        let mut page = system.get(query).await.expect(200);
        let (mut seen, mut pages) = (Vec::new(), 1);
        while let Some(next) = page.next() {
            seen.extend(ids(&page));
            assert!(!next.contains("same"), "a link tells the query");
            add(&system, 2).await;
            page = system.get(&next).await.expect(200);
            pages += 1;
        }
        seen.extend(ids(&page));
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "a record stands on two pages");
        assert!(once.is_superset(&before), "a record is missing");
        assert!(pages >= 4);
    }
}

#[actix_web::test]
async fn forged_and_foreign_cursors_are_refused() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let elsewhere = house.system_of_other();
    add(&system, 3).await;
    add(&elsewhere, 3).await;
    let next = system
        .get("Patient?_count=1")
        .await
        .expect(200)
        .next()
        .unwrap();
    let (_, cursor) = next.split_once("_cursor=").unwrap();
    system.get(&next).await.expect(200);

    let middle = cursor.len() / 2;
    let other = if cursor.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    let flipped = format!("{}{other}{}", &cursor[..middle], &cursor[middle + 1..]);
    for forged in [flipped.as_str(), &cursor[1..], "", "AAAA", "%00"] {
        let reply = system
            .get(&format!("Patient?_cursor={forged}"))
            .await
            .expect(400);
        assert_eq!(reply.issue(), "value", "{forged}");
    }
    // Ours, but of another search, another place, another facility.
    system
        .get(&format!("Observation?_cursor={cursor}"))
        .await
        .expect(400);
    system
        .get(&format!("Patient/1/_history?_cursor={cursor}"))
        .await
        .expect(400);
    elsewhere
        .get(&format!("Patient?_cursor={cursor}"))
        .await
        .expect(400);
    let auditor = house.caller(&DemoUser::Auditor);
    auditor
        .get(&format!("AuditEvent?_cursor={cursor}"))
        .await
        .expect(400);
    for count in ["0", "-1", "x", ""] {
        system
            .get(&format!("Patient?_count={count}"))
            .await
            .expect(400);
    }
}

#[actix_web::test]
async fn a_cursor_opens_nothing_to_those_who_may_not_search() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    add(&system, 3).await;
    let next = system
        .at(HOME)
        .get("Patient?_count=1")
        .await
        .expect(200)
        .next()
        .unwrap();
    let (_, cursor) = next.split_once('?').unwrap();
    let path = format!("Patient?{cursor}");
    for user in [DemoUser::Admin, DemoUser::Auditor] {
        house.caller(&user).at(HOME).get(&path).await.expect(403);
    }
    let patient = DemoUser::Patient {
        id: "nobody".parse().unwrap(),
    };
    let page = house.caller(&patient).at(HOME).get(&path).await.expect(200);
    assert!(page.resources().is_empty());
    house
        .caller(&DemoUser::ClinicianOther)
        .at(OTHER)
        .get(&path)
        .await
        .expect(400);
}

#[actix_web::test]
async fn a_history_is_paged_too() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    for number in 2..=5 {
        let body = records::with_id(records::patient(&format!("v{number}")), &id);
        system.put(&path, body).await.expect(200);
    }
    let mut page = system
        .get(&format!("{path}/_history?_count=2"))
        .await
        .expect(200);
    let mut versions = Vec::new();
    loop {
        for resource in page.resources() {
            versions.push(resource["meta"]["versionId"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.next() else { break };
        page = system.get(&next).await.expect(200);
    }
    assert_eq!(versions, ["5", "4", "3", "2", "1"]);
}

#[actix_web::test]
async fn audit_events_are_paged_newest_first() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    add(&system, 5).await;
    let auditor = house.caller(&DemoUser::Auditor);
    let mut page = auditor.get("AuditEvent?_count=2").await.expect(200);
    let mut seen = Vec::new();
    loop {
        seen.extend(ids(&page));
        let Some(next) = page.next() else { break };
        page = auditor.get(&next).await.expect(200);
    }
    assert_eq!(
        seen.len(),
        5,
        "the events that were there when the first page was read"
    );
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 5);
}
