//! What is said of the service, and what holds for every request: points 42, 43 and 45 to 48.
//! Codes of failures: `outcomes`. Pages of other origins: `origins`.

use super::{id_of, patient, put, start};
use crate::{
    audit::newest_events,
    database::Kind,
    house::{HOME, House, OTHER},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

/// `mode` is read, and only `full` taken: that one form is what is given.
#[actix_web::test]
async fn point_42_the_statement_is_given_to_anyone_and_known_by_its_etag() {
    let house = House::start().await;
    let nobody = house.anyone();
    let reply = nobody.get("metadata").await.expect(200);
    let statement = reply.json();
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["kind"], "instance");
    assert_eq!(statement["implementation"]["url"], nobody.base());
    let rest = &statement["rest"][0];
    assert!(rest["security"]["description"].is_string());
    assert_eq!(rest["security"].get("cors"), None);
    for resource in rest["resource"].as_array().unwrap() {
        let kind = &resource["type"];
        assert_eq!(resource["versioning"], "versioned-update", "{kind}");
        assert_eq!(resource["conditionalRead"], "full-support", "{kind}");
        for said in [
            "readHistory",
            "updateCreate",
            "conditionalCreate",
            "conditionalUpdate",
        ] {
            assert!(resource[said].is_boolean(), "{kind}: {said}");
        }
        assert!(resource["conditionalDelete"].is_string(), "{kind}");
        assert!(resource["searchParam"].is_array(), "{kind}");
        let history = super::each(resource["interaction"].as_array().unwrap(), "/code");
        let has_history = history.contains(&"history-instance".to_owned());
        assert_eq!(resource["readHistory"], has_history, "{kind}");
    }
    let etag = reply.header("etag").unwrap().to_owned();
    let held = [("if-none-match", &*etag)];
    let known = nobody.send("GET", "metadata", &held, None).await;
    assert_eq!(known.expect(304).text, "");
    // Another base is another statement.
    let other = nobody.at(OTHER).get("metadata").await.expect(200);
    assert_ne!(other.text, reply.text);
    assert_ne!(other.header("etag"), Some(&*etag));
    nobody.get("metadata?mode=full").await.expect(200);
    nobody.get("metadata?mode=normative").await.expect(400);
}

#[actix_web::test]
async fn point_43_a_smart_client_finds_its_endpoints_without_a_token() {
    let house = House::start().await;
    let nobody = house.anyone();
    for at in [nobody.clone(), nobody.at(HOME)] {
        let reply = at.get(".well-known/smart-configuration").await.expect(200);
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let found = reply.json();
        for url in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            assert!(found[url].is_string(), "{url}: {found}");
        }
        for list in ["capabilities", "grant_types_supported"] {
            assert!(!found[list].as_array().unwrap().is_empty(), "{list}");
        }
        assert_eq!(found["code_challenge_methods_supported"], json!(["S256"]));
        // `issuer` goes with `sso-openid-connect`, which is not there.
        let capabilities = found["capabilities"].as_array().unwrap();
        assert!(!capabilities.contains(&json!("sso-openid-connect")));
        assert_eq!(found.get("issuer"), None);
    }
}

