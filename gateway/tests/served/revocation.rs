//! A policy set put in force in the database holds from the next request on, in
//! a gateway that has been running with the former one.

use crate::{
    database::{Kind, on_both},
    house::{HOME, House, OTHER},
    office::Office,
    records,
};
use devkit::issuer::DemoUser;
use gateway::{facility::setup, ports::Ports};
use model::{Clock, Random, SystemRandom};
use policies::PolicySource;
use serde_json::json;
use std::sync::Arc;

on_both! {
    the_next_request_after_sharing_ends_sees_nothing,
    the_callers_own_facility_can_end_the_sharing_too,
    sharing_ends_and_begins_with_the_facilities_lists,
}

/// What an administrator's tool does.
pub async fn put_in_force(house: &House, facility: &str, number: u32, source: &PolicySource) {
    let clock: Arc<dyn Clock> = house.clock.clone();
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let name = facility.parse().unwrap();
    let ports = Ports {
        store: &house.store,
        kms: &*house.kms,
        clock: &clock,
        random: &random,
    };
    let put = setup::put_in_force(&name, source, ports).await;
    assert_eq!(put.unwrap(), number);
}

pub fn without_sharing() -> PolicySource {
    let mut source = PolicySource::shipped();
    source.policies.remove("share-for-treatment").unwrap();
    source
}

async fn the_next_request_after_sharing_ends_sees_nothing(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    visitor.get(&path).await.expect(200);

    put_in_force(&house, HOME, 2, &without_sharing()).await;
    visitor.get(&path).await.expect(404);
    let newest = &house.audits(HOME).await[0];
    assert_eq!((newest.policy_number, newest.outcome), (2, 4));
    // Those at home are not concerned.
    house
        .caller(&DemoUser::Clinician)
        .get(&path)
        .await
        .expect(200);

    put_in_force(&house, HOME, 3, &PolicySource::shipped()).await;
    visitor.get(&path).await.expect(200);
}

async fn the_callers_own_facility_can_end_the_sharing_too(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    visitor.get(&format!("Patient/{id}")).await.expect(200);
    put_in_force(&house, OTHER, 2, &without_sharing()).await;
    visitor.get(&format!("Patient/{id}")).await.expect(404);
}

/// What a facility says of itself, proposed and approved by its two administrators.
async fn shares_with(office: &Office, names: &[&str]) {
    let said = json!({"organisation": "Riverside", "sharing": {"with": names}});
    office.change("PUT", "/admin/facility", said).await;
}

async fn sharing_ends_and_begins_with_the_facilities_lists(kind: Kind) {
    let office = Office::open(kind).await;
    let house = &office.house;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    // The client is registered at home, and asks as a clinician of there.
    let visitor = house
        .caller_with(&DemoUser::ClinicianOther, |claims| {
            claims["client_id"] = json!("demo-visitor");
        })
        .at(HOME);
    visitor.get(&path).await.expect(200);
    let search = "Patient?identifier=a";
    visitor.get(search).await.expect(200);

    shares_with(&office, &[]).await;
    visitor.get(&path).await.expect(404);
    visitor.get(search).await.expect(403);
    visitor.get("AuditEvent").await.expect(403);
    // The other side reads nothing here either, and those at home are not concerned.
    house.caller(&DemoUser::System).get(&path).await.expect(200);

    shares_with(&office, &[OTHER]).await;
    visitor.get(&path).await.expect(200);
    let said = office.one.get("/admin/facility").await.expect(200).json();
    assert_eq!(said["sharing"]["with"], json!([OTHER]));
    assert_eq!(said["organisation"], "Riverside");

    for (with, status, text) in [
        (json!(["nowhere"]), 422, "not here"),
        (json!([HOME]), 422, "itself"),
        (json!(["Upper"]), 400, "form"),
    ] {
        let body = json!({"sharing": {"with": with}}).to_string();
        let refused = office.one.send("PUT", "/admin/facility", &[], Some(body));
        let refused = refused.await.problem(status);
        assert!(refused.contains(text), "{refused}");
    }
}
