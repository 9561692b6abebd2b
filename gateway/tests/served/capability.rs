//! What `/metadata` says of each type is what is done
//! (<https://hl7.org/fhir/R4/capabilitystatement.html>).

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every parameter that is searched by on some type, with a value.
const SEARCHED: [(&str, &str); 5] = [
    ("_id", "a"),
    ("_lastUpdated", "2026-11"),
    ("identifier", "a"),
    ("patient", "a"),
    ("subject", "Patient/a"),
];

/// The operation of R4.
const VALIDATE: &str = "http://hl7.org/fhir/OperationDefinition/Resource-validate";

on_both! {
    parameters_are_stored_no_more,
}

async fn resources(caller: &Caller) -> Vec<Value> {
    let statement = caller.get("metadata").await.expect(200).json();
    statement["rest"][0]["resource"].as_array().unwrap().clone()
}

fn of_type(resources: &[Value], name: &str) -> Value {
    let resource = resources.iter().find(|resource| resource["type"] == name);
    resource.unwrap().clone()
}

fn listed(resource: &Value, list: &str, member: &str) -> BTreeSet<String> {
    let all = resource[list].as_array().unwrap().iter();
    all.map(|entry| entry[member].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn each_type_is_searched_by_what_is_listed_and_by_nothing_else() {
    let house = House::start().await;
    let (system, auditor) = (
        house.caller(&DemoUser::System),
        house.caller(&DemoUser::Auditor),
    );
    for resource in resources(&system).await {
        let kind = resource["type"].as_str().unwrap();
        let by = match kind {
            "AuditEvent" => &auditor,
            _ => &system,
        };
        let listed = listed(&resource, "searchParam", "name");
        for (name, value) in SEARCHED {
            let reply = by.get(&format!("{kind}?{name}={value}&_count=1")).await;
            let status = if listed.contains(name) { 200 } else { 400 };
            assert_eq!(reply.status, status, "{kind} {name}: {}", reply.text);
        }
        let known = SEARCHED.map(|(name, _)| name.to_owned());
        assert!(listed.is_subset(&known.into()), "{kind}");
    }
}

#[actix_web::test]
async fn what_is_not_done_of_a_type_is_said() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let resources = resources(&system).await;
    for (kind, says) in [
        ("Consent", "not enforced"),
        ("Subscription", "never activated"),
        ("Parameters", "no more"),
    ] {
        let resource = of_type(&resources, kind);
        let said = resource["documentation"].as_str().unwrap();
        assert!(said.contains(says), "{kind}: {said}");
    }
    let plain = of_type(&resources, "Patient");
    assert_eq!(plain.get("documentation"), None);
}

async fn parameters_are_stored_no_more(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let new = json!({"resourceType": "Parameters"});
    let named = records::with_id(new.clone(), "one");
    for (method, path, body) in [
        ("POST", "Parameters", &new),
        ("PUT", "Parameters/one", &named),
    ] {
        let reply = system.send(method, path, &[], Some(body.to_string())).await;
        assert_eq!(reply.expect(405).issue(), "not-supported", "{method}");
        let entries = [(method, path, Some(body.clone()))];
        let whole = records::bundle("transaction", &entries);
        system.post("", whole).await.expect(400);
        let batch = records::bundle("batch", &entries);
        let batch = system.post("", batch).await.expect(200).json();
        let status = batch["entry"][0]["response"]["status"].as_str().unwrap();
        assert!(status.starts_with("405"), "{method}: {status}");
    }
    assert_eq!(system.found("Parameters").await, 0);
    // What was stored before can be ended.
    system.delete("Parameters/one").await.expect(204);
    let resource = of_type(&resources(&system).await, "Parameters");
    let codes = listed(&resource, "interaction", "code");
    assert!(codes.contains("delete") && codes.contains("read"));
    assert!(!codes.contains("create") && !codes.contains("update"));
    assert_eq!(resource["updateCreate"], false);
}

#[actix_web::test]
async fn what_is_said_of_order_and_operations_is_so() {
    let house = House::start().await;
    let (system, auditor) = (
        house.caller(&DemoUser::System),
        house.caller(&DemoUser::Auditor),
    );
    let statement = system.get("metadata").await.expect(200).json();
    let params = statement["rest"][0]["searchParam"].as_array().unwrap();
    let sort = params
        .iter()
        .find(|param| param["name"] == "_sort")
        .unwrap();
    let said = sort["documentation"].as_str().unwrap();
    assert_eq!(
        said,
        "`_lastUpdated` or `-_lastUpdated`; on AuditEvent the latter alone"
    );
    for (order, on_audit) in [("_lastUpdated", 400), ("-_lastUpdated", 200)] {
        let query = format!("_sort={order}&_count=1");
        system.get(&format!("Patient?{query}")).await.expect(200);
        let audit = auditor.get(&format!("AuditEvent?{query}")).await;
        audit.expect(on_audit);
    }
    // A name that promises no page, unless it has one.
    for resource in resources(&system).await {
        for operation in resource["operation"].as_array().unwrap() {
            let definition = operation["definition"].as_str().unwrap();
            if operation["name"] == "validate" {
                assert_eq!(definition, VALIDATE);
            } else {
                assert!(definition.starts_with("urn:"), "{definition}");
            }
        }
    }
}
