//! Someone who can write to the database and holds no key changes what is kept beside the
//! records: answers, queries of long searches, the gateway's own URLs, the texts of audited
//! queries. What they change does not open; what is cut of it is unseen.

use crate::{
    caller::{Caller, Reply},
    database::{IN_CIPHERTEXT, Kind, on_both},
    house::House,
    long_queries::{query, search},
    office::{Office, listed},
    records,
    sweep::{HERE, whole},
};
use devkit::issuer::DemoUser;
use gateway::work::sweep::FaultKind;
use serde_json::json;

on_both! {
    an_answer_that_was_edited_or_swapped_is_given_to_nobody,
    an_answer_that_was_cut_lets_its_write_take_effect_again_unseen,
    a_kept_query_that_was_edited_or_swapped_is_refused,
    a_kept_query_that_was_cut_is_as_one_whose_hour_is_over,
    urls_that_were_added_edited_or_swapped_let_no_process_start,
    query_texts_that_were_added_edited_or_swapped_close_their_record_alone,
}

fn flipped(kind: Kind) -> String {
    kind.flipped("envelope", IN_CIPHERTEXT)
}

/// The one tag that there is in a column, as SQL.
fn only_tag(house: &House, kind: Kind, (table, column): (&str, &str)) -> String {
    let (hex, literal) = match kind {
        Kind::Sqlite => (format!("hex({column})"), "x'"),
        Kind::Postgres => (format!("encode({column}, 'hex')"), "'\\x"),
    };
    let rows = house.query(&format!("SELECT {hex} FROM {table}"));
    assert_eq!(rows.len(), 1, "{rows:?}");
    format!("{literal}{}'", rows[0][0])
}

fn keep(house: &House, table: &str) {
    house.sql(&format!("CREATE TABLE kept AS SELECT * FROM {table}"));
}

fn put_back(house: &House, table: &str) {
    house.sql(&format!(
        "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept"
    ));
}

/// Creates a patient of this identifier under an idempotency key.
async fn create(system: &Caller, key: &str, identifier: &str) -> Reply {
    let body = Some(records::patient(identifier).to_string());
    let headers = [("idempotency-key", key)];
    system.send("POST", "Patient", &headers, body).await
}

async fn an_answer_that_was_edited_or_swapped_is_given_to_nobody(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    create(&system, "one", "a").await.expect(201);
    let first = only_tag(&house, kind, ("answer", "key_tag"));
    let second = create(&system, "two", "b").await.expect(201).id();
    keep(&house, "answer");
    let of_second = |column: &str| {
        format!("{column} = (SELECT o.{column} FROM answer o WHERE o.key_tag <> {first})")
    };
    for (change, status) in [
        (flipped(kind), 500),
        (of_second("envelope"), 500),
        ("time_ms = time_ms + 1".to_owned(), 500),
        (format!("data_key_id = {}", kind.zeros(16)), 500),
        // Another request under the same key, as far as can be told.
        (of_second("request_digest"), 422),
        (format!("request_digest = {}", kind.zeros(32)), 422),
        (
            format!("{}, {}", of_second("request_digest"), of_second("envelope")),
            422,
        ),
    ] {
        house.sql(&format!(
            "UPDATE answer SET {change} WHERE key_tag = {first}"
        ));
        let again = create(&system, "one", "a").await;
        assert_eq!(again.status, status, "{change}: {}", again.text);
        let other = create(&system, "two", "b").await.expect(201);
        assert_eq!(other.id(), second, "{change}");
        put_back(&house, "answer");
    }
    assert_eq!(system.found("Patient?identifier=a").await, 1);
    let again = create(&system, "one", "a").await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

/// docs/threat-model.md, "Known limits": no leaf names the key.
async fn an_answer_that_was_cut_lets_its_write_take_effect_again_unseen(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let first = create(&system, "one", "a").await.expect(201).id();
    // An answer under the tag of no key is asked for by nobody.
    house.sql(&format!(
        "INSERT INTO answer (facility_id, key_tag, request_digest, time_ms, data_key_id, envelope)
             SELECT facility_id, {}, request_digest, time_ms, data_key_id, envelope FROM answer",
        kind.zeros(16)
    ));
    let same = create(&system, "one", "a").await.expect(201).id();
    assert_eq!(same, first);
    house.sql("DELETE FROM answer");
    let again = create(&system, "one", "a").await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), None);
    assert_ne!(again.id(), first);
    assert_eq!(system.found("Patient?identifier=a").await, 2);
    let swept = whole(&house).await.faults;
    assert_eq!(swept.total(), 0, "unseen: {:?}", swept.named);
}

