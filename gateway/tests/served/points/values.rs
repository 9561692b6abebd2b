//! How values are read and what they match: points 27 to 32. Within a patient, where index
//! cards answer every parameter of R4; on all records where that is said.

use super::{found, patient, put, start};
use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::House,
    records,
};
use serde_json::{Value, json};

on_both! {
    point_29_a_comma_is_or_and_a_repetition_is_and,
    point_30_a_reference_is_known_by_each_of_its_spellings,
    point_30_a_url_of_another_server_is_known_as_it_stands,
    point_32_matches_are_sorted_and_found_by_what_every_type_has,
}

/// A house, its system, and a patient `p`.
async fn with_patient(kind: Kind) -> (House, Caller) {
    let (house, system) = start(kind).await;
    put(&system, "Patient/p", records::patient("p"), &[])
        .await
        .expect(201);
    (house, system)
}

/// Stores an Observation of `p`.
async fn observe(caller: &Caller, id: &str, mut body: Value) {
    body["resourceType"] = "Observation".into();
    body["status"] = "final".into();
    body["subject"] = json!({"reference": "Patient/p"});
    if body.get("code").is_none() {
        body["code"] = json!({"text": "none"});
    }
    put(caller, &format!("Observation/{id}"), body, &[])
        .await
        .expect(201);
}

/// What each search of Observations of `p` finds.
async fn check(caller: &Caller, cases: &[(&str, &[&str])]) {
    for (query, expected) in cases {
        let search = format!("Observation?patient=p&{query}");
        assert_eq!(found(caller, &search).await, *expected, "{query}");
    }
}

fn coded(codings: &[(Option<&str>, &str)]) -> Value {
    let coding = |(system, code): &(Option<&str>, &str)| match system {
        Some(system) => json!({"system": system, "code": code}),
        None => json!({"code": code}),
    };
    json!({"coding": codings.iter().map(coding).collect::<Vec<_>>()})
}

#[actix_web::test]
async fn point_27_strings_start_and_tokens_have_four_forms() {
    let (_house, system) = with_patient(Kind::Sqlite).await;
    let text = |text: &str| json!({"valueString": text});
    observe(&system, "accent", text("Éclair au chocolat")).await;
    observe(&system, "inner", text("no eclair")).await;
    observe(&system, "comma", text("a,b|c$d\\e")).await;
    let cases: &[(&str, &[&str])] = &[
        ("value-string=ecl", &["accent"]),
        ("value-string=ÉCLAIR", &["accent"]),
        ("value-string:contains=CLAIR", &["accent", "inner"]),
        ("value-string:exact=Éclair au chocolat", &["accent"]),
        ("value-string:exact=eclair au chocolat", &[]),
        ("value-string=a\\,b", &["comma"]),
        ("value-string=a\\,b\\|c\\$d\\\\e", &["comma"]),
        ("value-string:exact=a\\,b\\|c\\$d\\\\e", &["comma"]),
        ("value-string=a,no", &["comma", "inner"]),
    ];
    check(&system, cases).await;
    let category = |codings: &[(Option<&str>, &str)]| json!({"category": [coded(codings)]});
    observe(&system, "with", category(&[(Some("s"), "x")])).await;
    observe(&system, "without", category(&[(None, "x")])).await;
    observe(&system, "bar", category(&[(Some("s|t"), "y,z")])).await;
    let lacking = ["accent", "bar", "comma", "inner"];
    let cases: &[(&str, &[&str])] = &[
        ("category=x", &["with", "without"]),
        ("category=s|x", &["with"]),
        ("category=|x", &["without"]),
        ("category=s|", &["with"]),
        ("category=X", &[]),
        ("category:not=x", &lacking),
        ("category=s\\|t|y\\,z", &["bar"]),
        ("category=y\\,z", &["bar"]),
        ("category=y,x", &["with", "without"]),
    ];
    check(&system, cases).await;
    // A part of a composite, whose parts `$` separates.
    let mut priced = json!({"valueQuantity": {"value": 5}});
    priced["code"] = coded(&[(Some("s"), "a$b")]);
    observe(&system, "dollar", priced).await;
    let cases: &[(&str, &[&str])] = &[
        ("code-value-quantity=s|a\\$b$5", &["dollar"]),
        ("code-value-quantity=s|a\\$b$6", &[]),
        ("code=a\\$b", &["dollar"]),
        ("code=a$b", &["dollar"]),
    ];
    check(&system, cases).await;
    // The same on all records, where `identifier` is the token.
    for (value, query) in [
        ("m,1", "m\\,1"),
        ("m|2", "m\\|2"),
        ("m$3", "m\\$3"),
        ("m$3b", "m$3b"),
        ("m\\4", "m\\\\4"),
        ("M5", "M5"),
    ] {
        let path = patient(&system, value).await;
        let id = path.trim_start_matches("Patient/");
        for form in [query, &format!("{}|{query}", records::SYSTEM)] {
            let search = format!("Patient?identifier={form}");
            assert_eq!(found(&system, &search).await, [id], "{search}");
        }
        let search = format!("Patient?identifier=|{query}");
        assert!(found(&system, &search).await.is_empty(), "{search}");
    }
    assert!(found(&system, "Patient?identifier=m5").await.is_empty());
}

