//! Which facility makes others is sealed in its own registration: neither the order of
//! rows nor a proposal gives it to another.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{House, OTHER},
    office::{client, first, person, propose},
};
use devkit::issuer::DemoUser;
use policies::Role;
use serde_json::{Value, json};

on_both! {
    an_unreadable_facility_holds_up_no_other,
    the_order_of_facilities_makes_none_the_first,
    no_proposal_makes_a_facility_the_first,
}

/// The tables whose rows are a facility's.
const TABLES: [&str; 18] = [
    "kek",
    "data_key",
    "policy_set",
    "statement",
    "registration",
    "epoch",
    "version",
    "link",
    "token",
    "audit",
    "audit_patient",
    "audit_query",
    "answer",
    "pending_leaf",
    "change",
    "change_decision",
    "own_url",
    "kept_query",
];

/// Two facilities with the same administrators: an administrator of the first, the same
/// person at the other.
async fn two(kind: Kind) -> (House, Caller, Caller) {
    let house = House::registered(kind, |issuer| {
        let [home, _] = first(issuer);
        [home.clone(), home]
    })
    .await;
    let home = house.caller(&DemoUser::Admin);
    let elsewhere = |claims: &mut Value| claims["facility"] = json!(OTHER);
    let other = house.caller_with(&DemoUser::Admin, elsewhere);
    (house, home, other)
}

/// A facility to be made.
fn new(house: &House, name: &str) -> Value {
    let issuer = house.issuer_url();
    let people = ["nora", "nils"].map(|name| person(&issuer, name));
    let clients = [client(&issuer, "demo-admin", &[Role::Admin])];
    json!({"name": name, "administrators": people, "clients": clients})
}

/// The two facilities change places, with all that is theirs.
fn swap(house: &House, kind: Kind) {
    let of = |column: &str, table: &str| {
        let steps = [(1, 1001), (2, 1), (1001, 2)];
        steps
            .map(|(from, to)| {
                format!("UPDATE {table} SET {column} = {to} WHERE {column} = {from};")
            })
            .concat()
    };
    let all: String = TABLES
        .iter()
        .map(|table| of("facility_id", table))
        .collect();
    let all = all + &of("id", "facility");
    house.sql(&match kind {
        Kind::Sqlite => all,
        Kind::Postgres => format!("SET session_replication_role = replica; {all}"),
    });
}

async fn the_order_of_facilities_makes_none_the_first(kind: Kind) {
    let (mut house, home, other) = two(kind).await;
    let is_refused = async |by: &Caller, name: &str| {
        let refused = by.post("/admin/facilities", new(&house, name)).await;
        let text = refused.problem(403);
        assert!(text.contains("first facility"), "{text}");
    };
    is_refused(&other, "a").await;
    // A row before all others, of no use to anybody.
    house.sql("INSERT INTO facility (id, name, created_ms) VALUES (0, 'before', 1)");
    is_refused(&other, "b").await;
    propose(&home, "POST", "/admin/facilities", new(&house, "c")).await;
    house.sql("DELETE FROM facility WHERE id = 0");
    swap(&house, kind);
    let there = house.another().await;
    let (home, other) = (home.through(&there), other.through(&there));
    let refused = other.post("/admin/facilities", new(&house, "d")).await;
    drop(refused.problem(403));
    propose(&home, "POST", "/admin/facilities", new(&house, "e")).await;
}

async fn no_proposal_makes_a_facility_the_first(kind: Kind) {
    let (house, home, other) = two(kind).await;
    let said = json!({"sharing": {"with": []}, "makesFacilities": true}).to_string();
    let put = other.send("PUT", "/admin/facility", &[], Some(said)).await;
    drop(put.problem(400));
    // And none takes it away.
    let said = json!({"organisation": "Riverside", "sharing": {"with": []}});
    let place = propose(&home, "PUT", "/admin/facility", said).await;
    let second = house.caller(&DemoUser::AdminSecond);
    let approve = format!("{place}/approve");
    second.post(&approve, "").await.expect(200);
    for (at, expected) in [(&home, json!(true)), (&other, Value::Null)] {
        let profile = at.get("/admin/facility").await.expect(200).json();
        assert_eq!(profile["makesFacilities"], expected, "{profile}");
    }
    propose(&home, "POST", "/admin/facilities", new(&house, "a")).await;
}

/// Not in a gateway that starts, either.
async fn an_unreadable_facility_holds_up_no_other(kind: Kind) {
    let (mut house, home, _) = two(kind).await;
    house.sql("INSERT INTO facility (id, name, created_ms) VALUES (99, 'Not a Name', 0)");
    assert!(house.app.look_for_facilities().await.is_ok());
    let started = house.another().await;
    let facility = home.through(&started).get("/admin/facility").await;
    facility.expect(200);
}
