//! Searches of a type without a patient, answered by the index cards of its records where
//! they are few enough: exact, sorted, counted, in pages; nothing hidden shows, and what has
//! lost its card is warned of.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    each_kind_of_parameter_is_exact_across_patients,
    matches_of_many_patients_are_sorted_counted_and_in_pages,
    a_type_of_too_many_records_is_too_costly_unless_it_is_narrowed,
    a_patient_searches_the_own_compartment_alone,
    cards_of_the_own_compartment_alone_are_paid_for,
    until_the_index_is_complete_no_type_is_searched,
    a_transaction_finds_what_it_wrote_of_a_type,
    a_card_that_was_cut_is_warned_of_in_its_type,
    a_card_that_was_edited_or_put_back_is_warned_of_in_its_type,
    a_record_whose_key_is_gone_is_warned_of,
    what_is_listed_of_a_type_is_searched,
    a_canonical_of_this_server_is_found_by_its_url,
}

async fn indexed(kind: Kind, change: impl FnOnce(&mut gateway::Settings)) -> (House, Caller) {
    let house = House::start_with(kind, change).await;
    house.index().await;
    let system = house.caller(&DemoUser::System);
    (house, system)
}

fn ids(reply: &Reply) -> Vec<String> {
    let resources = reply.resources().into_iter();
    resources
        .filter_map(|resource| Some(resource["id"].as_str()?.to_owned()))
        .collect()
}

async fn found(caller: &Caller, query: &str) -> Vec<String> {
    let mut ids = ids(&caller.get(query).await.expect(200));
    ids.sort();
    ids
}

/// Whether a search warns that something was left out.
async fn warns(caller: &Caller, query: &str) -> bool {
    let reply = caller.get(query).await.expect(200);
    reply.text.contains("is damaged and was left out")
}

fn code(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

async fn put(system: &Caller, kind: &str, id: &str, mut body: Value) {
    body["resourceType"] = kind.into();
    body["id"] = id.into();
    let reply = system.put(&format!("{kind}/{id}"), body).await;
    assert!(matches!(reply.status, 200 | 201), "{}", reply.text);
}

async fn weight(system: &Caller, id: &str, patient: &str, (value, date): (u32, &str)) {
    let body = json!({
        "status": "final",
        "code": code("http://loinc.org", "29463-7"),
        "subject": {"reference": format!("Patient/{patient}")},
        "effectiveDateTime": date,
        "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": "kg"},
    });
    put(system, "Observation", id, body).await;
}

/// Three patients with an observation each, one of nobody, and an organisation.
async fn people(system: &Caller) {
    for (id, family, born, weighs) in [
        ("a", "Müller", "1950-02-03", 60),
        ("b", "Mullen", "1980", 80),
        ("c", "Smith", "2001-12-31", 95),
    ] {
        let body = json!({
            "identifier": [{"system": "mrn", "value": id}],
            "name": [{"family": family, "given": ["Ann"]}],
            "birthDate": born,
            "gender": "female",
        });
        put(system, "Patient", id, body).await;
        weight(system, &format!("of-{id}"), id, (weighs, born)).await;
    }
    let body = json!({"status": "preliminary", "code": code("s", "room"),
        "subject": {"reference": "Location/l"}, "valueString": "cold"});
    put(system, "Observation", "of-room", body).await;
    let body = json!({"name": "Riverside Hospital", "active": true});
    put(system, "Organization", "o", body).await;
}

const SEARCHES: &[(&str, &[&str])] = &[
    ("Patient?family=mul", &["a", "b"]),
    ("Patient?name=smith&gender=female", &["c"]),
    ("Patient?family:exact=Muller", &[]),
    ("Patient?birthdate=1980", &["b"]),
    ("Patient?birthdate=ge1980", &["b", "c"]),
    ("Patient?birthdate:missing=true", &[]),
    ("Patient?identifier=mrn|b&family=mul", &["b"]),
    ("Patient?identifier=mrn|c&family=mul", &[]),
    ("Patient?_id=a,c&gender=female", &["a", "c"]),
    ("Patient?_lastUpdated=gt2020&birthdate=lt1960", &["a"]),
    ("Patient?_lastUpdated=lt2020&birthdate=lt1960", &[]),
    ("Patient?gender:not=male", &["a", "b", "c"]),
    ("Observation?code=29463-7", &["of-a", "of-b", "of-c"]),
    (
        "Observation?code=29463-7&value-quantity=gt70",
        &["of-b", "of-c"],
    ),
    ("Observation?code:not=29463-7", &["of-room"]),
    ("Observation?patient=a,b&status=final", &["of-a", "of-b"]),
    ("Observation?subject=b&status=final", &["of-b"]),
    (
        "Observation?subject=Location/l&status=preliminary",
        &["of-room"],
    ),
    ("Observation?subject:Patient=c", &["of-c"]),
    ("Observation?value-string=COL", &["of-room"]),
    ("Observation?code-value-quantity=29463-7$gt90", &["of-c"]),
    ("Organization?name=river", &["o"]),
    ("Organization?active=false", &[]),
];