/// Three patients; the next links of two searches for them, of which the first is kept
/// under this tag.
async fn searched(house: &House, kind: Kind) -> (Caller, [String; 2], String) {
    let system = house.caller(&DemoUser::System);
    for value in ["m0", "m1", "m2"] {
        system.create("Patient", records::patient(value)).await;
    }
    let first = search(&system, query(100)).await.next().unwrap();
    let tag = only_tag(house, kind, ("kept_query", "tag"));
    let second = search(&system, query(101)).await.next().unwrap();
    (system, [first, second], tag)
}

async fn a_kept_query_that_was_edited_or_swapped_is_refused(kind: Kind) {
    let house = House::start_on(kind).await;
    let (system, [first, second], tag) = searched(&house, kind).await;
    keep(&house, "kept_query");
    for change in [
        flipped(kind),
        format!("envelope = (SELECT o.envelope FROM kept_query o WHERE o.tag <> {tag})"),
        "time_ms = time_ms - 1".to_owned(),
        format!("data_key_id = {}", kind.zeros(16)),
    ] {
        house.sql(&format!("UPDATE kept_query SET {change} WHERE tag = {tag}"));
        assert_eq!(system.get(&first).await.status, 500, "{change}");
        assert_eq!(system.found(&second).await, 1, "{change}");
        put_back(&house, "kept_query");
    }
    assert_eq!(system.found(&first).await, 1);
}

async fn a_kept_query_that_was_cut_is_as_one_whose_hour_is_over(kind: Kind) {
    let house = House::start_on(kind).await;
    let (system, [first, second], tag) = searched(&house, kind).await;
    keep(&house, "kept_query");
    for edit in [
        format!("DELETE FROM kept_query WHERE tag = {tag}"),
        format!("UPDATE kept_query SET time_ms = 1 WHERE tag = {tag}"),
        format!(
            "UPDATE kept_query SET tag = {} WHERE tag = {tag}",
            kind.zeros(16)
        ),
    ] {
        house.sql(&edit);
        let gone = system.get(&first).await.expect(410);
        assert_eq!(gone.issue(), "expired", "{edit}");
        assert_eq!(system.found(&second).await, 1, "{edit}");
        put_back(&house, "kept_query");
    }
    let swept = whole(&house).await.faults;
    assert_eq!(swept.total(), 0, "unseen: {:?}", swept.named);
}

async fn urls_that_were_added_edited_or_swapped_let_no_process_start(kind: Kind) {
    let mut house = House::start_on(kind).await;
    let older = "http://older.example:8080".to_owned();
    house
        .another_with(|settings| settings.former_urls = vec![older])
        .await;
    keep(&house, "own_url");
    let of_other = |column: &str| {
        format!("{column} = (SELECT o.{column} FROM own_url o WHERE o.number = 1 AND o.{HERE})")
    };
    for (edit, number) in [
        (
            format!(
                "INSERT INTO own_url (facility_id, number, time_ms, data_key_id, envelope)
                     SELECT facility_id, 3, time_ms, data_key_id, envelope FROM own_url
                     WHERE number = 2 AND {HERE}"
            ),
            3,
        ),
        (
            format!("DELETE FROM own_url WHERE number = 1 AND {HERE}"),
            1,
        ),
        (set(&flipped(kind)), 2),
        (set(&of_other("envelope")), 2),
        (
            set(&format!(
                "{}, {}",
                of_other("envelope"),
                of_other("time_ms")
            )),
            2,
        ),
        (set("time_ms = time_ms + 1"), 2),
        (set(&format!("data_key_id = {}", kind.zeros(16))), 2),
    ] {
        house.sql(&edit);
        let refused = house.opens().await.unwrap_err().to_string();
        let named = format!("URL {number} of facility `riverside`");
        assert!(refused.contains(&named), "{edit}: {refused}");
        put_back(&house, "own_url");
    }
    house.opens().await.unwrap();
}

/// Changes the second URL.
fn set(change: &str) -> String {
    format!("UPDATE own_url SET {change} WHERE number = 2 AND {HERE}")
}

