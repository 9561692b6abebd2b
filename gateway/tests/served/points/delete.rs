//! Delete: points 11 to 13.

use super::{found, patient, put, start};
use crate::{
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;

on_both! {
    point_13_what_is_deleted_is_found_no_more_and_its_versions_go_on,
}

/// 204, or 200 with an OperationOutcome for whoever prefers one.
#[actix_web::test]
async fn point_11_a_delete_of_what_is_gone_or_never_was_is_a_delete_all_the_same() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let outcome = [("prefer", "return=OperationOutcome")];
    for at in [&*path, &*path, "Patient/never-was"] {
        let deleted = system.delete(at).await.expect(204);
        assert_eq!(deleted.text, "", "{at}");
        let told = system.send("DELETE", at, &outcome, None).await.expect(200);
        assert_eq!(told.json()["resourceType"], "OperationOutcome", "{at}");
        assert_eq!(told.json()["issue"][0]["severity"], "information");
    }
    let other = patient(&system, "b").await;
    let told = system.send("DELETE", &other, &outcome, None).await;
    assert_eq!(told.expect(200).json()["resourceType"], "OperationOutcome");
    system.get(&other).await.expect(410);
}

#[actix_web::test]
async fn point_12_what_is_deleted_is_gone_and_what_it_was_stays_readable() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    system.delete(&path).await.expect(204);
    let version = |number: u8| format!("{path}/_history/{number}");
    for (at, status, issue) in [
        (path.clone(), 410, "deleted"),
        (version(2), 410, "deleted"),
        (version(3), 404, "not-found"),
        ("Patient/unknown".to_owned(), 404, "not-found"),
        ("Patient/unknown/_history/1".to_owned(), 404, "not-found"),
    ] {
        let reply = system.get(&at).await.expect(status);
        assert_eq!(reply.issue(), issue, "{at}");
        system.send("HEAD", &at, &[], None).await.expect(status);
    }
    let before = system.get(&version(1)).await.expect(200);
    assert_eq!(before.json()["identifier"][0]["value"], "a");
}

async fn point_13_what_is_deleted_is_found_no_more_and_its_versions_go_on(kind: Kind) {
    let (_house, system) = start(kind).await;
    let path = patient(&system, "a").await;
    let id = path.trim_start_matches("Patient/").to_owned();
    let mut observation = records::observation(&id);
    observation["identifier"] = records::patient("o")["identifier"].clone();
    put(&system, "Observation/one", observation.clone(), &[])
        .await
        .expect(201);
    let searches = [
        "Observation?identifier=o".to_owned(),
        "Observation?_id=one".to_owned(),
        "Observation?_count=9".to_owned(),
        "Observation?_sort=_lastUpdated".to_owned(),
        format!("Observation?patient={id}"),
        format!("Observation?patient={id}&status=final"),
    ];
    for search in &searches {
        assert_eq!(found(&system, search).await, ["one"], "{search}");
    }
    let deleted = system.delete("Observation/one").await.expect(204);
    assert_eq!(deleted.header("etag"), Some("W/\"2\""));
    for search in &searches {
        let counted = format!("{search}&_total=accurate");
        let page = system.get(&counted).await.expect(200).json();
        assert_eq!(page.get("entry"), None, "{search}");
        assert_eq!(page["total"], 0, "{search}");
    }
    // The delete was a version, so the next is the third.
    let back = put(&system, "Observation/one", observation, &[]).await;
    assert_eq!(back.expect(201).header("etag"), Some("W/\"3\""));
    for search in &searches {
        assert_eq!(found(&system, search).await, ["one"], "{search}");
    }
}
