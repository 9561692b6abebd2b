//! What a value of `identifier` or `subject` finds (docs/search.md).

use crate::{
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    a_system_finds_identifiers_without_a_value,
    an_id_alone_is_that_of_each_type,
    a_criterion_that_is_repeated_finds_the_same,
}

async fn a_system_finds_identifiers_without_a_value(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient =
        |identifiers: Value| json!({"resourceType": "Patient", "identifier": identifiers});
    let known = json!({"system": records::SYSTEM, "value": "a"});
    let alone = json!({"system": records::SYSTEM});
    let other = json!({"system": "https://example.org/other"});
    let one = system.create("Patient", patient(json!([alone]))).await;
    system
        .create("Patient", patient(json!([known, alone])))
        .await;
    system.create("Patient", patient(json!([known]))).await;
    system.create("Patient", patient(json!([other]))).await;
    system
        .create("Patient", patient(json!([{"value": "a"}])))
        .await;
    let search = format!("Patient?identifier={}%7C", records::SYSTEM);
    assert_eq!(system.found(&search).await, 3);
    // Not by another system, and not any more when it has none.
    let changed = records::with_id(patient(json!([other])), &one);
    system
        .put(&format!("Patient/{one}"), changed)
        .await
        .expect(200);
    assert_eq!(system.found(&search).await, 2);
}

/// What docs/search.md says of an id without a type.
async fn an_id_alone_is_that_of_each_type(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let about = |subject: &str| {
        let mut observation = records::observation("x");
        observation["subject"]["reference"] = json!(subject);
        observation
    };
    for subject in ["Patient/x", "Group/x", "Device/x", "Location/x"] {
        system.create("Observation", about(subject)).await;
    }
    // No Practitioner can be the subject.
    let other = system.post("Observation", about("Practitioner/x")).await;
    assert_eq!(other.expect(422).issue(), "value");
    assert_eq!(system.found("Observation?subject=x").await, 4);
    assert_eq!(system.found("Observation?subject=Group/x").await, 1);
}

async fn a_criterion_that_is_repeated_finds_the_same(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for subject in ["Patient/x", "Patient/y", "Group/x"] {
        let mut observation = records::observation("x");
        observation["subject"]["reference"] = json!(subject);
        system.create("Observation", observation).await;
    }
    // Each time it stands for an id of four types: more values than a search may name.
    let often = ["subject=x"; 300].join("&");
    for (query, found) in [
        (often.as_str(), 2),
        ("subject=x&subject=x&subject=Patient/x", 1),
        ("subject=x&patient=x&subject=x&patient=x", 1),
        ("subject=x,y&subject=Patient/x,Patient/y&patient=y", 1),
        ("subject=x&subject=y", 0),
    ] {
        let search = format!("Observation?{query}");
        assert_eq!(system.found(&search).await, found, "{query}");
    }
}
