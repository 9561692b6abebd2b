//! Content negotiation and preferences: points 18 to 21.

use super::{entries, id_of, patient, put, start};
use crate::{
    caller::{Caller, Reply},
    database::Kind,
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

const GIVEN: &str = "application/fhir+json; charset=utf-8";

#[actix_web::test]
async fn point_18_json_is_taken_and_given_under_each_of_its_names_and_nothing_else() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    for (accept, status) in [
        ("application/fhir+json", 200),
        ("application/json", 200),
        ("text/json", 200),
        ("*/*", 200),
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("application/fhir+json; fhirVersion=4.0.1", 200),
        ("application/fhir+json; fhirVersion=3.0", 406),
        ("application/fhir+xml", 406),
        ("text/turtle", 406),
    ] {
        let reply = system.send("GET", &path, &[("accept", accept)], None).await;
        assert_eq!(reply.status, status, "{accept}: {}", reply.text);
        assert_eq!(reply.header("content-type"), Some(GIVEN), "{accept}");
    }
    // The parameter is stronger than the header.
    for (format, accept, status) in [
        ("json", "application/fhir+xml", 200),
        ("application/json", "application/fhir+xml", 200),
        ("application/fhir%2Bjson", "application/fhir+xml", 200),
        ("application/fhir+json", "application/fhir+xml", 200),
        ("text/json", "application/fhir+xml", 200),
        ("xml", "application/fhir+json", 406),
        (
            "application/fhir%2Bjson;fhirVersion=5.0",
            "application/fhir+json",
            406,
        ),
    ] {
        let at = format!("{path}?_format={format}");
        let reply = system.send("GET", &at, &[("accept", accept)], None).await;
        assert_eq!(reply.status, status, "{format}: {}", reply.text);
        assert_eq!(reply.header("content-type"), Some(GIVEN), "{format}");
    }
    for (form, status) in [
        ("application/fhir+json", 201),
        ("application/json", 201),
        ("text/json", 201),
        ("application/fhir+json; charset=UTF-8; fhirVersion=4.0", 201),
        ("application/fhir+json; fhirVersion=5.0", 415),
        ("application/fhir+xml", 415),
        ("text/plain", 415),
    ] {
        let body = Some(records::patient("b").to_string());
        let form = [("content-type", form)];
        let reply = system.send("POST", "Patient", &form, body).await;
        assert_eq!(reply.status, status, "{form:?}: {}", reply.text);
    }
}

/// What a write of each kind is answered under a preference.
async fn writes(caller: &Caller, prefer: &[(&str, &str)]) -> Vec<Reply> {
    let body = Some(records::patient("a").to_string());
    let made = caller.send("POST", "Patient", prefer, body).await;
    let location = made.header("location").unwrap();
    let (place, _) = location.split_once("/_history").unwrap();
    let path = format!("Patient/{}", id_of(place));
    let changed = put(caller, &path, records::patient("b"), prefer).await;
    let patched = super::patch(caller, &path, prefer).await;
    vec![made.expect(201), changed.expect(200), patched.expect(200)]
}

async fn transaction(caller: &Caller, prefer: &[(&str, &str)]) -> Value {
    let one = records::with_id(records::patient("b"), "one");
    let written = [
        ("POST", "Patient", Some(records::patient("a"))),
        ("PUT", "Patient/one", Some(one)),
        ("GET", "Patient/one", None),
    ];
    let body = Some(records::bundle("transaction", &written).to_string());
    caller
        .send("POST", "", prefer, body)
        .await
        .expect(200)
        .json()
}

