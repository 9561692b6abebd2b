//! What administrators may propose is bounded: bytes of a body, entries of a list, open
//! proposals, proposals of a week; and the list of changes comes in pages.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::House,
    office::{Office, first, listed, person, propose},
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

const DAY: i64 = 24 * 3_600;
/// Open proposals of one administrator, and entries of a list.
const MOST: usize = 100;
/// Proposals of one administrator in seven days, and open ones of a facility.
const MOST_BY_ONE: usize = 500;

on_both! {
    open_proposals_of_one_administrator_are_bounded,
    the_list_of_changes_comes_in_pages,
    a_proposal_over_what_was_changed_since_is_stale,
}

fn lab(number: usize) -> Value {
    json!({"clientId": format!("lab-{number}"), "roles": ["system"]})
}

/// Proposes to register this number of clients; gives the places of the changes.
async fn propose_labs(by: &Caller, count: usize) -> Vec<String> {
    let mut changes = Vec::new();
    for number in 0..count {
        changes.push(propose(by, "POST", "/admin/clients", lab(number)).await);
    }
    changes
}

async fn refused(by: &Caller, status: u16) -> String {
    by.post("/admin/clients", lab(1_000)).await.problem(status)
}

#[actix_web::test]
async fn a_body_and_its_lists_are_bounded() {
    let office = Office::open(Kind::Sqlite).await;
    let issuer = office.house.issuer_url();
    let long = json!({"clientId": "x".repeat(64 * 1024), "roles": ["system"]});
    for (method, path) in [
        ("POST", "clients"),
        ("POST", "administrators"),
        ("POST", "facilities"),
        ("PUT", "facility"),
    ] {
        let path = format!("/admin/{path}");
        let body = Some(long.to_string());
        let reply = office.one.send(method, &path, &[], body).await;
        assert!(
            reply.problem(413).contains("65536 bytes"),
            "{method} {path}"
        );
    }
    let people = |count: usize| -> Vec<Value> {
        let one = |n| json!({"issuer": issuer, "subject": format!("person-{n}")});
        (0..count).map(one).collect()
    };
    let clients = |count: usize| -> Vec<Value> {
        let admin = json!({"clientId": "demo-admin", "roles": ["admin"]});
        let labs = (1..count).map(lab);
        std::iter::once(admin).chain(labs).collect()
    };
    let make = |people: Vec<Value>, clients: Vec<Value>| json!({"name": "lakeside", "administrators": people, "clients": clients});
    for (name, body) in [
        ("`administrators` lists 101", make(people(101), clients(1))),
        ("`clients` lists 101", make(people(2), clients(101))),
    ] {
        let refused = office.one.post("/admin/facilities", body).await;
        let text = refused.problem(422);
        assert!(
            text.contains(name) && text.contains("100 at most"),
            "{text}"
        );
    }
    let with: Vec<String> = (0..101).map(|n| format!("facility-{n}")).collect();
    let sharing = json!({"sharing": {"with": with}}).to_string();
    let reply = office.one.put("/admin/facility", sharing).await;
    let text = reply.problem(422);
    assert!(text.contains("`sharing.with` lists 101"), "{text}");
    let whole = make(people(MOST), clients(MOST));
    office
        .one
        .post("/admin/facilities", whole)
        .await
        .expect(202);
}

async fn open_proposals_of_one_administrator_are_bounded(kind: Kind) {
    let mut office = Office::open(kind).await;
    let there = office.house.another().await;
    let changes = propose_labs(&office.one, MOST).await;
    for by in [&office.one, &office.one.through(&there)] {
        let text = refused(by, 409).await;
        assert!(text.contains("withdraw") && text.contains("100"), "{text}");
    }
    // Whoever decides makes room, and others are not concerned.
    for (by, change) in [(&office.one, &changes[0]), (&office.two, &changes[1])] {
        by.post(&format!("{change}/reject"), "").await.expect(200);
    }
    office.approve(&changes[2]).await.expect(200);
    propose_labs(&office.two, 1).await;
    propose_labs(&office.one, 2).await;
    propose(&office.one, "POST", "/admin/clients", lab(7_777)).await;
    refused(&office.one, 409).await;
    // So does time.
    let office = office.at(7 * DAY + 1);
    propose_labs(&office.one, 1).await;
}

