//! OperationOutcomes: point 44.

use super::{patch, patient, put};
use crate::{
    caller::Reply,
    database::Kind,
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use gateway::Rate;
use serde_json::{Value, json};

/// Status, code and element of a failure, and that it has what R4 asks for.
#[track_caller]
fn told(reply: Reply) -> (u16, String, Option<String>) {
    let form = reply.header("content-type").map(str::to_owned);
    assert_eq!(
        form.as_deref(),
        Some("application/fhir+json; charset=utf-8"),
        "{}",
        reply.text
    );
    let outcome = reply.json();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let issue = &outcome["issue"][0];
    let severity = issue["severity"].as_str().unwrap();
    assert!(["fatal", "error"].contains(&severity), "{issue}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!(text(&issue["details"]["text"]), text(&issue["diagnostics"]));
    let expression = issue["expression"][0].as_str().map(str::to_owned);
    (reply.status, text(&issue["code"]), expression)
}

#[track_caller]
fn tells(reply: Reply, status: u16, code: &str, expression: Option<&str>) {
    let expected = (status, code.to_owned(), expression.map(str::to_owned));
    assert_eq!(told(reply), expected);
}

#[actix_web::test]
async fn point_44_every_failure_has_its_code_and_names_its_element() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let gone = patient(&system, "b").await;
    system.delete(&gone).await.expect(204);
    tells(system.get("Patient/absent").await, 404, "not-found", None);
    tells(system.get(&gone).await, 410, "deleted", None);
    tells(patch(&system, &gone, &[]).await, 410, "deleted", None);
    let other = [("if-match", "W/\"9\"")];
    let refused = put(&system, &path, records::patient("c"), &other).await;
    tells(refused, 412, "conflict", None);
    let number = [("if-match", "nine")];
    let refused = put(&system, &path, records::patient("c"), &number).await;
    tells(refused, 400, "value", None);
    for (body, status, code, expression) in [
        ("{", 400, "structure", None),
        ("{}", 400, "required", Some("Resource.resourceType")),
        (
            r#"{"resourceType":"Dog"}"#,
            400,
            "value",
            Some("Resource.resourceType"),
        ),
        (
            r#"{"resourceType":"Patient","gender":"x"}"#,
            422,
            "code-invalid",
            Some("Patient.gender"),
        ),
        (
            r#"{"resourceType":"Patient","birthDate":"yesterday"}"#,
            422,
            "value",
            Some("Patient.birthDate"),
        ),
        (
            r#"{"resourceType":"Patient","link":[{"type":"seealso"}]}"#,
            422,
            "required",
            Some("Patient.link[0].other"),
        ),
        (
            r#"{"resourceType":"Patient","contact":[{"gender":"male"}]}"#,
            422,
            "invariant",
            Some("Patient.contact[0]"),
        ),
        (
            r#"{"resourceType":"Patient","shoe":1}"#,
            422,
            "structure",
            Some("Patient.shoe"),
        ),
    ] {
        tells(system.post("Patient", body).await, status, code, expression);
    }
    let mut two = records::patient("c");
    two["id"] = json!("two");
    let refused = system.put("Patient/one", two).await;
    tells(refused, 400, "value", Some("Patient.id"));
    let entries = [(
        "POST",
        "Patient",
        Some(json!({"resourceType": "Patient", "gender": "x"})),
    )];
    let refused = system
        .post("", records::bundle("transaction", &entries))
        .await;
    let at = "Bundle.entry[0].resource.gender";
    tells(refused, 422, "code-invalid", Some(at));
    tells(
        system.get("Patient?colour=red").await,
        400,
        "not-supported",
        None,
    );
    let clinician = house.caller(&DemoUser::Clinician);
    let refused = put(&clinician, "Patient/new", records::patient("c"), &[]).await;
    tells(refused, 403, "forbidden", None);
    let key = [("idempotency-key", "one")];
    put(&system, &path, records::patient("d"), &key)
        .await
        .expect(200);
    let refused = put(&system, &path, records::patient("e"), &key).await;
    tells(refused, 422, "business-rule", None);
}

/// What no handler of a record says: the layers around them.
#[actix_web::test]
async fn point_44_so_has_what_never_comes_to_a_handler() {
    let house = House::start_with(Kind::Sqlite, |settings| {
        settings.limits.body_bytes = 10_000;
        settings.limits.user_requests = Some(Rate {
            per_second: 1,
            burst: 60,
        });
    })
    .await;
    let system = house.caller(&DemoUser::System);
    tells(house.anyone().get("Patient").await, 401, "login", None);
    let forged = house.bearer("x.y.z");
    tells(forged.get("Patient").await, 401, "login", None);
    tells(system.get("/nowhere").await, 404, "not-found", None);
    tells(system.get("Dog").await, 404, "not-supported", None);
    tells(
        system.get("Patient/$match").await,
        404,
        "not-supported",
        None,
    );
    tells(system.get("Patient/a%").await, 400, "invalid", None);
    let wrong = system.send("OPTIONS", "Patient", &[], None).await;
    tells(wrong, 405, "not-supported", None);
    let xml = [("accept", "application/fhir+xml")];
    let refused = system.send("GET", "Patient", &xml, None).await;
    tells(refused, 406, "not-supported", None);
    let xml = [("content-type", "application/fhir+xml")];
    let refused = system
        .send("POST", "Patient", &xml, Some(String::new()))
        .await;
    tells(refused, 415, "not-supported", None);
    let long = format!("Patient?identifier={}", "a".repeat(9_000));
    tells(system.get(&long).await, 414, "too-long", None);
    let large = system.post("Basic", records::long(20_000)).await;
    tells(large, 413, "too-long", None);
    house.app.hold.close();
    let held = system.post("Patient", records::patient("a")).await;
    tells(held, 503, "transient", None);
    house.app.hold.open();
    let clinician = house.caller(&DemoUser::Clinician);
    let mut last = clinician.get("Patient?_count=1").await;
    for _ in 0..100 {
        if last.status == 429 {
            break;
        }
        last = clinician.get("Patient?_count=1").await;
    }
    assert!(last.header("retry-after").is_some());
    tells(last, 429, "throttled", None);
}

#[actix_web::test]
async fn point_44_a_fault_of_the_server_is_fatal_and_says_no_more() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let flipped = Kind::Sqlite.flipped("envelope", crate::database::IN_CIPHERTEXT);
    house.sql(&format!("UPDATE version SET {flipped}"));
    let reply = system.get(&path).await;
    assert_eq!(reply.json()["issue"][0]["severity"], "fatal");
    tells(reply, 500, "exception", None);
    assert!(house.audits(HOME).await[0].outcome == 8);
}
