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
    for subject in ["Patient/x", "Group/x", "Device/x", "Practitioner/x"] {
        let mut observation = records::observation("x");
        observation["subject"]["reference"] = json!(subject);
        system.create("Observation", observation).await;
    }
    assert_eq!(system.found("Observation?subject=x").await, 3);
    assert_eq!(system.found("Observation?subject=Group/x").await, 1);
}
