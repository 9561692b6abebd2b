//! Reads, searches and histories of a Bundle see what its other entries wrote, as they
//! will be seen when it is committed, on both databases.

use crate::{
    caller::{Caller, Reply},
    database::Kind,
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

type Entry<'a> = (&'a str, &'a str, Option<Value>);

/// The answers to the entries of a transaction, in order.
async fn transaction(system: &Caller, entries: &[Entry<'_>]) -> Vec<Value> {
    let bundle = records::bundle("transaction", entries);
    let reply = system.post("", bundle).await.expect(200);
    reply.json()["entry"].as_array().unwrap().clone()
}

/// The ids in a searchset or history that is an answer, or is in an entry.
fn ids(searchset: &Value) -> BTreeSet<String> {
    let entries = searchset["entry"].as_array().cloned().unwrap_or_default();
    let id = |entry: &Value| entry["resource"]["id"].as_str().unwrap().to_owned();
    entries.iter().map(id).collect()
}

fn patient(identifier: &str, id: &str) -> Option<Value> {
    Some(records::with_id(records::patient(identifier), id))
}

/// Two records that stay, one that is changed, one that goes; each later than the one
/// before.
async fn before(system: &Caller) -> String {
    let mut time = String::new();
    for id in ["stays", "also-stays", "changes", "goes"] {
        let body = patient(id, id).unwrap();
        let reply = system.put(&format!("Patient/{id}"), body).await.expect(201);
        reply.json()["meta"]["lastUpdated"]
            .as_str()
            .unwrap()
            .clone_into(&mut time);
        actix_web::rt::time::sleep(Duration::from_millis(3)).await;
    }
    time
}

/// What is searched for, and what is found once [`writes`] are done.
const SEARCHES: &[(&str, &[&str])] = &[
    ("Patient?identifier=comes", &["comes"]),
    ("Patient?identifier=changes", &[]),
    ("Patient?identifier=changed", &["changes"]),
    ("Patient?identifier=goes", &[]),
    (
        "Patient?_id=goes,comes,changes,never",
        &["changes", "comes"],
    ),
    ("Patient?_id=changes&identifier=changed", &["changes"]),
    ("Patient?_id=changes&identifier=changes", &[]),
    ("Patient", &["also-stays", "changes", "comes", "stays"]),
    (
        "Patient?_sort=_lastUpdated",
        &["also-stays", "changes", "comes", "stays"],
    ),
    ("Observation?patient=stays", &["seen"]),
    ("Observation?subject=Patient/stays", &["seen"]),
    ("Observation?patient=comes", &[]),
];

fn writes() -> [Entry<'static>; 4] {
    let seen = records::with_id(records::observation("stays"), "seen");
    [
        ("PUT", "Patient/comes", patient("comes", "comes")),
        ("PUT", "Patient/changes", patient("changed", "changes")),
        ("DELETE", "Patient/goes", None),
        ("PUT", "Observation/seen", Some(seen)),
    ]
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

async fn searches_see_what_was_written(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    before(&system).await;
    let counted: Vec<String> = SEARCHES
        .iter()
        .map(|(query, _)| {
            if query.contains('?') {
                format!("{query}&_total=accurate")
            } else {
                format!("{query}?_total=accurate")
            }
        })
        .collect();
    let looks = counted.iter().map(|query| ("GET", query.as_str(), None));
    let entries: Vec<_> = looks.chain(writes()).collect();
    let answers = transaction(&system, &entries).await;
    for ((query, found), answer) in SEARCHES.iter().zip(&answers) {
        let inside = &answer["resource"];
        assert_eq!(ids(inside), names(found), "{query}");
        assert_eq!(inside["total"], found.len(), "{query}");
        // Alone it finds the same afterwards.
        let alone = system.get(query).await.expect(200).json();
        assert_eq!(ids(&alone), names(found), "{query}");
    }
}

async fn searches_by_time_see_what_was_written(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let last = before(&system).await;
    let (late, early) = (
        format!("Patient?_lastUpdated=gt{last}"),
        format!("Patient?_lastUpdated=le{last}"),
    );
    let looks = [
        late.as_str(),
        &early,
        "Patient?_summary=count",
        "Patient?_id=stays,changes,comes&_sort=-_lastUpdated",
        "Patient?_id=stays,changes,comes&_sort=_lastUpdated",
    ];
    let looks = looks.map(|url| ("GET", url, None));
    let entries: Vec<_> = looks.into_iter().chain(writes()).collect();
    let answers = transaction(&system, &entries).await;
    let found = |entry: usize| &answers[entry]["resource"];
    assert_eq!(ids(found(0)), names(&["changes", "comes"]));
    assert_eq!(ids(found(1)), names(&["also-stays", "stays"]));
    assert_eq!(found(2)["total"], 4);
    // Only what was there before is older than the others.
    assert_eq!(found(3)["entry"][2]["resource"]["id"], "stays");
    assert_eq!(found(4)["entry"][0]["resource"]["id"], "stays");
}

async fn pages_begun_inside_go_on_afterwards(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = |number: usize| format!("p{number:02}");
    let put = |number: usize| {
        let url = format!("Patient/{}", id(number));
        (url, patient("same", &id(number)))
    };
    let all: Vec<_> = (0..40).map(put).collect();
    let puts = |range: std::ops::Range<usize>| -> Vec<Entry<'_>> {
        let puts = all[range].iter();
        puts.map(|(url, body)| ("PUT", url.as_str(), body.clone()))
            .collect()
    };
    transaction(&system, &puts(0..30)).await;
    actix_web::rt::time::sleep(Duration::from_millis(3)).await;
    // Of the thirty that are stored ten are written anew, and five are deleted.
    let mut entries = puts(20..40);
    let gone: Vec<String> = (0..5)
        .map(|number| format!("Patient/{}", id(number)))
        .collect();
    entries.extend(gone.iter().map(|url| ("DELETE", url.as_str(), None)));
    let searches = [
        "Patient?_count=3",
        "Patient?_count=3&identifier=same",
        "Patient?_count=3&_sort=_lastUpdated",
        "Patient?_count=3&_sort=-_lastUpdated",
        "Patient?_count=20&_sort=-_lastUpdated&identifier=same",
    ];
    entries.extend(searches.map(|query| ("GET", query, None)));
    let answers = transaction(&system, &entries).await;
    let expected: BTreeSet<String> = (5..40).map(id).collect();
    for (query, answer) in searches.iter().zip(&answers[25..]) {
        let mut page = answer["resource"].clone();
        let (mut found, mut count) = (BTreeSet::new(), 0);
        loop {
            count += ids(&page).len();
            found.extend(ids(&page));
            let next = page["link"].as_array().unwrap().iter();
            let next = next.clone().find(|link| link["relation"] == "next");
            let Some(next) = next else { break };
            let reply: Reply = system.get(next["url"].as_str().unwrap()).await;
            page = reply.expect(200).json();
        }
        assert_eq!((&found, count), (&expected, 35), "{query}");
    }
}

async fn versions_and_histories_see_what_was_written(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    before(&system).await;
    let urls = [
        "Patient/comes/_history/1",
        "Patient/changes/_history/1",
        "Patient/changes/_history/2",
        "Patient/comes/_history",
        "Patient/changes/_history",
        "Patient/changes/_history?_count=1",
        "Patient/goes/_history",
        "Patient/changes/_history?_since=2100-01-01T00:00:00Z",
    ];
    let mut entries = vec![
        ("PUT", "Patient/comes", patient("comes", "comes")),
        ("PUT", "Patient/changes", patient("changed", "changes")),
        ("DELETE", "Patient/goes", None),
    ];
    entries.extend(urls.map(|url| ("GET", url, None)));
    let answers = transaction(&system, &entries).await;
    let value = |answer: &Value| answer["resource"]["identifier"][0]["value"].clone();
    let versions: Vec<Value> = answers[3..6].iter().map(value).collect();
    assert_eq!(versions, ["comes", "changes", "changed"]);
    let etags = |answer: &Value| -> Vec<Value> {
        let entries = answer["resource"]["entry"].as_array();
        let entries = entries.cloned().unwrap_or_default();
        let etag = |entry: &Value| entry["response"]["etag"].clone();
        entries.iter().map(etag).collect()
    };
    assert_eq!(etags(&answers[6]), ["W/\"1\""]);
    assert_eq!(etags(&answers[7]), ["W/\"2\"", "W/\"1\""]);
    assert_eq!(etags(&answers[8]), ["W/\"2\""]);
    assert_eq!(etags(&answers[9]), ["W/\"2\"", "W/\"1\""]);
    assert_eq!(
        answers[9]["resource"]["entry"][0]["request"]["method"],
        "DELETE"
    );
    assert_eq!(etags(&answers[10]), Vec::<Value>::new());
    // The next page of the history is the same afterwards.
    let links = answers[8]["resource"]["link"].as_array().unwrap();
    let next = links
        .iter()
        .find(|link| link["relation"] == "next")
        .unwrap();
    let page = system.get(next["url"].as_str().unwrap()).await.expect(200);
    assert_eq!(page.json()["entry"][0]["response"]["etag"], "W/\"1\"");
    // What will not be there is not there, and fails the transaction.
    for (url, status) in [("Patient/comes/_history/3", 404), ("Patient/stays", 410)] {
        let entries = [
            ("PUT", "Patient/comes", patient("again", "comes")),
            ("DELETE", "Patient/stays", None),
            ("GET", "Patient/comes/_history/2", None),
            ("GET", url, None),
        ];
        let bundle = records::bundle("transaction", &entries);
        system.post("", bundle).await.expect(status);
        system.get("Patient/comes/_history/2").await.expect(404);
    }
}

async fn a_record_changed_and_deleted_in_one_batch_is_gone(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let entries = [
        ("PUT", "Patient/one", patient("a", "one")),
        ("PUT", "Patient/one", patient("b", "one")),
        ("DELETE", "Patient/one", None),
        ("GET", "Patient/one", None),
        ("GET", "Patient/one/_history", None),
        ("GET", "Patient?identifier=a,b&_total=accurate", None),
        ("PUT", "Patient/one", patient("c", "one")),
        ("GET", "Patient?identifier=a,b,c", None),
    ];
    let reply = system.post("", records::bundle("batch", &entries)).await;
    let entries = reply.expect(200).json()["entry"]
        .as_array()
        .unwrap()
        .clone();
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap()[..3].to_owned();
    let statuses: Vec<String> = entries.iter().map(status).collect();
    assert_eq!(
        statuses,
        ["201", "200", "204", "410", "200", "200", "201", "200"]
    );
    assert_eq!(entries[4]["resource"]["entry"].as_array().unwrap().len(), 3);
    assert_eq!(entries[5]["resource"]["total"], 0);
    assert_eq!(
        entries[7]["resource"]["entry"][0]["resource"]["identifier"][0]["value"],
        json!("c")
    );
    let history = system.get("Patient/one/_history").await.expect(200);
    assert_eq!(history.json()["entry"].as_array().unwrap().len(), 4);
    assert_eq!(system.found("Patient?identifier=a,b,c").await, 1);
}

mod sqlite {
    use crate::database::Kind::Sqlite;

    #[actix_web::test]
    async fn searches_see_what_was_written() {
        super::searches_see_what_was_written(Sqlite).await;
    }

    #[actix_web::test]
    async fn searches_by_time_see_what_was_written() {
        super::searches_by_time_see_what_was_written(Sqlite).await;
    }

    #[actix_web::test]
    async fn pages_begun_inside_go_on_afterwards() {
        super::pages_begun_inside_go_on_afterwards(Sqlite).await;
    }

    #[actix_web::test]
    async fn versions_and_histories_see_what_was_written() {
        super::versions_and_histories_see_what_was_written(Sqlite).await;
    }

    #[actix_web::test]
    async fn a_record_changed_and_deleted_in_one_batch_is_gone() {
        super::a_record_changed_and_deleted_in_one_batch_is_gone(Sqlite).await;
    }
}

mod postgres {
    use crate::database::Kind::Postgres;

    #[actix_web::test]
    async fn searches_see_what_was_written() {
        super::searches_see_what_was_written(Postgres).await;
    }

    #[actix_web::test]
    async fn searches_by_time_see_what_was_written() {
        super::searches_by_time_see_what_was_written(Postgres).await;
    }

    #[actix_web::test]
    async fn pages_begun_inside_go_on_afterwards() {
        super::pages_begun_inside_go_on_afterwards(Postgres).await;
    }

    #[actix_web::test]
    async fn versions_and_histories_see_what_was_written() {
        super::versions_and_histories_see_what_was_written(Postgres).await;
    }

    #[actix_web::test]
    async fn a_record_changed_and_deleted_in_one_batch_is_gone() {
        super::a_record_changed_and_deleted_in_one_batch_is_gone(Postgres).await;
    }
}