async fn each_kind_of_parameter_is_exact_across_patients(kind: Kind) {
    let (house, system) = indexed(kind, |_| {}).await;
    people(&system).await;
    let clinician = house.caller(&DemoUser::Clinician);
    for (query, expected) in SEARCHES {
        assert_eq!(found(&system, query).await, *expected, "{query}");
        assert_eq!(found(&clinician, query).await, *expected, "{query}");
        let counted = system.get(&format!("{query}&_summary=count")).await;
        assert_eq!(
            counted.expect(200).json()["total"],
            expected.len(),
            "{query}"
        );
    }
    for query in [
        "Patient?family:text=a",
        "Patient?nothing=1",
        "Patient?birthdate=soon",
    ] {
        system.get(query).await.expect(400);
    }
}

async fn matches_of_many_patients_are_sorted_counted_and_in_pages(kind: Kind) {
    let (_house, system) = indexed(kind, |_| {}).await;
    people(&system).await;
    for (query, expected) in [
        ("Patient?_sort=family", ["b", "a", "c"]),
        ("Patient?_sort=-birthdate", ["c", "b", "a"]),
        (
            "Observation?code=29463-7&_sort=-value-quantity",
            ["of-c", "of-b", "of-a"],
        ),
        (
            "Observation?code=29463-7&_sort=_lastUpdated",
            ["of-a", "of-b", "of-c"],
        ),
        (
            "Observation?code=29463-7&_lastUpdated=gt2020",
            ["of-a", "of-b", "of-c"],
        ),
    ] {
        let whole = system.get(query).await.expect(200);
        assert_eq!(ids(&whole), expected, "{query}");
        let path = format!("{query}&_count=1&_total=accurate");
        let mut page = system.get(&path).await.expect(200);
        assert_eq!(page.json()["total"], 3);
        let mut shown = ids(&page);
        while let Some(next) = page.next() {
            page = system.get(&next).await.expect(200);
            shown.extend(ids(&page));
        }
        assert_eq!(shown, expected, "{query}");
    }
}

async fn a_type_of_too_many_records_is_too_costly_unless_it_is_narrowed(kind: Kind) {
    let (house, system) = indexed(kind, |settings| settings.limits.searched_cards = 3).await;
    people(&system).await;
    // As many as may be read, and one more.
    assert_eq!(found(&system, "Patient?family=mul").await, ["a", "b"]);
    for query in [
        "Observation?status=final",
        "Observation?_sort=date",
        "Observation?status=final&_summary=count",
        "Observation?patient:missing=true",
    ] {
        let refused = system.get(query).await.expect(422);
        assert_eq!(refused.issue(), "too-costly", "{query}");
        for hint in ["`patient=<id>`", "`identifier`", "more than 3"] {
            assert!(refused.text.contains(hint), "{}", refused.text);
        }
    }
    // Also where others would be ignored.
    let lenient = [("prefer", "handling=lenient")];
    let reply = system.send("GET", "Observation?status=final", &lenient, None);
    reply.await.expect(422);
    for (query, expected) in [
        ("Observation?patient=a,b&status=final", vec!["of-a", "of-b"]),
        ("Observation?patient=a&status=final", vec!["of-a"]),
        ("Observation?_id=of-c,of-room&status=final", vec!["of-c"]),
        ("Observation?identifier=none&status=final", vec![]),
        ("Observation?_lastUpdated=lt2020&status=final", vec![]),
    ] {
        assert_eq!(found(&system, query).await, expected, "{query}");
    }
    // Whoever sees one compartment alone is not told of the rest.
    let own = house.caller(&DemoUser::Patient {
        id: "a".parse().unwrap(),
    });
    assert_eq!(found(&own, "Observation?status=final").await, ["of-a"]);
}