/// A date without a zone, of a search or of a record, is read in UTC (docs/search.md).
#[actix_web::test]
async fn point_28_a_date_is_the_range_of_its_precision() {
    let (_house, system) = with_patient(Kind::Sqlite).await;
    let at = |date: &str| json!({"effectiveDateTime": date});
    observe(&system, "day", at("2024-01-15")).await;
    let period = |start: &str, end: &str| json!({"effectivePeriod": {"start": start, "end": end}});
    observe(&system, "period", period("2024-01-10", "2024-01-20")).await;
    observe(&system, "zone", at("2024-03-01T23:30:00-02:00")).await;
    observe(
        &system,
        "open",
        json!({"effectivePeriod": {"start": "2025-06-01"}}),
    )
    .await;
    let cases: &[(&str, &[&str])] = &[
        ("date=2024-01-15", &["day"]),
        ("date=2024-01", &["day", "period"]),
        ("date=eq2024", &["day", "period", "zone"]),
        ("date=ne2024-01-15", &["open", "period", "zone"]),
        ("date=gt2024-01-15", &["open", "period", "zone"]),
        ("date=lt2024-01-15", &["period"]),
        ("date=ge2024-01-15", &["day", "open", "period", "zone"]),
        ("date=le2024-01-15", &["day", "period"]),
        ("date=sa2024-01-14", &["day", "open", "zone"]),
        ("date=sa2024-01-09", &["day", "open", "period", "zone"]),
        ("date=eb2024-01-16", &["day"]),
        ("date=eb2024-01-21", &["day", "period"]),
        ("date=ap2024-01-15", &["day", "period", "zone"]),
        // 01:30 of the second of March in UTC.
        ("date=2024-03-02", &["zone"]),
        ("date=2024-03-01", &[]),
        ("date=2024-03-02T01:30:00Z", &["zone"]),
        ("date=2024-03-02T01:30", &["zone"]),
        ("date=2024-03-01T23:30:00-02:00", &["zone"]),
        ("date=2024-03-01T23:30:00Z", &[]),
        ("date=gt2030", &["open"]),
        ("date=ge2024-01-12&date=le2024-01-13", &["period"]),
    ];
    // A `+` of a zone would have to be escaped; these have none.
    check(&system, cases).await;
}

async fn point_29_a_comma_is_or_and_a_repetition_is_and(kind: Kind) {
    let (_house, system) = with_patient(kind).await;
    let both = json!({"code": coded(&[(Some("s"), "a"), (Some("s"), "b")])});
    observe(&system, "both", both).await;
    observe(&system, "a", json!({"code": coded(&[(Some("s"), "a")])})).await;
    let performer = json!({"performer": [{"identifier": {"system": "npi", "value": "7"}}]});
    observe(&system, "performed", performer).await;
    let cases: &[(&str, &[&str])] = &[
        ("code=a,b", &["a", "both"]),
        ("code=a&code=b", &["both"]),
        ("code=a&status=final", &["a", "both"]),
        ("code=a&status=amended", &[]),
        ("performer:identifier=npi|7", &["performed"]),
        ("performer:identifier=npi|8", &[]),
        ("performer:missing=false", &["performed"]),
        ("performer:missing=true", &["a", "both"]),
        ("code:missing=true", &[]),
    ];
    check(&system, cases).await;
    for (search, expected) in [
        ("Observation?_id=a,both", vec!["a", "both"]),
        ("Observation?_id=a&_id=both", vec![]),
        ("Observation?_id=a&patient=p", vec!["a"]),
        ("Observation?patient=p,q", vec!["a", "both", "performed"]),
        ("Observation?patient=p&patient=q", vec![]),
        ("Patient?identifier=p,q", vec!["p"]),
    ] {
        assert_eq!(found(&system, search).await, expected, "{search}");
    }
}

