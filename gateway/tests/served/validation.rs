//! Validation on write: what is not valid R4 is refused with all its faults, and nothing of
//! it is stored (docs/fhir.md).

use crate::{
    audit::newest_events,
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    all_faults_of_a_record_are_told_and_nothing_is_stored,
    all_faults_of_a_transaction_are_told_and_nothing_is_stored,
    an_entry_of_a_batch_is_refused_by_itself,
}

/// What must not come back in a refusal.
const SECRET: &str = "Quillfeather1970";

/// A patient with a fault of each kind.
fn faulty() -> Value {
    json!({
        "resourceType": "Patient",
        "name": [{"family": records::NAME, "colour": SECRET}],
        "gender": SECRET,
        "birthDate": SECRET,
        "contact": [{"gender": "female"}],
        "link": [{"type": "seealso"}],
        "managingOrganization": {"reference": format!("Patient/{SECRET}")},
    })
}

/// Code and expression of each fault of it, with the members before.
fn told(prefix: &str) -> Vec<String> {
    [
        "value birthDate",
        "invariant contact[0]",
        "code-invalid gender",
        "required link[0].other",
        "value managingOrganization",
        "structure name[0].colour",
    ]
    .iter()
    .map(|fault| {
        let (code, element) = fault.split_once(' ').unwrap();
        format!("{code} {prefix}.{element}")
    })
    .collect()
}

