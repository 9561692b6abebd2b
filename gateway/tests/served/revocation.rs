//! A policy set put in force in the database holds from the next request on, in
//! a gateway that has been running with the former one.

use crate::{
    house::{HOME, House, OTHER},
    records,
};
use devkit::issuer::DemoUser;
use model::{Clock as _, SystemClock, Tag};
use policies::{Compiled, PolicySource};
use store::PolicySet;

/// What an administrator's tool does: the new set and the facility's epoch, in
/// one transaction.
pub async fn put_in_force(house: &House, facility: &str, number: u32, source: &PolicySource) {
    let facility = house.facility(facility).await;
    let set = PolicySet {
        number,
        digest: Compiled::new(number, source).unwrap().digest(),
        schema: source.schema.clone(),
        policies: serde_json::to_string(&source.policies).unwrap(),
        created: SystemClock.now(),
    };
    house
        .store
        .run_tx("new policy set", &[], move |tx| {
            tx.policies().insert(facility, &set)?;
            tx.epochs().bump(facility, Tag::ZERO)
        })
        .await
        .unwrap();
}

pub fn without_sharing() -> PolicySource {
    let mut source = PolicySource::shipped();
    source.policies.remove("share-for-treatment").unwrap();
    source
}

#[actix_web::test]
async fn the_next_request_after_sharing_ends_sees_nothing() {
    let house = House::start().await;
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

#[actix_web::test]
async fn the_callers_own_facility_can_end_the_sharing_too() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    visitor.get(&format!("Patient/{id}")).await.expect(200);
    put_in_force(&house, OTHER, 2, &without_sharing()).await;
    visitor.get(&format!("Patient/{id}")).await.expect(404);
}

#[actix_web::test]
async fn a_set_that_is_not_what_was_put_in_force_closes_the_facility() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let facility = house.facility(HOME).await;
    let source = PolicySource::shipped();
    let set = PolicySet {
        number: 2,
        digest: Compiled::new(2, &without_sharing()).unwrap().digest(),
        schema: source.schema.clone(),
        policies: serde_json::to_string(&source.policies).unwrap(),
        created: SystemClock.now(),
    };
    house
        .store
        .run_tx("foreign policy set", &[], move |tx| {
            tx.policies().insert(facility, &set)?;
            tx.epochs().bump(facility, Tag::ZERO)
        })
        .await
        .unwrap();
    let reply = system.get(&format!("Patient/{id}")).await;
    assert!(matches!(reply.status, 500 | 503), "{}", reply.text);
    assert!(!reply.text.contains(records::NAME));
}
