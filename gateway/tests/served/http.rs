//! The behaviour of single interactions at their edges: preconditions, deletes,
//! what may be written where, and what the headers ask for.

use crate::{
    house::{HOME, House},
    records::{self, NAME},
};
use devkit::issuer::DemoUser;
use serde_json::json;

#[actix_web::test]
async fn if_match_must_name_the_current_version() {
    let house = House::start().await;
    let clinician = house.caller(&DemoUser::Clinician);
    let made = clinician
        .post("Patient", records::patient("a"))
        .await
        .expect(201);
    assert_eq!(made.header("etag"), Some("W/\"1\""));
    let path = format!("Patient/{}", made.id());
    let body = records::with_id(records::patient("b"), &made.id()).to_string();
    let put = async |etag: &str| {
        clinician
            .send("PUT", &path, &[("if-match", etag)], Some(body.clone()))
            .await
    };
    assert_eq!(put("W/\"2\"").await.expect(412).issue(), "conflict");
    assert_eq!(put("W/\"x\"").await.expect(412).issue(), "conflict");
    assert_eq!(put("x").await.expect(400).issue(), "value");
    let second = put("W/\"1\"").await.expect(200);
    assert_eq!(second.header("etag"), Some("W/\"2\""));
    put("W/\"1\"").await.expect(412);
    let delete = async |etag: &str| {
        clinician
            .send("DELETE", &path, &[("if-match", etag)], None)
            .await
    };
    delete("W/\"1\"").await.expect(412);
    clinician.get(&path).await.expect(200);
    delete("W/\"2\"").await.expect(204);
}

#[actix_web::test]
async fn the_id_of_an_update_is_that_of_the_url() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let other = records::with_id(records::patient("a"), "two");
    assert_eq!(
        system.put("Patient/one", &other).await.expect(400).issue(),
        "value"
    );
    assert_eq!(
        system
            .put("Patient/one", records::patient("a"))
            .await
            .expect(400)
            .issue(),
        "value"
    );
    let one = records::with_id(records::patient("a"), "one");
    assert_eq!(
        system
            .put("Observation/one", &one)
            .await
            .expect(400)
            .issue(),
        "invalid"
    );
    system.get("Patient/one").await.expect(404);
    let too_long = "a".repeat(65);
    let body = records::with_id(records::patient("a"), &too_long);
    system
        .put(&format!("Patient/{too_long}"), &body)
        .await
        .expect(400);
}

#[actix_web::test]
async fn a_system_may_choose_ids_and_a_clinician_may_not() {
    let house = House::start().await;
    let (system, clinician) = (
        house.caller(&DemoUser::System),
        house.caller(&DemoUser::Clinician),
    );
    let one = records::with_id(records::patient("a"), "one");
    assert_eq!(
        clinician.put("Patient/one", &one).await.expect(403).issue(),
        "forbidden"
    );
    let made = system.put("Patient/one", &one).await.expect(201);
    let location = format!("{}/Patient/one/_history/1", system.base());
    assert_eq!(made.header("location"), Some(location.as_str()));
    clinician.put("Patient/one", &one).await.expect(200);
    // A precondition cannot hold on what is not there.
    let two = records::with_id(records::patient("b"), "two").to_string();
    system
        .send("PUT", "Patient/two", &[("if-match", "W/\"1\"")], Some(two))
        .await
        .expect(412);
    system.get("Patient/two").await.expect(404);
}

#[actix_web::test]
async fn a_deleted_record_is_gone() {
    let house = House::start().await;
    let clinician = house.caller(&DemoUser::Clinician);
    let id = clinician.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let first = clinician.delete(&path).await.expect(204);
    assert_eq!(
        (first.text.as_str(), first.header("etag")),
        ("", Some("W/\"2\""))
    );
    let again = clinician.delete(&path).await.expect(204);
    assert_eq!(
        again.header("etag"),
        Some("W/\"2\""),
        "a second delete made a version"
    );
    clinician.delete("Patient/never-was").await.expect(204);
    // Hidden comes before gone: who may not read does not learn of the delete.
    house.caller(&DemoUser::Admin).get(&path).await.expect(404);

    assert_eq!(clinician.get(&path).await.expect(410).issue(), "deleted");
    assert_eq!(
        clinician
            .get(&format!("{path}/_history/2"))
            .await
            .expect(410)
            .issue(),
        "deleted"
    );
    assert_eq!(
        clinician
            .get(&format!("{path}/_history/3"))
            .await
            .expect(404)
            .issue(),
        "not-found"
    );
}