/// Code and expression of each issue, in alphabetical order of the elements.
fn issues(outcome: &Value) -> Vec<String> {
    assert_eq!(outcome["resourceType"], "OperationOutcome", "{outcome}");
    let issue = |issue: &Value| {
        assert_eq!(issue["severity"], "error", "{issue}");
        assert_eq!(issue["details"]["text"], issue["diagnostics"], "{issue}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&issue["expression"][0]), text(&issue["code"]))
    };
    let issues = outcome["issue"].as_array().unwrap();
    let mut issues: Vec<_> = issues.iter().map(issue).collect();
    issues.sort();
    let line = |(expression, code)| format!("{code} {expression}");
    issues.into_iter().map(line).collect()
}

fn is_refused(reply: &Reply, prefix: &str) {
    assert_eq!(reply.status, 422, "{}", reply.text);
    assert_eq!(issues(&reply.json()), told(prefix));
    assert!(!reply.text.contains(SECRET), "{}", reply.text);
    assert!(!reply.text.contains(records::NAME), "{}", reply.text);
}

/// Rows that a write leaves beside its audit.
fn rows(house: &House) -> Vec<Vec<String>> {
    let count = |table: &str| house.query(&format!("SELECT COUNT(*) FROM {table}"));
    ["version", "link", "token"]
        .iter()
        .flat_map(|table| count(table))
        .collect()
}

async fn all_faults_of_a_record_are_told_and_nothing_is_stored(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let (before, audits) = (rows(&house), house.audits(HOME).await.len());
    is_refused(&system.post("Patient", faulty()).await, "Patient");
    let update = records::with_id(faulty(), &id);
    is_refused(&system.put(&path, update).await, "Patient");
    let events = newest_events(&auditor).await;
    assert_eq!(events[0]["outcome"], "4");
    assert!(events[0]["entity"].to_string().contains(&path));
    assert_eq!(rows(&house), before);
    // The search of the auditor is one more.
    assert_eq!(house.audits(HOME).await.len(), audits + 3);
    let current = system.get(&path).await.expect(200);
    assert_eq!(current.header("etag"), Some("W/\"1\""));
}

async fn all_faults_of_a_transaction_are_told_and_nothing_is_stored(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let before = rows(&house);
    let entries = [
        ("POST", "Patient", Some(records::patient("good"))),
        ("POST", "Patient", Some(faulty())),
        ("PUT", "Patient/x", Some(records::with_id(faulty(), "x"))),
    ];
    let bundle = records::bundle("transaction", &entries);
    let reply = system.post("", bundle).await.expect(422);
    let mut expected = told("Bundle.entry[1].resource");
    expected.extend(told("Bundle.entry[2].resource"));
    assert_eq!(issues(&reply.json()), expected);
    assert!(!reply.text.contains(SECRET), "{}", reply.text);
    assert_eq!(rows(&house), before);
}

async fn an_entry_of_a_batch_is_refused_by_itself(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let entries = [
        ("POST", "Patient", Some(records::patient("good"))),
        ("POST", "Patient", Some(faulty())),
        (
            "POST",
            "AuditEvent",
            Some(json!({"resourceType": "AuditEvent"})),
        ),
    ];
    let bundle = records::bundle("batch", &entries);
    let key = [("idempotency-key", "one")];
    let post = async || {
        let body = Some(bundle.to_string());
        system.send("POST", "", &key, body).await.expect(200)
    };
    let first = post().await;
    let answers = first.json()["entry"].clone();
    let status = |n: usize| answers[n]["response"]["status"].as_str().unwrap()[..3].to_owned();
    assert_eq!([0, 1, 2].map(status), ["201", "422", "405"]);
    let outcome = &answers[1]["response"]["outcome"];
    assert_eq!(issues(outcome), told("Bundle.entry[1].resource"));
    // Sent again, it is answered the same.
    assert_eq!(post().await.json()["entry"][1], answers[1]);
    assert_eq!(system.found("Patient").await, 1);
}

/// However much is wrong, the answer has a bound.
#[actix_web::test]
async fn so_many_faults_are_told_and_the_number_of_the_others() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let names = vec![json!({"colour": 1}); 500];
    let faulty = json!({"resourceType": "Patient", "name": names});
    let last = |outcome: &Value| {
        let issues = outcome["issue"].as_array().unwrap().clone();
        let last = issues.last().unwrap().clone();
        (
            issues.len(),
            last["severity"].clone(),
            last["diagnostics"].clone(),
        )
    };
    let further = |number: u32| format!("further faults, not told here: {number}");
    let alone = system.post("Patient", &faulty).await.expect(422).json();
    let expected = (101, json!("information"), json!(further(400)));
    assert_eq!(last(&alone), expected);
    let entries = vec![("POST", "Patient", Some(faulty)); 20];
    let whole = records::bundle("transaction", &entries);
    let whole = system.post("", whole).await.expect(422).json();
    let expected = (101, json!("information"), json!(further(9_900)));
    assert_eq!(last(&whole), expected);
    let batch = records::bundle("batch", &entries);
    let batch = system.post("", batch).await.expect(200).json();
    let told = |entry: &Value| last(&entry["response"]["outcome"]).0;
    let told: Vec<usize> = batch["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(told)
        .collect();
    assert_eq!(told[0], 101);
    assert_eq!(told[19], 2);
    assert!(told.iter().sum::<usize>() < 1_100, "{told:?}");
}

/// What cannot be read as FHIR in JSON is another fault than what breaks its rules.
#[actix_web::test]
async fn what_cannot_be_read_stays_a_bad_request() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for (body, status) in [
        ("{", 400),
        (r#"{"active":true}"#, 400),
        (
            r#"{"resourceType":"Patient","managingOrganization":"x"}"#,
            400,
        ),
        (r#"{"resourceType":"Patient","active":"true"}"#, 422),
        (r#"{"resourceType":"Patient","active":null}"#, 422),
        (r#"{"resourceType":"Patient","name":[]}"#, 422),
    ] {
        let reply = system.post("Patient", body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
        reply.issue();
    }
}

/// `$validate` says what the write would, and leaves nothing but its audit.
mod tried {
    use super::*;

    on_both! {
        content_is_told_as_a_write_would_be,
        who_may_not_write_may_not_try,
    }

    fn is_valid(reply: Reply) {
        let outcome = reply.expect(200).json();
        assert_eq!(outcome["issue"].as_array().unwrap().len(), 1);
        assert_eq!(outcome["issue"][0]["severity"], "information", "{outcome}");
        assert_eq!(outcome["issue"][0]["code"], "informational");
    }

    fn parameters(mode: &str, resource: &Value) -> Value {
        json!({
            "resourceType": "Parameters",
            "parameter": [
                {"name": "mode", "valueCode": mode},
                {"name": "resource", "resource": resource},
            ],
        })
    }

    async fn content_is_told_as_a_write_would_be(kind: Kind) {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let auditor = house.caller(&DemoUser::Auditor);
        let id = system.create("Patient", records::patient("a")).await;
        let path = format!("Patient/{id}");
        let good = records::with_id(records::patient("b"), &id);
        let bad = records::with_id(faulty(), &id);
        let before = rows(&house);
        for at in ["Patient/$validate", &format!("{path}/$validate")] {
            is_valid(system.post(at, &good).await);
            let told_of = system.post(at, &bad).await.expect(200);
            assert_eq!(issues(&told_of.json()), told("Patient"));
            is_valid(system.post(at, parameters("update", &good)).await);
            let told_of = system.post(at, parameters("update", &bad)).await;
            assert_eq!(issues(&told_of.expect(200).json()), told("Patient"));
        }
        is_valid(system.post("Patient/$validate?mode=create", &good).await);
        is_valid(system.post("Patient/$validate?_format=json", &good).await);
        let delete = format!("{path}/$validate?mode=delete");
        is_valid(system.send("POST", &delete, &[], None).await);
        // As the write itself is told.
        let written = system.put(&path, &bad).await.expect(422);
        let tried = system.post(&format!("{path}/$validate"), &bad).await;
        assert_eq!(tried.text, written.text);
        assert_eq!(rows(&house), before);
        let current = system.get(&path).await.expect(200);
        assert_eq!(current.header("etag"), Some("W/\"1\""));
        is_valid(system.post(&format!("{path}/$validate"), &good).await);
        let events = newest_events(&auditor).await;
        assert_eq!(events[0]["outcome"], "0");
        assert_eq!(events[0]["subtype"][1]["code"], "$validate");
        assert!(events[0]["entity"].to_string().contains(&path));
    }

    /// A refusal that is not of validation alone is told too.
    #[actix_web::test]
    async fn what_else_the_write_would_be_refused_for_is_told() {
        let house = House::start().await;
        let system = house.caller(&DemoUser::System);
        let told = async |path: &str, body: Value| {
            let outcome = system.post(path, body).await.expect(200).json();
            let issues = issues(&outcome);
            assert_eq!(issues.len(), 1, "{outcome}");
            issues[0].clone()
        };
        let at = "Observation/$validate";
        let of_another = told(at, records::patient("a")).await;
        assert_eq!(of_another, "invalid resourceType");
        let mut unclear = records::observation("x");
        unclear["subject"]["reference"] = json!("patient/x");
        let unclear = told(at, unclear).await;
        assert_eq!(unclear, "value Observation.subject.reference");
        let unreadable = told(at, json!({"resourceType": "Zebra"})).await;
        assert_eq!(unreadable, "structure Resource");
        let without = told("Patient/$validate?mode=update", records::patient("a")).await;
        assert_eq!(without, "required Patient.id");
        let other = records::with_id(records::patient("a"), "b");
        let other = told("Patient/a/$validate", other).await;
        assert_eq!(other, "value Patient.id");
    }

    async fn who_may_not_write_may_not_try(kind: Kind) {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let id = system.create("Patient", records::patient("a")).await;
        let refused = async |caller: &Caller, path: &str, body: &Value| {
            let audits = house.audits(HOME).await.len();
            caller.post(path, body).await.expect(403);
            assert_eq!(house.audits(HOME).await.len(), audits + 1, "{path}");
        };
        let body = records::with_id(records::patient("b"), &id);
        let at_record = format!("Patient/{id}/$validate");
        let delete = format!("{at_record}?mode=delete");
        for user in [DemoUser::Auditor, DemoUser::Admin] {
            let caller = house.caller(&user);
            for path in ["Patient/$validate", &at_record, &delete] {
                refused(&caller, path, &body).await;
            }
            // Whatever it says.
            refused(&caller, "Patient/$validate", &faulty()).await;
            let unreadable = json!({"resourceType": "Zebra"});
            refused(&caller, "Patient/$validate", &unreadable).await;
        }
        // A patient writes of nobody else.
        let patient = house.caller(&DemoUser::Patient {
            id: "other".parse().unwrap(),
        });
        refused(&patient, &at_record, &body).await;
    }

    #[actix_web::test]
    async fn a_question_that_makes_no_sense_is_a_bad_request() {
        let house = House::start().await;
        let system = house.caller(&DemoUser::System);
        let good = records::with_id(records::patient("a"), "x");
        let mut twice = parameters("create", &good);
        let first = twice["parameter"][0].clone();
        twice["parameter"].as_array_mut().unwrap().push(first);
        let profile = json!({
            "resourceType": "Parameters",
            "parameter": [{"name": "profile", "valueUri": "urn:x"}],
        });
        for (path, body, code) in [
            ("Patient/$validate?mode=other", good.clone(), "code-invalid"),
            (
                "Patient/$validate?mode=profile",
                good.clone(),
                "not-supported",
            ),
            (
                "Patient/$validate?profile=urn:x",
                good.clone(),
                "not-supported",
            ),
            (
                "Patient/$validate?colour=red",
                good.clone(),
                "not-supported",
            ),
            (
                "Patient/$validate?mode=create&mode=create",
                good.clone(),
                "invalid",
            ),
            (
                "Patient/$validate?mode=create",
                parameters("create", &good),
                "invalid",
            ),
            (
                "Patient/$validate",
                parameters("other", &good),
                "code-invalid",
            ),
            ("Patient/$validate", twice, "invalid"),
            ("Patient/$validate", profile, "not-supported"),
            (
                "Patient/$validate",
                json!({"resourceType": "Parameters"}),
                "required",
            ),
            ("Patient/x/$validate?mode=create", good.clone(), "invalid"),
            ("Patient/$validate?mode=delete", good.clone(), "invalid"),
        ] {
            let reply = system.post(path, &body).await.expect(400);
            assert_eq!(reply.issue(), code, "{path} {body}");
        }
        let cut = system.post("Patient/$validate", "{").await.expect(400);
        assert_eq!(cut.issue(), "structure");
        let none = system.send("POST", "Patient/$validate", &[], None).await;
        assert_eq!(none.expect(400).issue(), "required");
        // What is not written is not tried.
        for kind in ["AuditEvent", "Parameters"] {
            let path = format!("{kind}/$validate");
            let reply = system.post(&path, json!({"resourceType": kind})).await;
            assert_eq!(reply.expect(405).issue(), "not-supported", "{kind}");
        }
    }
}