async fn a_patient_searches_the_own_compartment_alone(kind: Kind) {
    let (house, system) = indexed(kind, |_| {}).await;
    people(&system).await;
    let own = house.caller(&DemoUser::Patient {
        id: "b".parse().unwrap(),
    });
    for (query, expected) in [
        ("Observation?status=final", vec!["of-b"]),
        ("Observation?value-quantity=gt1&_sort=date", vec!["of-b"]),
        ("Patient?family=mul", vec!["b"]),
        ("Patient?gender=female&_sort=birthdate", vec!["b"]),
        ("Observation?patient=a,c&status=final", vec![]),
    ] {
        assert_eq!(found(&own, query).await, expected, "{query}");
        let counted = own.get(&format!("{query}&_summary=count")).await;
        assert_eq!(
            counted.expect(200).json()["total"],
            expected.len(),
            "{query}"
        );
    }
    // With nothing hidden the same is opened: what is hidden costs nothing.
    let opens = || house.app.counters.opens();
    let before = opens();
    found(&own, "Observation?status=final").await;
    let first = opens() - before;
    for number in 0..20 {
        weight(&system, &format!("more-{number}"), "a", (70, "2020")).await;
    }
    let before = opens();
    found(&own, "Observation?status=final").await;
    assert_eq!(opens() - before, first);
}

async fn cards_of_the_own_compartment_alone_are_paid_for(kind: Kind) {
    let (house, system) = indexed(kind, |settings| settings.limits.opened_records = 3).await;
    people(&system).await;
    for number in 0..60 {
        weight(&system, &format!("more-{number}"), "a", (70, "2020")).await;
    }
    // Of 64 cards a request may read 48.
    let refused = system.get("Observation?status=amended").await.expect(422);
    assert_eq!(refused.issue(), "too-costly");
    let own = house.caller(&DemoUser::Patient {
        id: "b".parse().unwrap(),
    });
    assert_eq!(found(&own, "Observation?status=final").await, ["of-b"]);
}

async fn until_the_index_is_complete_no_type_is_searched(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    people(&system).await;
    let refused = system.get("Patient?family=mul").await.expect(503);
    assert_eq!(refused.issue(), "transient");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(system.found("Patient?identifier=mrn|a").await, 1);
    house.index().await;
    assert_eq!(system.found("Patient?family=mul").await, 2);
}

async fn a_transaction_finds_what_it_wrote_of_a_type(kind: Kind) {
    let (_house, system) = indexed(kind, |_| {}).await;
    people(&system).await;
    let named = |id: &str, family: &str| {
        let body = json!({"resourceType": "Patient", "name": [{"family": family}]});
        Some(records::with_id(body, id))
    };
    let entries = [
        ("PUT", "Patient/c", named("c", "Muldoon")),
        ("PUT", "Patient/d", named("d", "Mulder")),
        ("PUT", "Patient/b", named("b", "Other")),
        ("DELETE", "Observation/of-a", None),
        ("GET", "Patient?family=mul&_sort=family", None),
        ("GET", "Observation?status=final&_summary=count", None),
    ];
    let bundle = records::bundle("transaction", &entries);
    let reply = system.post("", bundle).await.expect(200).json();
    let entries = reply["entry"][4]["resource"]["entry"].as_array().unwrap();
    let ids: Vec<&str> = entries
        .iter()
        .map(|entry| entry["resource"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["d", "c", "a"]);
    assert_eq!(reply["entry"][5]["resource"]["total"], 2);
    assert_eq!(found(&system, "Patient?family=mul").await, ["a", "c", "d"]);
}

async fn a_card_that_was_cut_is_warned_of_in_its_type(kind: Kind) {
    let (house, system) = indexed(kind, |_| {}).await;
    people(&system).await;
    house.sql(
        "DELETE FROM card WHERE record_tag IN (SELECT record_tag FROM version
            WHERE resource_type = 'Observation' AND subject_tag IS NOT NULL)",
    );
    for query in ["Observation?status=final", "Observation?_sort=date"] {
        assert!(warns(&system, query).await, "{query}");
    }
    assert_eq!(
        found(&system, "Observation?value-string=cold").await.len(),
        1
    );
    // Those of other types are none of it.
    assert!(!warns(&system, "Patient?gender=female").await);
    assert_eq!(system.found("Observation?_id=of-a").await, 1);
}

