//! A facility of version 0.1 is taken over once, with what was decided there; one that was
//! sealed is not taken for one of that version again.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    format_1::{put_in_clear, to_version_0_1},
    house::{HOME, House},
    office::{Office, client, person, propose},
    records,
};
use devkit::issuer::DemoUser;
use gateway::facility::setup::Confirmed;
use policies::{PolicySource, Role};
use serde_json::json;

const HERE: &str = "facility_id = (SELECT id FROM facility WHERE name = 'riverside')";

on_both! {
    a_facility_that_was_sealed_is_not_taken_over_again,
    what_was_proposed_and_decided_is_taken_over,
}

/// Cut by cut, whatever is left of what this release wrote speaks against it. Where nothing
/// is left, the operator is asked to look (docs/threat-model.md, "Known limits").
async fn a_facility_that_was_sealed_is_not_taken_over_again(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
    put_in_clear(&house, kind, &PolicySource::shipped());
    house.opens().await.unwrap();
    let recorded = "record_tag IN (SELECT record_tag FROM version)
        OR record_tag IN (SELECT record_tag FROM audit)";
    for (cut, trace) in [
        (
            "DELETE FROM policy_set WHERE {here};
             DELETE FROM statement WHERE kind = 'policy' AND {here}",
            "a statement of kind `registration` shows that it was sealed",
        ),
        (
            "DELETE FROM statement WHERE {here}",
            "the leaf of a statement of kind `policy` shows",
        ),
        (
            "DELETE FROM pending_leaf WHERE {here} AND NOT ({recorded})",
            "a row of `own_url` that a later version wrote shows",
        ),
        (
            "DELETE FROM own_url WHERE {here}",
            "a row of `registration` that a later version wrote shows",
        ),
        (
            "DELETE FROM registration WHERE {here}",
            "a row of `audit` that a later version wrote shows",
        ),
        (
            "DELETE FROM audit WHERE {here}",
            "a row of `version` that a later version wrote shows",
        ),
    ] {
        let cut = cut.replace("{here}", HERE).replace("{recorded}", recorded);
        house.sql(&cut);
        let refused = house.opens().await.unwrap_err().to_string();
        assert!(refused.contains(trace), "{refused}");
        assert!(refused.contains("restore a backup"), "{refused}");
        assert!(!refused.contains("take-over"), "{refused}");
        let looked = house.take_over(HOME).await.err().unwrap().to_string();
        assert_eq!(looked, refused);
    }
    house.sql(&format!("DELETE FROM version WHERE {HERE}"));
    let asked = house.opens().await.unwrap_err().to_string();
    assert!(asked.contains("chartseal take-over"), "{asked}");
    let looked = house.take_over(HOME).await.unwrap().unwrap();
    assert!(!looked.found().is_as_shipped(), "0.1.0 shipped another set");
}

/// What is shown of a change.
async fn change(by: &Caller, place: &str) -> (String, String) {
    let shown = by.get(place).await.expect(200).json();
    let of = |pointer: &str| shown.pointer(pointer).and_then(|value| value.as_str());
    let decider = of("/decidedBy/subject").unwrap_or_default();
    (of("/state").unwrap().to_owned(), decider.to_owned())
}

async fn what_was_proposed_and_decided_is_taken_over(kind: Kind) {
    let mut office = Office::open(kind).await;
    let new = |id: &str| json!({"clientId": id, "roles": ["system"]});
    let mut changes = Vec::new();
    for id in ["approved", "rejected", "open"] {
        changes.push(office.propose("POST", "/admin/clients", new(id)).await);
    }
    office.approve(&changes[0]).await.expect(200);
    let reject = format!("{}/reject", changes[1]);
    office.two.post(&reject, "").await.expect(200);
    to_version_0_1(&office.house, kind);

    let looked = office.house.take_over(HOME).await.unwrap().unwrap();
    let found = looked.found();
    assert_eq!((found.changes, found.administrators.len()), (3, 2));
    assert!(found.first, "its administrators make others");
    let refused = looked.seal(&Confirmed::default()).await.unwrap_err();
    assert!(refused.to_string().contains("--client-issuer"), "{refused}");
    let confirmed = Confirmed {
        client_issuer: Some(office.house.issuer_url()),
        ..Confirmed::default()
    };
    let looked = office.house.take_over(HOME).await.unwrap().unwrap();
    looked.seal(&confirmed).await.unwrap();
    assert!(office.house.take_over(HOME).await.unwrap().is_none());

    let there = office.house.another().await;
    let (one, two) = (office.one.through(&there), office.two.through(&there));
    let decided = |state: &str| (state.to_owned(), "dana.silva".to_owned());
    assert_eq!(change(&one, &changes[0]).await, decided("approved"));
    assert_eq!(change(&one, &changes[1]).await, decided("rejected"));
    let open = ("open".to_owned(), String::new());
    assert_eq!(change(&one, &changes[2]).await, open);
    for decided in &changes[..2] {
        let again = two.post(&format!("{decided}/approve"), "").await;
        drop(again.problem(409));
    }
    let approve = format!("{}/approve", changes[2]);
    two.post(&approve, "").await.expect(200);
    // The next proposal goes on in the same statements.
    let next = propose(&one, "POST", "/admin/clients", new("next")).await;
    two.post(&format!("{next}/approve"), "").await.expect(200);
    // A decision of that time is sealed now, and missed when it is cut.
    office
        .house
        .sql("DELETE FROM change_decision WHERE decision = 'rejected'");
    drop(two.post(&reject, "").await.problem(500));
    // It is the first still.
    let people = ["nora", "nils"].map(|name| person(&office.house.issuer_url(), name));
    let clients = [client(
        &office.house.issuer_url(),
        "demo-admin",
        &[Role::Admin],
    )];
    let new = json!({"name": "lakeside", "administrators": people, "clients": clients});
    propose(&one, "POST", "/admin/facilities", new).await;
}