#[actix_web::test]
async fn point_19_prefer_chooses_the_body_of_what_went_well() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let of = |prefer: &'static str| [("prefer", prefer)];
    for reply in writes(&system, &of("return=minimal")).await {
        assert_eq!(reply.text, "");
        assert!(reply.header("location").is_some() && reply.header("etag").is_some());
    }
    for prefer in [&of("return=representation")[..], &[]] {
        for reply in writes(&system, prefer).await {
            assert_eq!(reply.json()["resourceType"], "Patient");
        }
    }
    for reply in writes(&system, &of("return=OperationOutcome")).await {
        assert_eq!(reply.json()["resourceType"], "OperationOutcome");
        assert_eq!(reply.json()["issue"][0]["severity"], "information");
    }
    for (prefer, resource, outcome) in [
        (&of("return=minimal")[..], Value::Null, Value::Null),
        (&of("return=representation"), json!("Patient"), Value::Null),
        (&[], json!("Patient"), Value::Null),
        (
            &of("return=OperationOutcome"),
            Value::Null,
            json!("OperationOutcome"),
        ),
    ] {
        let answers = entries(&transaction(&system, prefer).await);
        for answer in &answers[..2] {
            let kind = |value: &Value| value["resourceType"].clone();
            assert_eq!(kind(&answer["resource"]), resource, "{prefer:?}");
            assert_eq!(kind(&answer["response"]["outcome"]), outcome, "{prefer:?}");
            assert!(answer["response"]["location"].is_string());
        }
        // What is read is given whatever is preferred of writes.
        assert_eq!(answers[2]["resource"]["id"], "one");
    }
    // Of a failure an OperationOutcome tells in any case.
    for prefer in ["return=minimal", "return=representation"] {
        let body = Some(r#"{"resourceType":"Patient","gender":"x"}"#.to_owned());
        let failed = system.send("POST", "Patient", &of(prefer), body).await;
        assert_eq!(
            failed.expect(422).json()["resourceType"],
            "OperationOutcome"
        );
    }
}

/// Strict is what is done unless a request says otherwise: R4 would have it the other way
/// round (SHOULD), and what is ignored in a search shows more of patients than was asked for.
#[actix_web::test]
async fn point_20_what_is_not_known_is_refused_unless_the_request_is_lenient() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    patient(&system, "a").await;
    let search = "Patient?identifier=a&shoe-size=44&_sort=shoe-size&_count=5";
    for prefer in [&[("prefer", "handling=strict")][..], &[]] {
        let refused = system.send("GET", search, prefer, None).await;
        assert_eq!(refused.expect(400).issue(), "not-supported");
    }
    let lenient = [("prefer", "handling=lenient")];
    let page = system.send("GET", search, &lenient, None).await;
    let page = page.expect(200);
    let own = page.link("self").unwrap();
    let applied = format!("{}/Patient?identifier=a&_count=5", system.base());
    assert_eq!(own, applied);
    let entries = entries(&page.json());
    assert_eq!(super::each(&entries, "/search/mode"), ["match", "outcome"]);
    let outcome = &entries[1]["resource"];
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    assert_eq!(outcome["issue"][0]["severity"], "warning");
    assert_eq!(outcome["issue"][0]["code"], "not-supported");
}

#[actix_web::test]
async fn point_21_a_modifier_or_value_that_is_not_read_is_never_ignored() {
    let (_house, system) = start(Kind::Sqlite).await;
    let path = patient(&system, "a").await;
    let within = format!("patient={}", id_of(&path));
    for search in [
        "Patient?identifier:sounds=a".to_owned(),
        "Patient?_lastUpdated:exact=2024".to_owned(),
        "Patient?_lastUpdated=xx2024".to_owned(),
        "Patient?_lastUpdated=2024-13".to_owned(),
        "Patient?_lastUpdated=yesterday".to_owned(),
        format!("Observation?{within}&status:exact=final"),
        format!("Observation?{within}&date=zz2024"),
        format!("Observation?{within}&date=2024-02-30"),
        format!("Observation?{within}&value-quantity=heavy"),
        format!("Observation?{within}&code:missing=perhaps"),
    ] {
        for prefer in [&[][..], &[("prefer", "handling=lenient")]] {
            let refused = system.send("GET", &search, prefer, None).await;
            assert_eq!(refused.status, 400, "{search}: {}", refused.text);
        }
    }
    // Nobody's records are none: that is no error.
    for search in [
        "Observation?patient=nobody",
        "Observation?subject=Patient/nobody",
        "Observation?patient=nobody&status=final",
    ] {
        let page = system.get(search).await;
        assert_eq!(page.status, 200, "{search}: {}", page.text);
        assert_eq!(page.json().get("entry"), None, "{search}");
    }
    put(&system, "Patient/one", records::patient("b"), &[])
        .await
        .expect(201);
}
