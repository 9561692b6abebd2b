//! Parts of resources: `_summary` and `_elements`
//! (<https://hl7.org/fhir/R4/search.html#summary>).

use crate::{
    database::{Kind, on_both},
    house::House,
    records::{self, NAME},
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    a_read_and_a_search_give_the_part_that_is_asked_for,
    what_names_no_part_is_refused,
    a_part_has_the_tag_of_its_version_and_is_not_stored,
    audit_events_are_given_in_parts_too,
}

fn patient() -> Value {
    let mut patient = records::patient("a");
    patient["text"] = json!({"status": "generated",
        "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">t</div>"});
    patient["birthDate"] = "1970-01-01".into();
    patient["maritalStatus"] = json!({"text": "m"});
    patient
}

fn members(resource: &Value) -> Vec<String> {
    resource.as_object().unwrap().keys().cloned().collect()
}

fn is_marked(resource: &Value) -> bool {
    let tags = resource["meta"]["tag"].as_array();
    tags.is_some_and(|tags| tags.iter().any(|tag| tag["code"] == "SUBSETTED"))
}

const PARTS: [(&str, &[&str]); 6] = [
    (
        "_summary=true",
        &[
            "birthDate",
            "id",
            "identifier",
            "meta",
            "name",
            "resourceType",
        ],
    ),
    ("_summary=text", &["id", "meta", "resourceType", "text"]),
    (
        "_summary=data",
        &[
            "birthDate",
            "id",
            "identifier",
            "maritalStatus",
            "meta",
            "name",
            "resourceType",
        ],
    ),
    ("_elements=name", &["id", "meta", "name", "resourceType"]),
    (
        "_elements=id,birthDate",
        &["birthDate", "id", "meta", "resourceType"],
    ),
    (
        "_summary=false",
        &[
            "birthDate",
            "id",
            "identifier",
            "maritalStatus",
            "meta",
            "name",
            "resourceType",
            "text",
        ],
    ),
];

async fn a_read_and_a_search_give_the_part_that_is_asked_for(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", patient()).await;
    system.create("Patient", patient()).await;
    let version = system
        .get(&format!("Patient/{id}"))
        .await
        .expect(200)
        .json();
    for (part, expected) in PARTS {
        let whole = part == "_summary=false";
        let check = |found: &Value, asked: &str| {
            assert_eq!(members(found), expected, "{asked}");
            assert_eq!(is_marked(found), !whole, "{asked}");
            assert_eq!(found["meta"]["versionId"], version["meta"]["versionId"]);
            for name in ["name", "birthDate", "identifier"] {
                let value = found.get(name);
                assert!(value.is_none_or(|value| *value == version[name]), "{asked}");
            }
        };
        for path in [format!("Patient/{id}"), format!("Patient/{id}/_history/1")] {
            let asked = format!("{path}?{part}");
            check(&system.get(&asked).await.expect(200).json(), &asked);
            let head = system.send("HEAD", &asked, &[], None).await.expect(200);
            assert_eq!(head.text, "");
            let entry = [("GET", asked.as_str(), None)];
            let done = system.post("", records::bundle("batch", &entry)).await;
            check(&done.expect(200).json()["entry"][0]["resource"], &asked);
        }
        // On every page of a search, and the links say so.
        let mut page = Some(format!("Patient?identifier=a&{part}&_count=1"));
        let mut found = 0;
        while let Some(asked) = page {
            let reply = system.get(&asked).await.expect(200);
            let first = reply.link("first").unwrap();
            assert_eq!(first.contains(&part.replace(',', "%2C")), !whole, "{first}");
            for resource in reply.resources() {
                check(&resource, &asked);
                found += 1;
            }
            page = reply.next();
        }
        assert_eq!(found, 2, "{part}");
        let within = format!("Patient?_id={id}&{part}&_total=accurate");
        let reply = system.get(&within).await.expect(200).json();
        assert_eq!(reply["total"], 1);
    }
}

async fn what_names_no_part_is_refused(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", patient()).await;
    let lenient = [("prefer", "handling=lenient")];
    let reply = system
        .send("GET", "Patient?_summary=all&_count=1", &lenient, None)
        .await;
    assert!(!is_marked(&reply.expect(200).resources()[0]));
    for bad in [
        "_summary=all",
        "_summary=count",
        "_elements=",
        "_elements=nothing",
        "_elements=name.family",
        "_elements=name&_summary=true",
        "_elements=name&_elements=id",
        "_count=1",
    ] {
        system.get(&format!("Patient/{id}?{bad}")).await.expect(400);
    }
    // Nothing is told of what is not there.
    system.get("Patient/absent?_summary=true").await.expect(404);
}

async fn a_part_has_the_tag_of_its_version_and_is_not_stored(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", patient()).await;
    let path = format!("Patient/{id}");
    let asked = format!("{path}?_elements=name");
    let reply = system.get(&asked).await.expect(200);
    assert_eq!(reply.header("etag"), Some("W/\"1\""));
    let seen = [("if-none-match", "W/\"1\"")];
    system.send("GET", &asked, &seen, None).await.expect(304);
    let seen = [("if-none-match", "W/\"2\"")];
    system.send("GET", &asked, &seen, None).await.expect(200);
    let part = reply.json();
    let refused = system.put(&path, &part).await.expect(422);
    assert_eq!(refused.issue(), "business-rule");
    assert!(refused.text.contains("SUBSETTED") && !refused.text.contains(NAME));
    let matching = [("if-match", "W/\"1\"")];
    let body = Some(part.to_string());
    system.send("PUT", &path, &matching, body).await.expect(422);
    let entry = [("PUT", path.as_str(), Some(part.clone()))];
    let transaction = records::bundle("transaction", &entry);
    system.post("", transaction).await.expect(422);
    let batch = system
        .post("", records::bundle("batch", &entry))
        .await
        .expect(200);
    let status = &batch.json()["entry"][0]["response"]["status"];
    assert!(status.as_str().unwrap().starts_with("422"), "{status}");
    let told = system
        .post(&format!("{path}/$validate"), &part)
        .await
        .expect(200);
    assert!(told.text.contains("SUBSETTED"), "{}", told.text);
    // The record is what it was.
    let whole = system.get(&path).await.expect(200);
    assert_eq!(whole.header("etag"), Some("W/\"1\""));
    assert_eq!(whole.json()["maritalStatus"]["text"], "m");
    assert!(!is_marked(&whole.json()));
    let mut changed = whole.json();
    changed["birthDate"] = "1980-01-01".into();
    system.put(&path, &changed).await.expect(200);
}

async fn audit_events_are_given_in_parts_too(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", patient()).await;
    let auditor = house.caller(&DemoUser::Auditor);
    let found = auditor
        .get("AuditEvent?_elements=recorded&_count=1")
        .await
        .expect(200);
    let part = &found.resources()[0];
    // What R4 requires is left in.
    let expected = [
        "agent",
        "id",
        "meta",
        "recorded",
        "resourceType",
        "source",
        "type",
    ];
    assert_eq!(members(part), expected);
    assert!(is_marked(part));
    let id = part["id"].as_str().unwrap();
    let read = auditor
        .get(&format!("AuditEvent/{id}?_elements=recorded"))
        .await
        .expect(200);
    assert_eq!(read.json(), *part);
    auditor
        .get("AuditEvent?_elements=birthDate")
        .await
        .expect(400);
    let whole = auditor.get(&format!("AuditEvent/{id}")).await.expect(200);
    assert!(!is_marked(&whole.json()));
}
