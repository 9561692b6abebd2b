//! What a caller may store in a day: every write counts, in a Bundle too, and who has
//! stored that much is told to wait.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;

on_both! {
    who_has_stored_a_days_worth_waits_and_others_go_on,
    what_is_not_stored_costs_nothing,
    a_service_has_a_limit_of_its_own,
    what_a_record_is_found_by_counts_too,
    the_card_of_a_record_counts_too,
    the_keys_that_a_refused_request_leaves_count,
}

const KIB: u64 = 1024;

async fn house(kind: Kind, user: u64, service: u64) -> House {
    House::start_with(kind, |settings| {
        settings.limits.user_stored_bytes_per_day = Some(user);
        settings.limits.service_stored_bytes_per_day = Some(service);
    })
    .await
}

fn told_to_wait(reply: Reply, setting: &str) -> i64 {
    let reply = reply.expect(429);
    assert_eq!(reply.issue(), "throttled");
    let text = reply.json().to_string();
    assert!(text.contains(setting), "{text}");
    reply.header("retry-after").unwrap().parse().unwrap()
}

async fn create(caller: &Caller) -> Reply {
    caller.post("Practitioner", records::practitioner()).await
}

async fn who_has_stored_a_days_worth_waits_and_others_go_on(kind: Kind) {
    // Of small records there is room for five in a day.
    let house = house(kind, 20 * KIB, 1 << 30).await;
    let system = house.caller(&DemoUser::System);
    let clinician = house.caller(&DemoUser::Clinician);
    let first = clinician
        .post("Patient", records::patient("a"))
        .await
        .expect(201);
    let path = format!("Patient/{}", first.id());
    let patient = || records::with_id(records::patient("a"), &first.id());
    let write = ("POST", "Patient", Some(records::patient("b")));
    let read = ("GET", path.as_str(), None);
    let batch = records::bundle("batch", &[write.clone(), write.clone(), read.clone()]);
    let transaction = records::bundle("transaction", &[write, read]);
    clinician.post("", &batch).await.expect(200);
    clinician.post("", &transaction).await.expect(200);
    clinician.put(&path, patient()).await.expect(200);

    let setting = "userStoredBytesPerDay";
    let waits = told_to_wait(clinician.put(&path, patient()).await, setting);
    // A fifth of a day gives room for another.
    assert!((16_000..=17_281).contains(&waits), "{waits}");
    told_to_wait(
        clinician.post("Patient", records::patient("c")).await,
        setting,
    );
    told_to_wait(clinician.delete(&path).await, setting);
    told_to_wait(clinician.post("", &transaction).await, setting);
    let answered = clinician.post("", &batch).await.expect(200).json();
    let statuses: Vec<_> = (0..3)
        .map(|entry| {
            answered["entry"][entry]["response"]["status"]
                .as_str()
                .unwrap()
        })
        .map(|status| status[..3].to_owned())
        .collect();
    assert_eq!(statuses, ["429", "429", "200"]);
    // What was stored is what was let in, and it can be read.
    let history = clinician.get(&format!("{path}/_history")).await.expect(200);
    assert_eq!(history.resources().len(), 2);
    let found = clinician.get("Patient?_summary=count").await.expect(200);
    assert_eq!(found.json()["total"], 4);
    assert!(
        house.audits(HOME).await.len() > 8,
        "what was refused is audited"
    );
    create(&system).await.expect(201);

    house.clock.set(waits + 2);
    let clinician = house.caller(&DemoUser::Clinician);
    clinician.delete(&path).await.expect(204);
    told_to_wait(clinician.put(&path, patient()).await, setting);
}

async fn what_is_not_stored_costs_nothing(kind: Kind) {
    let house = house(kind, 8 * KIB, 1 << 30).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let first = clinician
        .post("Patient", records::patient("a"))
        .await
        .expect(201);
    let path = format!("Patient/{}", first.id());
    let stale = [("if-match", "W/\"7\"")];
    let record = records::with_id(records::patient("a"), &first.id());
    for _ in 0..5 {
        let body = Some(record.to_string());
        clinician.send("PUT", &path, &stale, body).await.expect(412);
        clinician.post("Patient", "{").await.expect(400);
    }
    // Large ones count by their bytes: this one is more than the rest, and the last.
    let mut large = record;
    large["text"] = serde_json::json!({"status": "generated",
        "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{}</div>", "a".repeat(40_000))});
    clinician.put(&path, large.clone()).await.expect(200);
    let waits = told_to_wait(clinician.put(&path, large).await, "userStoredBytesPerDay");
    assert!(waits > 3 * 86_400, "{waits}");
}