async fn point_30_a_reference_is_known_by_each_of_its_spellings(kind: Kind) {
    let (_house, system) = with_patient(kind).await;
    let base = system.base().to_owned();
    let references = [
        ("relative", "Patient/p".to_owned()),
        ("versioned", "Patient/p/_history/1".to_owned()),
        ("absolute", format!("{base}/Patient/p")),
        ("both", format!("{base}/Patient/p/_history/1")),
    ];
    for (id, reference) in &references {
        let mut record = records::observation("p");
        record["subject"]["reference"] = json!(reference);
        record["performer"] =
            json!([{"reference": reference.replace("Patient/p", "Practitioner/d")}]);
        put(&system, &format!("Observation/{id}"), record, &[])
            .await
            .expect(201);
        // As it was sent: one to a version stays one.
        let stored = system.get(&format!("Observation/{id}")).await.expect(200);
        assert_eq!(stored.json()["subject"]["reference"], *reference);
    }
    let all = ["absolute", "both", "relative", "versioned"];
    for asked in ["p".to_owned()]
        .iter()
        .chain(references.iter().map(|(_, reference)| reference))
    {
        for search in [
            format!("Observation?subject={asked}"),
            format!("Observation?patient={asked}"),
            format!("Observation?patient=p&subject={asked}&status=final"),
            format!(
                "Observation?patient=p&performer={}",
                asked.replace("Patient/p", "Practitioner/d")
            ),
        ] {
            if search.ends_with("performer=p") {
                continue;
            }
            assert_eq!(found(&system, &search).await, all, "{search}");
        }
    }
    assert_eq!(
        found(&system, "Observation?patient=p&performer=d").await,
        all
    );
    for other in ["Patient/q", "Group/p"] {
        let search = format!("Observation?patient=p&subject={other}&status=final");
        assert!(found(&system, &search).await.is_empty(), "{search}");
    }
}

/// By `patient` and `subject` records of this facility are found: a URL of another server is
/// refused there, because by those the records of a patient are told, and it is nobody's here.
async fn point_30_a_url_of_another_server_is_known_as_it_stands(kind: Kind) {
    let (_house, system) = with_patient(kind).await;
    let elsewhere = "https://elsewhere.example/fhir/Practitioner/d";
    let mut record = records::observation("p");
    record["performer"] = json!([{"reference": elsewhere}]);
    put(&system, "Observation/elsewhere", record, &[])
        .await
        .expect(201);
    let search = format!("Observation?patient=p&performer={elsewhere}");
    assert_eq!(found(&system, &search).await, ["elsewhere"]);
    for parameter in ["patient", "subject"] {
        let search = format!("Observation?{parameter}=https://elsewhere.example/fhir/Patient/p");
        assert_eq!(system.get(&search).await.expect(400).issue(), "value");
    }
}

#[actix_web::test]
async fn point_31_a_code_is_not_that_of_a_component() {
    let (_house, system) = with_patient(Kind::Sqlite).await;
    let component = json!({
        "code": coded(&[(Some("http://loinc.org"), "8480-6")]),
        "valueQuantity": {"value": 150},
    });
    let mut panel = json!({"component": [component]});
    panel["code"] = coded(&[(Some("http://loinc.org"), "85354-9")]);
    observe(&system, "panel", panel).await;
    let cases: &[(&str, &[&str])] = &[
        ("code=8480-6", &[]),
        ("code=85354-9", &["panel"]),
        ("component-code=8480-6", &["panel"]),
        ("combo-code=8480-6", &["panel"]),
        ("combo-code=85354-9", &["panel"]),
        ("value-quantity=150", &[]),
        ("combo-value-quantity=150", &["panel"]),
        ("code-value-quantity=8480-6$150", &[]),
        ("combo-code-value-quantity=8480-6$150", &["panel"]),
    ];
    check(&system, cases).await;
}

/// On all records by `_id` and `_lastUpdated`; by all others, and in an order of several, within a
/// patient.
async fn point_32_matches_are_sorted_and_found_by_what_every_type_has(kind: Kind) {
    let (house, system) = with_patient(kind).await;
    for (number, (id, date)) in [("b", "2024"), ("a", "2024"), ("c", "2023")]
        .into_iter()
        .enumerate()
    {
        house.clock.set(i64::try_from(number).unwrap() * 10);
        let meta = json!({
            "tag": [{"system": "t", "code": id}],
            "security": [{"system": "s", "code": id}],
            "profile": [format!("https://example.org/{id}")],
        });
        observe(
            &system,
            id,
            json!({"meta": meta, "effectiveDateTime": date}),
        )
        .await;
    }
    for (sort, expected) in [
        ("_lastUpdated", ["b", "a", "c"]),
        ("-_lastUpdated", ["c", "a", "b"]),
        ("date,_tag", ["c", "a", "b"]),
        ("-date,_tag", ["a", "b", "c"]),
        ("-date,-_tag", ["b", "a", "c"]),
    ] {
        let search = format!("Observation?patient=p&_sort={sort}");
        let page = system.get(&search).await.expect(200);
        assert_eq!(super::ids(&page), expected, "{sort}");
        assert!(page.link("self").unwrap().contains("_sort="), "{sort}");
    }
    let cases: &[(&str, &[&str])] = &[
        ("_tag=t|a", &["a"]),
        ("_tag=a,b", &["a", "b"]),
        ("_security=s|c", &["c"]),
        ("_profile=https://example.org/b", &["b"]),
        ("_id=a,c&_lastUpdated=ge2020", &["a", "c"]),
    ];
    check(&system, cases).await;
    let statement = system.get("metadata").await.expect(200).json();
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let listed = super::each(resource["searchParam"].as_array().unwrap(), "/name");
        for name in ["_id", "_lastUpdated"] {
            assert!(listed.contains(&name.to_owned()), "{resource}");
        }
    }
}