/// A byte of a sealed card, inside its ciphertext.
const IN_CARD: u8 = 30;

async fn a_card_that_was_edited_or_put_back_is_warned_of_in_its_type(kind: Kind) {
    let (house, system) = indexed(kind, |_| {}).await;
    people(&system).await;
    house.sql("CREATE TABLE kept AS SELECT * FROM card WHERE resource_type = 'Patient'");
    let body = json!({"name": [{"family": "Mull"}], "gender": "female"});
    put(&system, "Patient", "c", body).await;
    assert!(!warns(&system, "Patient?family=mul").await);
    house.sql(
        "CREATE TABLE right_cards AS SELECT * FROM card;
        DELETE FROM card WHERE resource_type = 'Patient'; INSERT INTO card SELECT * FROM kept",
    );
    assert!(warns(&system, "Patient?family=mul").await);
    assert!(found(&system, "Patient?family=smith").await.is_empty());
    let flipped = kind.flipped("sealed", IN_CARD);
    house.sql(&format!(
        "DELETE FROM card; INSERT INTO card SELECT * FROM right_cards;
        UPDATE card SET {flipped} WHERE resource_type = 'Organization'"
    ));
    assert!(!warns(&system, "Patient?family=mul").await);
    assert!(warns(&system, "Organization?name=river").await);
    // Whoever may see one compartment alone is not told.
    house.sql("UPDATE card SET index_epoch = 7 WHERE resource_type = 'Observation'");
    let own = house.caller(&DemoUser::Patient {
        id: "b".parse().unwrap(),
    });
    assert!(warns(&system, "Observation?status=final").await);
    assert!(!warns(&own, "Observation?status=preliminary&subject=Patient/a").await);
}

/// As an erased patient leaves it, or one whose key was cut from its table.
async fn a_record_whose_key_is_gone_is_warned_of(kind: Kind) {
    let (house, system) = indexed(kind, |_| {}).await;
    people(&system).await;
    house.sql(&format!(
        "UPDATE card SET data_key_id = {} WHERE record_tag = (SELECT record_tag FROM card
            WHERE resource_type = 'Patient' ORDER BY record_tag LIMIT 1)",
        kind.zeros(16)
    ));
    assert!(warns(&system, "Patient?gender=female").await);
    assert_eq!(found(&system, "Patient?gender=female").await.len(), 2);
    assert!(!warns(&system, "Organization?name=river").await);
}

async fn a_canonical_of_this_server_is_found_by_its_url(kind: Kind) {
    let (_house, system) = indexed(kind, |_| {}).await;
    let url = format!("{}/Questionnaire/q", system.base());
    let answers = json!({"status": "completed", "questionnaire": url});
    put(&system, "QuestionnaireResponse", "own", answers).await;
    let query = format!("QuestionnaireResponse?questionnaire={url}");
    assert_eq!(found(&system, &query).await, ["own"]);
    assert!(found(&system, &format!("{query}2")).await.is_empty());
}

async fn what_is_listed_of_a_type_is_searched(kind: Kind) {
    let (_house, system) = indexed(kind, |_| {}).await;
    people(&system).await;
    let statement = system.get("metadata").await.expect(200).json();
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    for kind in ["Patient", "Observation", "Organization", "Binary", "Basic"] {
        let resource = resources.iter().find(|one| one["type"] == kind).unwrap();
        let listed = resource["searchParam"].as_array().unwrap();
        assert!(listed.len() > 5, "{kind}");
        for parameter in listed {
            let name = parameter["name"].as_str().unwrap();
            let value = match parameter["type"].as_str().unwrap() {
                "composite" => continue,
                "date" | "number" | "quantity" => "2020",
                "reference" => "Patient/a",
                _ => "a",
            };
            let reply = system.get(&format!("{kind}?{name}={value}&_count=1")).await;
            assert_eq!(reply.status, 200, "{kind} {name}: {}", reply.text);
        }
    }
}