#[actix_web::test]
async fn the_past_of_a_deleted_record_stays_and_it_can_come_back() {
    let house = House::start().await;
    let clinician = house.caller(&DemoUser::Clinician);
    let id = clinician.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    clinician.delete(&path).await.expect(204);
    clinician
        .get(&format!("{path}/_history/1"))
        .await
        .expect(200);
    let history = clinician
        .get(&format!("{path}/_history"))
        .await
        .expect(200)
        .json();
    let methods: Vec<&str> = history["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["request"]["method"].as_str())
        .collect();
    assert_eq!(methods, ["DELETE", "POST"]);
    for query in ["identifier=a".to_owned(), format!("_id={id}")] {
        let found = clinician.get(&format!("Patient?{query}")).await.expect(200);
        assert!(
            found.resources().is_empty(),
            "{query} finds what was deleted"
        );
    }
    let back = records::with_id(records::patient("a"), &id);
    let back = clinician.put(&path, &back).await.expect(201);
    assert_eq!(back.header("etag"), Some("W/\"3\""));
    clinician.get(&path).await.expect(200);
}

#[actix_web::test]
async fn types_and_places_that_do_not_exist() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    for path in [
        "Patients",
        "patient",
        "Patients/1",
        "Patients?_id=1",
        "Patients/1/_history/1",
    ] {
        assert_eq!(
            system.get(path).await.expect(404).issue(),
            "not-supported",
            "{path}"
        );
    }
    system.get("Patient/1/_history/0").await.expect(404);
    system.get("Patient/1/_history/first").await.expect(404);
    assert_eq!(system.get("Patient/a_b").await.expect(400).issue(), "value");
    assert_eq!(
        system
            .send("OPTIONS", "Patient", &[], None)
            .await
            .expect(405)
            .issue(),
        "not-supported"
    );
    for caller in [&system, &auditor] {
        let event = json!({"resourceType": "AuditEvent"});
        assert_eq!(
            caller.post("AuditEvent", &event).await.expect(405).issue(),
            "not-supported"
        );
        caller.put("AuditEvent/1", &event).await.expect(405);
        caller.delete("AuditEvent/1").await.expect(405);
    }
    // A facility that is not here, and a caller of one that is not here.
    system.at("nowhere").get("Patient/1").await.expect(404);
    let stranger = house.caller_with(&DemoUser::System, |claims| {
        claims["facility"] = json!("nowhere")
    });
    stranger.get("Patient/1").await.expect(404);
    stranger.at("riverside").get("Patient/1").await.expect(404);
}

#[actix_web::test]
async fn prefer_chooses_the_body_of_a_write() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let post = async |prefer: &str| {
        let body = Some(records::patient("a").to_string());
        system
            .send("POST", "Patient", &[("prefer", prefer)], body)
            .await
            .expect(201)
    };
    let minimal = post("return=minimal").await;
    assert_eq!(minimal.text, "");
    assert!(minimal.header("location").is_some() && minimal.header("etag").is_some());
    assert!(minimal.header("last-modified").is_some());
    assert_eq!(
        post("return=representation").await.json()["name"][0]["family"],
        NAME
    );
    let outcome = post("return=OperationOutcome").await;
    assert_eq!(outcome.json()["resourceType"], "OperationOutcome");
    assert!(!outcome.text.contains(NAME));
    assert_eq!(
        post("respond-async").await.json()["resourceType"],
        "Patient"
    );
}