#[actix_web::test]
async fn point_45_syntax_is_400_rules_are_422_and_what_is_hidden_is_as_if_absent() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for (body, status) in [
        ("{", 400),
        ("[]", 400),
        (
            r#"{"resourceType":"Patient","resourceType":"Patient"}"#,
            400,
        ),
        (r#"{"resourceType":"Patient","gender":"x"}"#, 422),
        (r#"{"resourceType":"Patient","shoe":1}"#, 422),
        (r#"{"resourceType":"Observation"}"#, 400),
    ] {
        let reply = system.post("Patient", body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
    }
    for (authorization, challenge) in [
        (None, "Bearer realm=\"chartseal\""),
        (
            Some("Bearer x.y.z".to_owned()),
            "Bearer realm=\"chartseal\", error=\"invalid_token\"",
        ),
    ] {
        let nobody = house.anyone().presenting(authorization);
        let reply = nobody.get("Patient").await.expect(401);
        assert_eq!(reply.header("www-authenticate"), Some(challenge));
        assert_eq!(reply.issue(), "login");
    }
    // Who may not see a record is answered as if there were none.
    put(&system, "Patient/other", records::patient("a"), &[])
        .await
        .expect(201);
    let id = "own".parse().unwrap();
    let stranger = house.caller(&DemoUser::Patient { id });
    for (method, rest) in [("GET", ""), ("GET", "/_history"), ("GET", "/_history/1")] {
        let seen = async |id: &str| {
            let path = format!("Patient/{id}{rest}");
            let reply = stranger.send(method, &path, &[], None).await;
            (reply.status, reply.text)
        };
        assert_eq!(seen("other").await, seen("absent").await, "{rest}");
        assert_eq!(seen("other").await.0, 404, "{rest}");
    }
    for id in ["other", "absent"] {
        let path = format!("Patient/{id}");
        let update = put(&stranger, &path, records::patient("b"), &[]).await;
        assert_eq!(update.expect(403).issue(), "forbidden");
        stranger.delete(&path).await.expect(403);
    }
}

/// The gateway's own id stands in `X-Request-Id` and in the AuditEvent, so that nobody wears
/// another's; the caller's comes back in `X-Correlation-Id` and stands in the log alone, because
/// it could hold anything.
#[actix_web::test]
async fn point_46_a_request_has_an_id_in_answer_and_audit() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    const GIVEN: &str = "11111111-2222-3333-4444-555555555555";
    let body = Some(records::patient("a").to_string());
    let given = [("x-request-id", GIVEN)];
    let reply = system.send("POST", "Patient", &given, body).await;
    let reply = reply.expect(201);
    let own = reply.header("x-request-id").unwrap().to_owned();
    assert_ne!(own, GIVEN);
    assert_eq!(reply.header("x-correlation-id"), Some(GIVEN));
    let events = newest_events(&auditor).await;
    assert!(events[0].to_string().contains(&own), "{}", events[0]);
    assert!(!events[0].to_string().contains(GIVEN), "{}", events[0]);
    // On failures too, and on what needs no token.
    for (path, status) in [("Patient/absent", 404), ("Dog", 404), ("metadata", 200)] {
        let reply = system.send("GET", path, &given, None).await.expect(status);
        assert_eq!(reply.header("x-correlation-id"), Some(GIVEN), "{path}");
        assert!(reply.header("x-request-id").is_some(), "{path}");
    }
    // What is no plain word does not come back, and none is made up.
    for headers in [&[][..], &[("x-request-id", "a b")]] {
        let reply = system.send("GET", "metadata", headers, None).await;
        assert_eq!(reply.header("x-correlation-id"), None);
    }
}

#[actix_web::test]
async fn point_47_final_slashes_ids_and_decimals_are_taken_as_they_are() {
    let (_house, system) = start(Kind::Sqlite).await;
    for (id, status) in [
        ("a.B-9", 201),
        ("A.b-9", 201),
        (&*"x".repeat(64), 201),
        (&*"x".repeat(65), 400),
        ("a_b", 400),
        ("a%20b", 400),
    ] {
        let record = records::with_id(records::patient("a"), id);
        let reply = system.put(&format!("Patient/{id}"), record).await;
        assert_eq!(reply.status, status, "{id}: {}", reply.text);
    }
    system.get("Patient/a.b-9").await.expect(404);
    system.get("Patient/A.b-9").await.expect(200);
    for path in [
        "Patient/a.B-9/",
        "Patient/",
        "Patient/a.B-9/_history/",
        "metadata/",
    ] {
        system.get(path).await.expect(200);
    }
    let decimals = ["1.0", "1.00", "0.10", "1e2", "100000000000000000001.5"];
    for (number, decimal) in decimals.iter().enumerate() {
        let body = format!(
            r#"{{"resourceType":"Observation","id":"o{number}","status":"final","code":{{"text":"c"}},"subject":{{"reference":"Patient/a.B-9"}},"valueQuantity":{{"value":{decimal}}}}}"#
        );
        let path = format!("Observation/o{number}");
        system.put(&path, body).await.expect(201);
        let read = system.get(&path).await.expect(200);
        let kept = format!(r#""value":{decimal}"#);
        assert!(read.text.contains(&kept), "{decimal}: {}", read.text);
    }
    let search = "Observation?patient=a.B-9&value-quantity=1.0";
    assert_eq!(super::found(&system, search).await, ["o0", "o1"]);
}

/// Of the content nothing is changed but `id` and the two elements of `meta` that are the
/// server's; members of an object, which JSON does not order, come sorted.
#[actix_web::test]
async fn point_48_what_was_accepted_is_what_comes_back() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let sent = json!({
        "resourceType": "Patient",
        "text": {
            "status": "generated",
            "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">\n  <p>a &lt; b  &#233;</p></div>",
        },
        "extension": [{"url": "https://example.org/e", "valueDecimal": 1}],
        "identifier": [
            {"value": "z", "system": "urn:oid:1.2.3"},
            {"value": "a", "system": "https://example.org/A/../B"},
        ],
        "name": [{"given": ["Zoë", " A ", "e\u{301}"], "family": "\u{1f600}"}],
        "birthDate": "1970-01",
        "_birthDate": {"extension": [{"url": "https://example.org/t", "valueString": "x"}]},
        "contact": [{"name": {"family": "B"}}, {"name": {"family": "A"}}],
    });
    let made = system.post("Patient", &sent).await.expect(201);
    let path = format!("Patient/{}", made.id());
    let first = system.get(&format!("{path}/_history/1")).await.expect(200);
    let read = system.get(&path).await.expect(200);
    assert_eq!((&read.text, &first.text), (&made.text, &made.text));
    let mut stored = read.json();
    let stored = stored.as_object_mut().unwrap();
    assert_eq!(stored.remove("id").unwrap(), id_of(&path));
    let meta = stored.remove("meta").unwrap();
    let members: Vec<_> = meta.as_object().unwrap().keys().collect();
    assert_eq!(members, ["lastUpdated", "versionId"]);
    assert_eq!(Value::from(stored.clone()), sent);
    // The same by a search and by a history.
    patient(&system, "other").await;
    let search = format!("Patient?_id={}", id_of(&path));
    for look in [search, format!("{path}/_history")] {
        let page = system.get(&look).await.expect(200);
        assert_eq!(page.resources(), [read.json()], "{look}");
    }
}