async fn a_service_has_a_limit_of_its_own(kind: Kind) {
    let house = house(kind, 4 * KIB, 12 * KIB).await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..3 {
        create(&system).await.expect(201);
    }
    told_to_wait(create(&system).await, "serviceStoredBytesPerDay");
}

/// What the database has of records and what finds them, in bytes.
fn database_bytes(house: &House, kind: Kind) -> u64 {
    let sizes = match kind {
        Kind::Sqlite => "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        Kind::Postgres => {
            "SELECT sum(pg_total_relation_size(it::regclass)) \
             FROM unnest(ARRAY['version', 'link', 'token', 'card']) AS it"
        }
    };
    house.query(sizes)[0][0].parse().unwrap()
}

async fn what_a_record_is_found_by_counts_too(kind: Kind) {
    let house = house(kind, 1 << 30, 1 << 30).await;
    create(&house.caller(&DemoUser::System)).await.expect(201);
    let identifier = |n: u32| serde_json::json!({"system": "urn:x", "value": n.to_string()});
    let reference = |n: u32| serde_json::json!({"reference": format!("Device/{n}")});
    let members = |make: &dyn Fn(u32) -> serde_json::Value| (0..8_000).map(make).collect();
    let identifiers: Vec<_> = members(&identifier);
    let subjects: Vec<_> = members(&reference);
    for record in [
        serde_json::json!({"resourceType": "Basic", "code": {"text": "b"},
            "identifier": identifiers}),
        serde_json::json!({"resourceType": "Account", "status": "active", "subject": subjects}),
    ] {
        counts_as_it_grows(&house, kind, record).await;
    }
}

/// Codes have neither links nor tokens.
async fn the_card_of_a_record_counts_too(kind: Kind) {
    let house = house(kind, 1 << 30, 1 << 30).await;
    create(&house.caller(&DemoUser::System)).await.expect(201);
    let code = |n: u32| serde_json::json!({"system": "urn:x", "code": format!("code-{n}")});
    let codes: Vec<_> = (0..8_000).map(code).collect();
    let record = serde_json::json!({"resourceType": "Basic", "code": {"coding": codes}});
    counts_as_it_grows(&house, kind, record).await;
}

/// Stores a record, which counts with about what the database grows by.
async fn counts_as_it_grows(house: &House, kind: Kind, record: serde_json::Value) {
    let name = record["resourceType"].as_str().unwrap().to_owned();
    let counted = || house.app.counters.stored_bytes();
    let before = (database_bytes(house, kind), counted());
    house.caller(&DemoUser::System).create(&name, record).await;
    let grown = database_bytes(house, kind) - before.0;
    let counted = counted() - before.1;
    // A fifth for what is stored beside and for pages that are not full.
    assert!(counted * 5 >= grown * 4, "{name}: {counted} of {grown}");
    assert!(counted < grown * 4, "{name}: {counted} of {grown}");
}

async fn the_keys_that_a_refused_request_leaves_count(kind: Kind) {
    let house = house(kind, 20 * KIB, 1 << 30).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let patient = clinician
        .post("Patient", records::patient("a"))
        .await
        .expect(201);
    let path = format!("Patient/{}", patient.id());
    let new = ("POST", "Patient", Some(records::patient("b")));
    let stale = records::with_id(records::patient("a"), &patient.id());
    let entries = [new.clone(), new, ("PUT", path.as_str(), Some(stale))];
    let mut transaction = records::bundle("transaction", &entries);
    transaction["entry"][2]["request"]["ifMatch"] = "W/\"7\"".into();
    clinician.post("", &transaction).await.expect(412);
    clinician.post("", &transaction).await.expect(412);
    // One version and four keys are five of five.
    let another = clinician.post("Patient", records::patient("c")).await;
    told_to_wait(another, "userStoredBytesPerDay");
    assert_eq!(clinician.found("Patient").await, 1);
}
