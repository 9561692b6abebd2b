//! Someone who can write to the database cuts a row together with its leaf while the leaf
//! waits: nothing is left that would tell. These attacks go unseen, as
//! docs/threat-model.md says.

use crate::{
    database::{Kind, on_both},
    house::{HOME, House},
    records,
    revocation::{put_in_force, without_sharing},
    sweep::{HERE, whole},
};
use devkit::issuer::DemoUser;
use policies::PolicySource;

on_both! {
    a_version_cut_with_its_waiting_leaf_is_unseen,
    a_record_cut_with_its_waiting_leaf_is_unseen,
    an_audit_record_cut_with_its_waiting_leaf_is_unseen,
    a_statement_cut_with_its_waiting_leaf_is_unseen_by_a_process_that_starts_after,
}

async fn is_unseen(house: &House) {
    let swept = whole(house).await.faults;
    assert_eq!(swept.total(), 0, "unseen: {:?}", swept.named);
}

async fn a_version_cut_with_its_waiting_leaf_is_unseen(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let place = format!("Patient/{id}");
    let second = records::with_id(records::patient("b"), &id);
    system.put(&place, second).await.expect(200);
    house.sql(
        "DELETE FROM pending_leaf WHERE version = 2;
         DELETE FROM version WHERE version = 2;
         UPDATE link SET version = 1 WHERE version = 2;
         UPDATE token SET version = 1 WHERE version = 2",
    );
    let read = system.get(&place).await.expect(200).json();
    assert_eq!(read["meta"]["versionId"], "1", "unseen");
    assert_eq!(system.found("Patient").await, 1);
    system.get(&format!("{place}/_history/2")).await.expect(404);
    is_unseen(&house).await;
    // The audit of the write still says that there was one.
    let auditor = house.caller(&DemoUser::Auditor);
    let events = auditor.get(&format!("AuditEvent?patient={id}")).await;
    let named = format!("{place}/_history/2");
    assert!(events.expect(200).text.contains(&named));
}

async fn a_record_cut_with_its_waiting_leaf_is_unseen(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    let observation = records::observation(&patient);
    let id = system.create("Observation", observation).await;
    let record = "record_tag IN (SELECT record_tag FROM version
        WHERE resource_type = 'Observation')";
    house.sql(&format!(
        "DELETE FROM pending_leaf WHERE {record};
         DELETE FROM link WHERE {record};
         DELETE FROM token WHERE {record};
         DELETE FROM version WHERE resource_type = 'Observation'"
    ));
    let place = format!("Observation/{id}");
    system.get(&place).await.expect(404);
    assert_eq!(system.found("Observation").await, 0);
    is_unseen(&house).await;
}

async fn an_audit_record_cut_with_its_waiting_leaf_is_unseen(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let id = system.create("Patient", records::patient("a")).await;
    system.get(&format!("Patient/{id}")).await.expect(200);
    let search = format!("AuditEvent?patient={id}");
    let before = auditor.found(&search).await;
    let record = format!(
        "record_tag IN (SELECT record_tag FROM audit WHERE interaction = 'read' AND {HERE})"
    );
    house.sql(&format!(
        "DELETE FROM pending_leaf WHERE {record};
         DELETE FROM audit_patient WHERE {record};
         DELETE FROM audit WHERE interaction = 'read' AND {HERE}"
    ));
    // No warning stands among what is found.
    assert_eq!(auditor.found(&search).await, before - 1);
    let page = auditor.get(&search).await.expect(200).json();
    let entries = page["entry"].as_array().unwrap();
    assert!(
        entries
            .iter()
            .all(|entry| entry["search"]["mode"] == "match")
    );
    is_unseen(&house).await;
}

/// What was revoked by it is in force again: docs/threat-model.md, "Known limits".
async fn a_statement_cut_with_its_waiting_leaf_is_unseen_by_a_process_that_starts_after(
    kind: Kind,
) {
    let mut house = House::start_on(kind).await;
    put_in_force(&house, HOME, 2, &PolicySource::shipped()).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    put_in_force(&house, HOME, 3, &without_sharing()).await;
    visitor.get(&path).await.expect(404);
    let statement = format!("kind = 'policy' AND number = 3 AND {HERE}");
    house.sql(&format!(
        "DELETE FROM pending_leaf WHERE record_tag IN
             (SELECT record_tag FROM statement WHERE {statement});
         DELETE FROM statement WHERE {statement};
         DELETE FROM policy_set WHERE number = 3 AND {HERE}"
    ));
    let there = house.another().await;
    visitor.through(&there).get(&path).await.expect(200);
    // What has read it remembers, and permits nothing.
    house.clock.set(61);
    system.get(&path).await.expect(404);
    assert!(!house.troubles(HOME).is_empty());
}