#[actix_web::test]
async fn proposals_that_were_withdrawn_count_for_a_week() {
    let office = Office::open(Kind::Sqlite).await;
    for number in 0..MOST_BY_ONE {
        let change = propose(&office.one, "POST", "/admin/clients", lab(number)).await;
        let reject = format!("{change}/reject");
        office.one.post(&reject, "").await.expect(200);
    }
    let text = refused(&office.one, 409).await;
    assert!(text.contains("within seven days"), "{text}");
    propose_labs(&office.two, 1).await;
    let office = office.at(7 * DAY + 1);
    propose_labs(&office.one, 1).await;
}

#[actix_web::test]
async fn open_proposals_of_a_facility_are_bounded() {
    let people = ["a", "b", "c", "d", "e", "f"];
    let house = House::registered(Kind::Sqlite, |issuer| {
        let [mut home, other] = first(issuer);
        home.0.extend(people.map(|subject| person(issuer, subject)));
        [home, other]
    })
    .await;
    let by = |subject: &str| {
        let subject = subject.to_owned();
        house.caller_with(&DemoUser::Admin, move |claims| {
            claims["sub"] = json!(subject)
        })
    };
    let mut last = Vec::new();
    for subject in people.iter().take(MOST_BY_ONE / MOST) {
        last = propose_labs(&by(subject), MOST).await;
    }
    let other = by("f");
    let text = refused(&other, 409).await;
    assert!(text.contains("500") && text.contains("decide"), "{text}");
    let reject = format!("{}/reject", last[0]);
    other.post(&reject, "").await.expect(200);
    propose_labs(&other, 1).await;
    refused(&other, 409).await;
}

/// All pages from this one on, as the client ids on them.
async fn pages(by: &Caller, first: &str) -> Vec<Vec<String>> {
    let (mut next, mut pages) = (Some(first.to_owned()), Vec::new());
    while let Some(path) = next {
        let list = by.get(&path).await.expect(200).json();
        let changes = list["changes"].as_array().unwrap().iter();
        let id = |change: &Value| change["of"]["clientId"].as_str().unwrap().to_owned();
        pages.push(changes.map(id).collect());
        next = list["next"].as_str().map(str::to_owned);
        assert!(pages.len() < 100, "the pages do not end");
    }
    pages
}