/// The events of a patient that an auditor finds, and the warnings beside them.
async fn events(auditor: &Caller, patient: &str) -> (usize, usize) {
    let path = format!("AuditEvent?patient={patient}&_count=100");
    let page = auditor.get(&path).await.expect(200).json();
    let entries = page["entry"].as_array().cloned().unwrap_or_default();
    let warnings = entries
        .iter()
        .filter(|entry| entry["search"]["mode"] == "outcome")
        .count();
    (entries.len() - warnings, warnings)
}

/// Puts a copy of the text with the number 2 there.
fn copied(record: &str, number: u8) -> String {
    format!(
        "INSERT INTO audit_query (facility_id, record_tag, number, data_key_id, envelope)
             SELECT facility_id, {record}, {number}, data_key_id, envelope FROM audit_query
             WHERE number = 2"
    )
}

/// What is done to the texts of the one record that has two, and to a record without any.
fn edits_of_texts(kind: Kind) -> Vec<String> {
    let of_record = "record_tag = (SELECT o.record_tag FROM audit_query o WHERE o.number = 2)";
    let text = |number: u8| format!("WHERE number = {number} AND {of_record}");
    let first = |change: &str| format!("UPDATE audit_query SET {change} {}", text(1));
    let without = format!(
        "(SELECT record_tag FROM audit WHERE interaction = 'create' AND {HERE}
             ORDER BY id LIMIT 1)"
    );
    vec![
        first(&flipped(kind)),
        first("envelope = (SELECT o.envelope FROM audit_query o WHERE o.number = 2)"),
        first(&format!("data_key_id = {}", kind.zeros(16))),
        first(&format!("data_key_id = {}", kind.zeros(3))),
        format!("UPDATE audit_query SET number = 7 {}", text(2)),
        format!("DELETE FROM audit_query {}", text(1)),
        copied("record_tag", 3),
        copied(&without, 1),
    ]
}

/// Puts the texts back that were there, and leaves those of the auditor's own searches.
fn restore_texts(house: &House) {
    house.sql(
        "DELETE FROM audit_query WHERE record_tag IN (SELECT record_tag FROM kept);
         DELETE FROM audit_query WHERE record_tag IN
             (SELECT record_tag FROM audit WHERE interaction = 'create');
         INSERT INTO audit_query SELECT * FROM kept",
    );
}

async fn query_texts_that_were_added_edited_or_swapped_close_their_record_alone(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let patient = system.create("Patient", records::patient("a")).await;
    let searches = [
        ("GET", "Patient?identifier=a", None),
        ("GET", "Patient?identifier=a&_count=5", None),
    ];
    let batch = records::bundle("batch", &searches);
    system.post("", batch).await.expect(200);
    let search = format!("Patient?_id={patient}");
    system.get(&search).await.expect(200);
    let (before, none) = events(&auditor, &patient).await;
    assert_eq!(none, 0);
    keep(&house, "audit_query");
    for edit in edits_of_texts(kind) {
        house.sql(&edit);
        let (shown, warnings) = events(&auditor, &patient).await;
        assert!(shown < before, "{edit}: {shown} of {before}");
        assert_eq!(warnings, 1, "{edit}");
        let swept = whole(&house).await.faults;
        let found = (swept.count(FaultKind::Unreadable), swept.total());
        assert_eq!(found, (1, 1), "{edit}: {:?}", swept.named);
        restore_texts(&house);
    }
    assert_eq!(events(&auditor, &patient).await, (before, 0));
    // The text of no record is read by nobody.
    house.sql(&copied(&kind.zeros(16), 1));
    assert_eq!(events(&auditor, &patient).await, (before, 0));
    let swept = whole(&house).await.faults;
    assert_eq!(swept.total(), 0, "unseen: {:?}", swept.named);
}

/// The rows by which decisions take turns on PostgreSQL. Without them the numbers of the
/// statements let one of two through.
#[actix_web::test]
async fn without_the_rows_of_locks_a_change_is_decided_once_all_the_same() {
    let mut office = Office::open(Kind::Postgres).await;
    let there = office.house.another().await;
    let elsewhere = office.two.through(&there);
    office.house.sql("DELETE FROM lock_bucket");
    let new = json!({"clientId": "lab", "roles": ["system"]});
    let change = office.propose("POST", "/admin/clients", new).await;
    let approve = format!("{change}/approve");
    let (one, other) = tokio::join!(office.two.post(&approve, ""), elsewhere.post(&approve, ""),);
    let statuses = [one.status, other.status];
    let good = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(good, 1, "{statuses:?}");
    assert_eq!(listed(&office.one, "clients").await.len(), 5);
}
