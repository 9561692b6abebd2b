//! Pages of searches and histories: everything once, whatever is written in
//! between, and cursors that only we can make.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House, OTHER},
    records,
    revocation::{put_in_force, without_sharing},
};
use devkit::issuer::DemoUser;
use policies::PolicySource;
use std::collections::BTreeSet;

fn ids(page: &crate::caller::Reply) -> Vec<String> {
    let resources = page.resources();
    resources
        .iter()
        .map(|resource| resource["id"].as_str().unwrap().to_owned())
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

/// Follows next links as a client does that puts its own page size on a link without one.
async fn a_page_may_have_another_size_than_the_one_before(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    add(&system, 7).await;
    let path = format!("Patient/{}/_history", a_history(&system, 7).await);
    for (caller, path) in [
        (&system, "Patient?identifier=same&_count=2"),
        (
            &system,
            "Patient?identifier=same&_sort=_lastUpdated&_count=2",
        ),
        (&auditor, "AuditEvent?_count=2"),
        (&system, &format!("{path}?_count=2")),
    ] {
        let page = caller.get(path).await.expect(200);
        let next = page.next().unwrap();
        assert!(next.contains("?_count=2&_cursor="), "{next}");
        let larger = next.replace("_count=2", "_count=4");
        let second = caller.get(&larger).await.expect(200);
        assert_eq!(second.resources().len(), 4, "{path}");
        let again = second.next().unwrap();
        assert!(again.contains("?_count=4&"), "{again}");
        // A link of 0.2.0 has none, and its search counts.
        let bare = next.replace("_count=2&", "");
        if !path.contains("_history") {
            let same = caller.get(&bare).await.expect(200);
            assert_eq!(same.resources().len(), 2, "{path}");
        }
        for beside in ["_count=0", "_count=x", "_count=2&_count=2"] {
            let refused = format!("{bare}&{beside}");
            caller.get(&refused).await.expect(400);
        }
        for beside in ["_since=2026-01-01T00:00:00Z", "_sort=_lastUpdated", "x=1"] {
            let reply = caller.get(&format!("{next}&{beside}")).await.expect(400);
            assert_eq!(reply.issue(), "not-supported", "{path} {beside}");
        }
        // Each page says where it is, and where the first was.
        assert_eq!(second.link("self").unwrap(), larger);
        assert_eq!(page.link("self"), page.link("first"));
        assert_ne!(second.link("first").unwrap(), larger);
    }
}

/// A patient of this number of versions.
async fn a_history(system: &Caller, versions: usize) -> String {
    let id = system.create("Patient", records::patient("a")).await;
    for number in 2..=versions {
        let body = records::with_id(records::patient(&format!("v{number}")), &id);
        let path = format!("Patient/{id}");
        system.put(&path, body).await.expect(200);
    }
    id
}

on_both! {
    a_page_may_have_another_size_than_the_one_before,
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
    for count in ["-1", "x", ""] {
        system
            .get(&format!("Patient?_count={count}"))
            .await
            .expect(400);
    }
}

/// The cursor of the first page of one match.
async fn cursor_of(caller: &Caller) -> String {
    let page = caller.get("Patient?_count=1").await.expect(200);
    let next = page.next().unwrap();
    next.split_once('?').unwrap().1.to_owned()
}

#[actix_web::test]
async fn a_cursor_is_of_use_to_the_user_alone_who_was_given_it() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    add(&system, 3).await;
    let path = format!("Patient?{}", cursor_of(&system.at(HOME)).await);
    let patient = DemoUser::Patient {
        id: "nobody".parse().unwrap(),
    };
    let clinician = DemoUser::Clinician;
    for user in [DemoUser::Admin, DemoUser::Auditor, patient, clinician] {
        let reply = house.caller(&user).at(HOME).get(&path).await.expect(400);
        assert_eq!(reply.issue(), "value");
    }
    for there in [HOME, OTHER] {
        let visitor = house.caller(&DemoUser::ClinicianOther).at(there);
        visitor.get(&path).await.expect(400);
    }
    // Another token of the same user goes on, as far as that token may.
    let again = house.caller_with(&DemoUser::System, |claims| claims["jti"] = "2".into());
    assert_eq!(
        again
            .at(HOME)
            .get(&path)
            .await
            .expect(200)
            .resources()
            .len(),
        1
    );
    for (claim, value) in [("scope", "system/Observation.rs"), ("roles", "auditor")] {
        let lesser = house.caller_with(&DemoUser::System, |claims| claims[claim] = value.into());
        lesser.at(HOME).get(&path).await.expect(403);
    }
}

#[actix_web::test]
async fn a_cursor_from_before_a_revocation_releases_nothing() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    add(&system, 3).await;
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    let path = format!("Patient?{}", cursor_of(&visitor).await);
    assert_eq!(visitor.get(&path).await.expect(200).resources().len(), 1);
    put_in_force(&house, HOME, 2, &without_sharing()).await;
    assert_eq!(visitor.get(&path).await.expect(410).issue(), "processing");
    // Nor does it when the sharing is allowed again: the search begins anew.
    put_in_force(&house, HOME, 3, &PolicySource::shipped()).await;
    visitor.get(&path).await.expect(410);
    cursor_of(&visitor).await;
    put_in_force(&house, OTHER, 2, &PolicySource::shipped()).await;
    visitor.get(&path).await.expect(410);
}

#[actix_web::test]
async fn a_history_is_paged_too() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let path = format!("Patient/{}", a_history(&system, 5).await);
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
