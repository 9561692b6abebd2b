//! Search as a whole: points 22 to 26, 33 and 34. How values are read: `values`.

use super::{each, entries, found, ids, patient, put, start};
use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both! {
    point_24_pages_are_stable_and_their_tokens_tell_nothing,
    point_25_a_total_counts_matches_alone,
    point_34_policy_comes_before_what_is_counted_and_shown,
}

#[actix_web::test]
async fn point_22_a_search_by_post_is_the_search_by_get() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for name in ["a", "b", "a"] {
        patient(&system, name).await;
    }
    let posted = async |path: &str, form: &str| {
        let header = [("content-type", "application/x-www-form-urlencoded")];
        let form = Some(form.to_owned());
        system.send("POST", path, &header, form).await.expect(200)
    };
    let query = "identifier=a&_lastUpdated=ge2020&_total=accurate&_count=5";
    let got = system.get(&format!("Patient?{query}")).await.expect(200);
    assert_eq!(got.json()["total"], 2);
    for (path, form) in [
        ("Patient/_search", query),
        (
            "Patient/_search?identifier=a",
            "_lastUpdated=ge2020&_total=accurate&_count=5",
        ),
        (
            "Patient/_search?identifier=a&_lastUpdated=ge2020&_total=accurate&_count=5",
            "",
        ),
    ] {
        let reply = posted(path, form).await;
        assert_eq!(reply.json()["entry"], got.json()["entry"], "{path}");
        assert_eq!(reply.json()["total"], 2, "{path}");
        assert_eq!(reply.link("self"), got.link("self"), "{path}");
    }
    // Of both places each parameter counts.
    let both = posted("Patient/_search?identifier=a", "identifier=b").await;
    assert_eq!(ids(&both), Vec::<String>::new());
}

/// Links begin with the URL that is configured, whatever `Host`, `Forwarded` and
/// `X-Forwarded-*` say: a caller would choose else where clients send their tokens next.
#[actix_web::test]
async fn point_23_self_says_what_was_applied_and_links_are_absolute() {
    let house = House::start_with(Kind::Sqlite, |settings| {
        settings.public_url = "https://fhir.example".to_owned();
    })
    .await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..3 {
        system.create("Patient", records::patient("a")).await;
    }
    let headers = [
        ("prefer", "handling=lenient"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
    ];
    let search = "Patient?identifier=a&colour=red&_count=1&_sort=-_lastUpdated";
    let page = system.send("GET", search, &headers, None).await.expect(200);
    let own = page.link("self").unwrap();
    assert_eq!(
        own,
        "https://fhir.example/fhir/Patient?identifier=a&_sort=-_lastUpdated&_count=1"
    );
    let next = page.next().unwrap();
    assert!(
        next.starts_with("https://fhir.example/fhir/Patient?"),
        "{next}"
    );
    let full_url = page.json()["entry"][0]["fullUrl"].clone();
    let full_url = full_url.as_str().unwrap();
    assert!(full_url.starts_with("https://fhir.example/fhir/Patient/"));
    assert!(!page.text.contains("evil.example"));
}

/// All pages of a search: the ids of each.
async fn pages(caller: &Caller, search: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(search.to_owned());
    while let Some(path) = next {
        let page = caller.get(&path).await.expect(200);
        pages.push(ids(&page));
        next = page.next();
    }
    pages
}

async fn point_24_pages_are_stable_and_their_tokens_tell_nothing(kind: Kind) {
    let (house, system) = start(kind).await;
    let mut all = BTreeSet::new();
    for _ in 0..7 {
        all.insert(system.create("Patient", records::patient("4711")).await);
    }
    for sort in ["", "&_sort=_lastUpdated", "&_sort=-_lastUpdated"] {
        let search = format!("Patient?identifier=4711&_count=3{sort}");
        let first = system.get(&search).await.expect(200);
        let next = first.next().unwrap();
        assert!(!next.contains("4711"), "{next}");
        // Written between two pages.
        patient(&system, "other").await;
        let rest = pages(&system, &next).await;
        let mut shown = ids(&first);
        shown.extend(rest.concat());
        assert!(rest.iter().all(|page| page.len() <= 3), "{rest:?}");
        assert_eq!(shown.len(), 7, "{sort}");
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), all, "{sort}");
        // Forged, or in the hands of another.
        let (path, token) = next.split_once("_cursor=").unwrap();
        let forged = format!("{path}_cursor=A{token}");
        system.get(&forged).await.expect(400);
        let other = house.caller(&DemoUser::Clinician);
        other.get(&next).await.expect(400);
    }
    let none = system.get("Patient?identifier=4711&_count=0").await;
    let none = none.expect(200).json();
    assert_eq!((none.get("entry"), &none["total"]), (None, &json!(7)));
}