async fn the_list_of_changes_comes_in_pages(kind: Kind) {
    let office = Office::open(kind).await;
    let newest_first =
        |count: usize| -> Vec<String> { (0..count).rev().map(|n| format!("lab-{n}")).collect() };
    propose_labs(&office.one, 25).await;
    let got = pages(&office.two, "/admin/changes?_count=10").await;
    let sizes: Vec<usize> = got.iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 5]);
    // Several of one millisecond come by their ids.
    let mut all = got.concat();
    all.sort_unstable();
    let mut expected = newest_first(25);
    expected.sort_unstable();
    assert_eq!(all, expected);
    for whole in ["/admin/changes", "/admin/changes?_count=25"] {
        let pages = pages(&office.two, whole).await;
        assert_eq!(pages.len(), 1, "{whole}");
    }
    for by in [&office.one, &office.two] {
        propose_labs(by, 50).await;
    }
    let most = pages(&office.two, "/admin/changes?_count=1000").await;
    let sizes: Vec<usize> = most.iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 25]);
    // A decision moves nothing.
    let page = office.two.get("/admin/changes?_count=3").await.expect(200);
    let page = page.json();
    let newest = format!(
        "/admin/changes/{}",
        page["changes"][0]["id"].as_str().unwrap()
    );
    office
        .one
        .post(&format!("{newest}/approve"), "")
        .await
        .expect(200);
    let next = page["next"].as_str().unwrap();
    let rest = pages(&office.two, next).await.concat();
    assert_eq!(rest.len(), 122);

    for (query, status) in [
        ("_count=0", 400),
        ("_count=x", 400),
        ("_count=1&_count=2", 400),
        ("before=x", 400),
        ("before=00112233445566778899aabbccddeeff", 404),
        ("state=open", 400),
    ] {
        let reply = office.one.get(&format!("/admin/changes?{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text);
        drop(reply.problem(status));
    }
}

#[actix_web::test]
async fn a_page_of_large_changes_is_short() {
    let office = Office::open(Kind::Sqlite).await;
    let issuer = office.house.issuer_url();
    let long = "n".repeat(255);
    let one = |n| json!({"issuer": issuer, "subject": format!("person-{n}"), "name": long});
    let people: Vec<Value> = (0..MOST).map(one).collect();
    let client = json!({"clientId": "demo-admin", "name": long, "roles": ["admin"]});
    for number in 0..60 {
        let name = format!("lakeside-{number}");
        let new = json!({"name": name, "administrators": people, "clients": [client]});
        let reply = office.one.post("/admin/facilities", new).await;
        reply.expect(202);
    }
    let first = office.two.get("/admin/changes").await.expect(200);
    assert!(first.text.len() < 2 * 1024 * 1024, "{}", first.text.len());
    let shown = first.json()["changes"].as_array().unwrap().len();
    assert!((10..60).contains(&shown), "{shown}");
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let second = office.two.get(&next).await.expect(200).json();
    assert_eq!(second["changes"].as_array().unwrap().len(), 60 - shown);
    assert_eq!(listed(&office.two, "changes").await.len(), shown);
}

/// Approved, it would undo what was decided after it was made.
async fn a_proposal_over_what_was_changed_since_is_stale(kind: Kind) {
    let office = Office::open(kind).await;
    let (one, two) = (&office.one, &office.two);
    let said = |name: &str, with: &[&str]| json!({"organisation": name, "sharing": {"with": with}});
    let client = |roles: &[&str]| json!({"clientId": "lab", "roles": roles});
    office
        .change("POST", "/admin/clients", client(&["system"]))
        .await;
    office
        .change("PUT", "/admin/facility", said("Riverside", &[]))
        .await;
    let clients = one.get("/admin/clients").await.expect(200).json();
    let clients = clients["clients"].as_array().unwrap();
    let registered = clients
        .iter()
        .find(|client| client["clientId"] == "lab")
        .unwrap();
    let of_lab = format!("/admin/clients/{}", registered["tag"].as_str().unwrap());

    let shares = propose(one, "PUT", "/admin/facility", said("R", &["hillcrest"])).await;
    let widens = propose(
        one,
        "POST",
        "/admin/clients",
        client(&["system", "clinician"]),
    )
    .await;
    let other = propose(one, "POST", "/admin/clients", lab(7)).await;
    let was = one.get(&widens).await.expect(200).json()["was"].clone();
    assert_eq!(was["roles"], json!(["system"]));
    let was = one.get(&shares).await.expect(200).json()["was"].clone();
    assert_eq!(was["sharing"]["with"], json!([]));

    office
        .change("PUT", "/admin/facility", said("Riverside General", &[]))
        .await;
    office.change("DELETE", &of_lab, json!(null)).await;
    for change in [&shares, &widens] {
        let seen = one.get(change).await.expect(200).json();
        assert_eq!(seen["state"], "stale", "{seen}");
        let refused = two.post(&format!("{change}/approve"), "").await;
        assert!(refused.problem(409).contains("was changed since"));
    }
    let profile = one.get("/admin/facility").await.expect(200).json();
    assert_eq!(profile["sharing"]["with"], json!([]));
    // What nobody else touched is made.
    two.post(&format!("{other}/approve"), "").await.expect(200);
    // It can be turned down.
    one.post(&format!("{shares}/reject"), "").await.expect(200);
}

#[actix_web::test]
async fn sharing_is_not_ended_by_leaving_it_out() {
    let office = Office::open(Kind::Sqlite).await;
    for left_out in [json!({}), json!({"organisation": "Riverside"})] {
        let body = Some(left_out.to_string());
        let reply = office.one.send("PUT", "/admin/facility", &[], body).await;
        reply.problem(400);
    }
}