#[actix_web::test]
async fn only_json_is_given_and_taken() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    for format in [
        "json",
        "application/json",
        "application/fhir%2Bjson",
        "application/fhir+json",
    ] {
        let reply = system
            .get(&format!("{path}?_format={format}"))
            .await
            .expect(200);
        assert_eq!(
            reply.header("content-type"),
            Some("application/fhir+json; charset=utf-8")
        );
    }
    for path in [&path, "Patient", &format!("{path}/_history")] {
        let xml = system.get(&format!("{path}?_format=xml")).await.expect(406);
        assert_eq!(xml.issue(), "not-supported");
        assert!(!xml.text.contains(NAME));
        system
            .send("GET", path, &[("accept", "application/fhir+xml")], None)
            .await
            .expect(406);
        let lists = "application/fhir+xml;q=0.9, application/fhir+json;fhirVersion=4.0";
        system
            .send("GET", path, &[("accept", lists)], None)
            .await
            .expect(200);
    }
    // The parameter is stronger than the header.
    let accept = [("accept", "application/fhir+xml")];
    system
        .send("GET", &format!("{path}?_format=json"), &accept, None)
        .await
        .expect(200);
    let body = Some(records::patient("b").to_string());
    let xml = [("content-type", "application/fhir+xml")];
    system.send("POST", "Patient", &xml, body).await.expect(415);
}

#[actix_web::test]
async fn head_is_get_without_the_body() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    for path in [format!("Patient/{id}"), format!("Patient/{id}/_history/1")] {
        let got = system.get(&path).await.expect(200);
        let head = system.send("HEAD", &path, &[], None).await.expect(200);
        assert_eq!(head.text, "");
        for name in ["etag", "last-modified", "content-type", "content-length"] {
            assert_eq!(head.header(name), got.header(name), "{name}");
        }
    }
    system
        .send("HEAD", "Patient/absent", &[], None)
        .await
        .expect(404);
}

#[actix_web::test]
async fn bodies_that_could_be_read_two_ways_are_refused() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let twice = r#"{"resourceType":"Patient","active":true,"active":false}"#;
    for (body, status) in [
        (twice, 400),
        (
            r#"{"resourceType":"Patient","active":true,"\u0061ctive":false}"#,
            400,
        ),
        (r#"{"resourceType":"Patient""#, 400),
        (r#"{"resourceType":"Patient"} {}"#, 400),
        (r#"{"resourceType":"Patiente"}"#, 400),
        (r#"{"resourceType":"Observation"}"#, 400),
        (r#"{"active":true}"#, 400),
        ("[]", 400),
        ("", 400),
    ] {
        let reply = system.post("Patient", body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
        reply.issue();
    }
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"batch","entry":[{{"resource":{twice},"request":{{"method":"POST","url":"Patient"}}}}]}}"#
    );
    system.post("", bundle).await.expect(400);
    let found = system.get("Patient").await.expect(200);
    assert!(found.resources().is_empty(), "{}", found.text);
}

#[actix_web::test]
async fn decimals_come_back_as_they_were_sent() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let body = r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.500,"unit":"g"},"component":[{"code":{"text":"y"},"valueQuantity":{"value":0.00}},{"code":{"text":"z"},"valueQuantity":{"value":12345678901234567890.10}}]}"#;
    let id = system.create("Observation", body).await;
    let read = system.get(&format!("Observation/{id}")).await.expect(200);
    for number in [
        r#""value":1.500"#,
        r#""value":0.00"#,
        r#""value":12345678901234567890.10"#,
    ] {
        assert!(read.text.contains(number), "{}", read.text);
    }
}

/// Whoever set up an issuer learns that the claim is wrong, and not the URL.
#[actix_web::test]
async fn a_token_of_a_facility_that_is_not_here_is_told_so() {
    let house = House::start().await;
    let told = "the facility of this token is not served here";
    let foreign = house.caller_with(&DemoUser::System, |claims| {
        claims["facility"] = json!("elsewhere");
    });
    for caller in [foreign.clone(), foreign.at(HOME)] {
        let reply = caller.get("Patient").await.expect(404);
        assert_eq!(reply.issue(), "not-found");
        assert!(reply.text.contains(told), "{}", reply.text);
    }
    let detail = foreign.get("/admin/clients").await.problem(404);
    assert!(detail.contains(told), "{detail}");
    let own = house.caller(&DemoUser::System).at("elsewhere");
    let reply = own.get("Patient").await.expect(404);
    assert!(!reply.text.contains(told), "{}", reply.text);
}