async fn point_25_a_total_counts_matches_alone(kind: Kind) {
    let (_house, system) = start(kind).await;
    for _ in 0..3 {
        patient(&system, "a").await;
    }
    let lenient = [("prefer", "handling=lenient")];
    for (query, total) in [
        ("_total=accurate", json!(3)),
        ("_total=estimate", json!(3)),
        ("_total=accurate&_count=1", json!(3)),
        // An outcome is no match.
        ("_total=accurate&colour=red", json!(3)),
        ("_total=none", Value::Null),
        ("_count=2", Value::Null),
    ] {
        let search = format!("Patient?identifier=a&{query}");
        let page = system.send("GET", &search, &lenient, None).await;
        assert_eq!(page.expect(200).json()["total"], total, "{query}");
    }
    for query in ["_summary=count", "_summary=count&_count=2", "_count=0"] {
        let search = format!("Patient?identifier=a&{query}");
        let page = system.get(&search).await.expect(200).json();
        assert_eq!(page["total"], 3, "{query}");
        assert_eq!(page.get("entry"), None, "{query}");
    }
}

#[actix_web::test]
async fn point_26_an_entry_says_why_it_is_there_and_stands_once() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let mut record = records::patient("a");
    let other = json!({"system": records::SYSTEM, "value": "b"});
    record["identifier"].as_array_mut().unwrap().push(other);
    let id = system.create("Patient", record).await;
    // By both of its identifiers.
    for search in [
        "Patient?identifier=a,b",
        "Patient?identifier=a&identifier=b",
        "Patient?identifier=a,b&colour=red",
    ] {
        let lenient = [("prefer", "handling=lenient")];
        let page = system.send("GET", search, &lenient, None).await;
        let entries = entries(&page.expect(200).json());
        let own = format!("{}/Patient/{id}", system.base());
        assert_eq!(entries[0]["fullUrl"], own, "{search}");
        let mut modes = each(&entries, "/search/mode");
        assert_eq!(modes.remove(0), "match", "{search}");
        let rest: &[&str] = if search.contains("colour") {
            &["outcome"]
        } else {
            &[]
        };
        assert_eq!(modes, rest, "{search}");
        for entry in &entries {
            assert_eq!(entry.get("response"), None, "{search}");
        }
    }
}

#[actix_web::test]
async fn point_33_a_search_fails_as_a_whole_or_not_at_all() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..2 {
        patient(&system, "a").await;
    }
    for (search, status) in [
        ("Patient?colour=red".to_owned(), 400),
        ("Patient?_cursor=x".to_owned(), 400),
        ("Dog?_id=1".to_owned(), 404),
        ("Patient?_format=xml".to_owned(), 406),
        (
            format!("Patient?identifier={}", vec!["a"; 501].join(",")),
            413,
        ),
    ] {
        let failed = system.get(&search).await;
        assert_eq!(failed.status, status, "{search}: {}", failed.text);
        assert_eq!(failed.json()["resourceType"], "OperationOutcome");
    }
    let nobody = house.anyone().get("Patient").await.expect(401);
    assert_eq!(nobody.issue(), "login");
    let lenient = [("prefer", "handling=lenient")];
    let search = "Patient?identifier=a&colour=red&_sort=colour&_count=1";
    let page = system.send("GET", search, &lenient, None).await;
    for resource in page.expect(200).resources() {
        for issue in resource["issue"].as_array().into_iter().flatten() {
            let severity = issue["severity"].as_str().unwrap();
            assert!(["warning", "information"].contains(&severity), "{issue}");
        }
    }
}

async fn point_34_policy_comes_before_what_is_counted_and_shown(kind: Kind) {
    let (house, system) = start(kind).await;
    for id in ["own", "other"] {
        put(
            &system,
            &format!("Patient/{id}"),
            records::patient("a"),
            &[],
        )
        .await
        .expect(201);
        for number in 0..3 {
            let path = format!("Observation/{id}-{number}");
            put(&system, &path, records::observation(id), &[])
                .await
                .expect(201);
        }
    }
    let id = "own".parse().unwrap();
    let patient = house.caller(&DemoUser::Patient { id });
    assert_eq!(found(&patient, "Patient?identifier=a").await, ["own"]);
    let own = ["own-0", "own-1", "own-2"];
    assert_eq!(found(&patient, "Observation").await, own);
    for (search, total) in [
        ("Patient?identifier=a", 1),
        ("Observation?_count=1", 3),
        ("Observation?_sort=_lastUpdated", 3),
        ("Observation?patient=own&status=final", 3),
        ("Observation?patient=other", 0),
        ("Observation?patient=other&status=final", 0),
        ("Observation?_id=other-0", 0),
    ] {
        for mode in ["_total=accurate", "_summary=count"] {
            let counted = format!("{search}&{mode}");
            let page = patient.get(&counted).await.expect(200);
            assert_eq!(page.json()["total"], total, "{counted}");
            let shown = ids(&page);
            assert!(shown.iter().all(|id| id.starts_with("own-") || id == "own"));
        }
    }
    // By pages of one no more are seen, and none is missed.
    let seen = pages(&patient, "Observation?_count=1").await.concat();
    assert_eq!(seen.len(), 3, "{seen:?}");
}
