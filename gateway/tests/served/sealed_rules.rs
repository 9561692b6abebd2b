//! Whoever can write to the database and holds no key gives nobody a right, takes no
//! decision back, and is noticed: one test for each way of trying, on both databases.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House},
    office::{Office, first, person},
    records,
    revocation::{put_in_force, without_sharing},
};
use devkit::issuer::DemoUser;
use policies::PolicySource;
use serde_json::json;

const HERE: &str = "facility_id = (SELECT id FROM facility WHERE name = 'riverside')";
/// Seconds after which what is in force is read again though no epoch has moved.
const A_MINUTE: i64 = 61;

on_both! {
    an_added_policy_set_permits_nothing,
    a_policy_set_in_clear_decides_nothing,
    the_newest_policy_set_is_missed,
    the_newest_policy_set_is_missed_with_its_statement,
    a_gap_in_the_statements_is_noticed,
    an_epoch_that_was_turned_back_holds_old_rules_for_a_minute,
    an_epoch_that_was_cut_or_added_has_all_read_again_and_nothing_else,
    a_registration_that_was_turned_back_stays_ended,
    a_registration_cut_with_its_statement_closes_the_facility,
    a_registration_without_statement_registers_nobody,
    a_decision_that_was_cut_or_changed_is_not_taken_again,
    a_change_that_was_moved_in_time_is_refused,
    edited_policy_sets_and_statements_permit_nothing,
    a_registration_whose_state_was_turned_stays_as_it_was_sealed,
    changes_and_decisions_that_nobody_made_are_refused,
    a_change_that_was_cut_is_missed,
}

/// What a database writer does after each change, so that it is read at once.
fn bump(house: &House) {
    house.sql(&format!(
        "UPDATE epoch SET number = number + 1 WHERE {HERE}"
    ));
}

/// A house whose epoch has moved once, with a patient in it.
async fn with_patient(kind: Kind) -> (House, String) {
    let house = House::start_on(kind).await;
    put_in_force(&house, HOME, 2, &PolicySource::shipped()).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    (house, format!("Patient/{id}"))
}

/// Nothing is permitted to anyone, and the operator is told.
async fn is_closed(house: &House, caller: &Caller, path: &str) {
    caller.get(path).await.expect(404);
    let newest = &house.audits(HOME).await[0];
    assert_eq!(newest.policy_number, 0, "no policy set is in force");
    let patient = records::patient("b").to_string();
    caller.post("Patient", patient).await.expect(403);
}

async fn an_added_policy_set_permits_nothing(kind: Kind) {
    let (house, path) = with_patient(kind).await;
    let system = house.caller(&DemoUser::System);
    let stranger = house.caller(&DemoUser::Patient {
        id: "another".parse().unwrap(),
    });
    stranger.get(&path).await.expect(404);
    house.sql(&format!(
        "INSERT INTO policy_set (facility_id, number, data_key_id, envelope, created_ms)
         SELECT facility_id, 3, data_key_id, envelope, created_ms FROM policy_set
         WHERE number = 2 AND {HERE}"
    ));
    bump(&house);
    stranger.get(&path).await.expect(404);
    is_closed(&house, &system, &path).await;
    let troubles = house.troubles(HOME);
    assert!(troubles[0].contains("policy set 3"), "{troubles:?}");
    // It is as before once the row is gone.
    house.sql(&format!(
        "DELETE FROM policy_set WHERE number = 3 AND {HERE}"
    ));
    bump(&house);
    system.get(&path).await.expect(200);
    assert_eq!(house.troubles(HOME), Vec::<String>::new());
}

async fn a_policy_set_in_clear_decides_nothing(kind: Kind) {
    let (house, path) = with_patient(kind).await;
    let all = r#"@id("all") permit (principal, action, resource);"#;
    let sets = json!({"all": all}).to_string();
    house.sql(&format!(
        "INSERT INTO policy_set_in_clear
             (facility_id, number, digest, schema_text, policies_text, created_ms)
         SELECT facility_id, 3, substr(envelope, 1, 32), 'entity Facility;', '{sets}', created_ms
         FROM policy_set WHERE number = 2 AND {HERE}"
    ));
    bump(&house);
    house
        .caller(&DemoUser::Patient {
            id: "another".parse().unwrap(),
        })
        .get(&path)
        .await
        .expect(404);
    house.caller(&DemoUser::System).get(&path).await.expect(200);
}

async fn the_newest_policy_set_is_missed(kind: Kind) {
    let (house, path) = with_patient(kind).await;
    put_in_force(&house, HOME, 3, &without_sharing()).await;
    let system = house.caller(&DemoUser::System);
    system.get(&path).await.expect(200);
    house.sql(&format!(
        "DELETE FROM policy_set WHERE number = 3 AND {HERE}"
    ));
    // No epoch moves; what is known is read again after a minute.
    house.clock.set(A_MINUTE);
    is_closed(&house, &system, &path).await;
    let troubles = house.troubles(HOME);
    assert!(troubles[0].contains("policy set 3"), "{troubles:?}");
}

async fn the_newest_policy_set_is_missed_with_its_statement(kind: Kind) {
    let (mut house, path) = with_patient(kind).await;
    put_in_force(&house, HOME, 3, &without_sharing()).await;
    let system = house.caller(&DemoUser::System);
    system.get(&path).await.expect(200);
    house.sql(&format!(
        "DELETE FROM policy_set WHERE number = 3 AND {HERE};
         DELETE FROM statement WHERE kind = 'policy' AND number = 3 AND {HERE}"
    ));
    bump(&house);
    // The process remembers; another one, which has never seen it, finds the leaf.
    is_closed(&house, &system, &path).await;
    let there = house.another().await;
    is_closed(&house, &system.through(&there), &path).await;
}

async fn a_gap_in_the_statements_is_noticed(kind: Kind) {
    let (mut house, path) = with_patient(kind).await;
    house.sql(&format!(
        "DELETE FROM statement WHERE kind = 'policy' AND number = 1 AND {HERE}"
    ));
    let there = house.another().await;
    let system = house.caller(&DemoUser::System);
    is_closed(&house, &system.through(&there), &path).await;
    house.clock.set(A_MINUTE);
    is_closed(&house, &system, &path).await;
}

async fn an_epoch_that_was_turned_back_holds_old_rules_for_a_minute(kind: Kind) {
    let (house, path) = with_patient(kind).await;
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    visitor.get(&path).await.expect(200);
    put_in_force(&house, HOME, 3, &without_sharing()).await;
    house.sql(&format!(
        "UPDATE epoch SET number = number - 1 WHERE {HERE}"
    ));
    visitor.get(&path).await.expect(200);
    house.clock.set(A_MINUTE);
    visitor.get(&path).await.expect(404);
    assert_eq!(house.audits(HOME).await[0].policy_number, 3);
}

async fn an_epoch_that_was_cut_or_added_has_all_read_again_and_nothing_else(kind: Kind) {
    let (house, path) = with_patient(kind).await;
    let system = house.caller(&DemoUser::System);
    let added = format!(
        "INSERT INTO epoch (facility_id, scope_tag, number)
         SELECT id, {}, 7 FROM facility WHERE name = 'riverside'",
        kind.zeros(16)
    );
    let cut = format!("DELETE FROM epoch WHERE {HERE}");
    for edit in [cut, added] {
        house.sql(&edit);
        system.get(&path).await.expect(200);
        assert_eq!(house.audits(HOME).await[0].policy_number, 2, "{edit}");
        assert_eq!(house.troubles(HOME), Vec::<String>::new(), "{edit}");
    }
}

/// An office whose client `demo-clinician` was registered and ended again.
async fn with_ended_client(kind: Kind) -> Office {
    let office = Office::open(kind).await;
    let new = json!({"clientId": "demo-clinician", "roles": ["clinician"]});
    office.change("POST", "/admin/clients", new).await;
    let clinician = office.house.caller(&DemoUser::Clinician);
    clinician.get("Patient?identifier=a").await.expect(200);
    office
        .change("DELETE", "/admin/clients/demo-clinician", json!(null))
        .await;
    clinician.get("Patient?identifier=a").await.expect(403);
    office
}

async fn a_registration_that_was_turned_back_stays_ended(kind: Kind) {
    let mut office = with_ended_client(kind).await;
    office.house.sql(&format!(
        "DELETE FROM registration WHERE kind = 'client' AND number = 2 AND {HERE}"
    ));
    bump(&office.house);
    let there = office.house.another().await;
    let clinician = office.house.caller(&DemoUser::Clinician);
    let system = office.house.caller(&DemoUser::System);
    for caller in [&clinician, &clinician.through(&there)] {
        caller.get("Patient?identifier=a").await.expect(403);
    }
    let troubles = office.house.troubles(HOME);
    assert!(troubles[0].contains("registration 1"), "{troubles:?}");
    // Nobody else is concerned.
    system.get("Patient?identifier=a").await.expect(200);
    system
        .through(&there)
        .get("Patient?identifier=a")
        .await
        .expect(200);
}

async fn a_registration_cut_with_its_statement_closes_the_facility(kind: Kind) {
    let mut office = with_ended_client(kind).await;
    office.house.sql(&format!(
        "DELETE FROM registration WHERE kind = 'client' AND number = 2 AND {HERE};
         DELETE FROM statement WHERE kind = 'registration' AND {HERE} AND number =
             (SELECT max(number) FROM statement WHERE kind = 'registration' AND {HERE})"
    ));
    bump(&office.house);
    let there = office.house.another().await;
    let system = office.house.caller(&DemoUser::System);
    for caller in [&system, &system.through(&there)] {
        caller.get("Patient?identifier=a").await.expect(403);
    }
    let troubles = office.house.troubles(HOME);
    assert!(troubles[0].contains("`registration`"), "{troubles:?}");
}

async fn a_registration_without_statement_registers_nobody(kind: Kind) {
    let office = with_ended_client(kind).await;
    office.house.sql(&format!(
        "INSERT INTO registration
             (facility_id, kind, tag, number, state, data_key_id, envelope, created_ms)
         SELECT facility_id, kind, tag, 3, state, data_key_id, envelope, created_ms
         FROM registration WHERE kind = 'client' AND number = 1 AND {HERE} AND tag IN
             (SELECT tag FROM registration WHERE number = 2)"
    ));
    bump(&office.house);
    let clinician = office.house.caller(&DemoUser::Clinician);
    clinician.get("Patient?identifier=a").await.expect(403);
    assert_eq!(office.house.troubles(HOME).len(), 1);
}

async fn a_decision_that_was_cut_or_changed_is_not_taken_again(kind: Kind) {
    let mut office = Office::open(kind).await;
    let there = office.house.another().await;
    let new = json!({"clientId": "lab", "roles": ["system"]});
    for attack in [
        "DELETE FROM change_decision",
        "UPDATE change_decision SET decision = 'withdrawn'",
        "UPDATE change_decision SET created_ms = created_ms + 1",
        "DELETE FROM change_decision; DELETE FROM statement WHERE kind = 'decision'",
    ] {
        let change = office.propose("POST", "/admin/clients", new.clone()).await;
        let rejected = office.two.post(&format!("{change}/reject"), "").await;
        assert_eq!(rejected.expect(200).json()["state"], "rejected");
        office.house.sql(attack);
        for two in [&office.two, &office.two.through(&there)] {
            let approve = two.post(&format!("{change}/approve"), "").await;
            drop(approve.problem(500));
            drop(two.get(&change).await.problem(500));
        }
        let clients = office.one.get("/admin/clients").await.expect(200).json();
        assert_eq!(clients["clients"].as_array().unwrap().len(), 4, "{attack}");
    }
}

async fn a_change_that_was_moved_in_time_is_refused(kind: Kind) {
    let office = Office::open(kind).await;
    let new = json!({"clientId": "lab", "roles": ["system"]});
    let change = office.propose("POST", "/admin/clients", new.clone()).await;
    let kept = office.propose("POST", "/admin/clients", new).await;
    let id = change.rsplit('/').next().unwrap();
    let of_change = match kind {
        Kind::Sqlite => format!("id = x'{id}'"),
        Kind::Postgres => format!("id = '\\x{id}'"),
    };
    // It would lapse later.
    office.house.sql(&format!(
        "UPDATE change SET created_ms = created_ms + 1000 WHERE {of_change}"
    ));
    drop(office.approve(&change).await.problem(500));
    // The others are shown and can be decided.
    let list = office.one.get("/admin/changes").await.expect(200).json();
    assert_eq!(list["changes"].as_array().unwrap().len(), 1, "{list}");
    office.approve(&kept).await.expect(200);
}

#[actix_web::test]
async fn an_administrator_added_by_a_copy_administers_nothing() {
    let house = House::registered(Kind::Sqlite, |issuer| {
        let [mut home, other] = first(issuer);
        home.0.push(person(issuer, "third"));
        [home, other]
    })
    .await;
    // Another's envelope under the tag of somebody else.
    house.sql(&format!(
        "INSERT INTO registration SELECT facility_id, 'administrator', substr(envelope, 20, 16),
             1, state, data_key_id, envelope, created_ms
         FROM registration WHERE kind = 'administrator' AND {HERE} LIMIT 1"
    ));
    house.clock.set(A_MINUTE);
    let admin = house.caller(&DemoUser::Admin);
    let list = admin.get("/admin/administrators").await.expect(200).json();
    assert_eq!(list["administrators"].as_array().unwrap().len(), 3);
    assert_eq!(house.troubles(HOME).len(), 1);
}

async fn edited_policy_sets_and_statements_permit_nothing(kind: Kind) {
    let (house, path) = with_patient(kind).await;
    let system = house.caller(&DemoUser::System);
    let mut seconds = 0;
    for (edit, back) in [
        (
            "UPDATE policy_set SET created_ms = created_ms + 1 WHERE number = 2",
            "UPDATE policy_set SET created_ms = created_ms - 1 WHERE number = 2",
        ),
        (
            "UPDATE policy_set SET number = 3 WHERE number = 2",
            "UPDATE policy_set SET number = 2 WHERE number = 3",
        ),
        (
            "UPDATE statement SET number = 9 WHERE kind = 'policy' AND number = 2",
            "UPDATE statement SET number = 2 WHERE kind = 'policy' AND number = 9",
        ),
        (
            "UPDATE statement SET number = 9 WHERE kind = 'registration' AND number = 1",
            "UPDATE statement SET number = 1 WHERE kind = 'registration' AND number = 9",
        ),
    ] {
        house.sql(&format!("{edit} AND {HERE}"));
        seconds += A_MINUTE;
        house.clock.set(seconds);
        is_closed(&house, &system, &path).await;
        house.sql(&format!("{back} AND {HERE}"));
        seconds += A_MINUTE;
        house.clock.set(seconds);
        system.get(&path).await.expect(200);
    }
}

async fn a_registration_whose_state_was_turned_stays_as_it_was_sealed(kind: Kind) {
    let office = with_ended_client(kind).await;
    office.house.sql(&format!(
        "UPDATE registration SET state = 'active' WHERE state = 'revoked' AND {HERE}"
    ));
    bump(&office.house);
    let clinician = office.house.caller(&DemoUser::Clinician);
    clinician.get("Patient?identifier=a").await.expect(403);
    let troubles = office.house.troubles(HOME);
    assert!(
        troubles[0].contains("not what its row says"),
        "{troubles:?}"
    );
    let system = office.house.caller(&DemoUser::System);
    system.get("Patient?identifier=a").await.expect(200);
}

async fn changes_and_decisions_that_nobody_made_are_refused(kind: Kind) {
    let office = Office::open(kind).await;
    let new = json!({"clientId": "lab", "roles": ["system"]});
    let first = office.propose("POST", "/admin/clients", new.clone()).await;
    let second = office.propose("POST", "/admin/clients", new).await;
    office.approve(&first).await.expect(200);
    // A decision that nobody took, and a copy of a change under another id.
    office.house.sql(
        "INSERT INTO change_decision
             (facility_id, change_id, decision, decider_tag, created_ms, data_key_id, envelope)
         SELECT facility_id, (SELECT id FROM change WHERE id NOT IN
                 (SELECT change_id FROM change_decision)),
             'rejected', decider_tag, created_ms, data_key_id, envelope FROM change_decision;
         INSERT INTO change
             (facility_id, id, name, proposer_tag, created_ms, data_key_id, envelope)
         SELECT facility_id, substr(envelope, 20, 16), name, proposer_tag, created_ms,
             data_key_id, envelope
         FROM change WHERE id IN (SELECT change_id FROM change_decision WHERE decision = 'approved')",
    );
    drop(office.approve(&second).await.problem(500));
    let list = office.one.get("/admin/changes").await.expect(200).json();
    let shown = list["changes"].as_array().unwrap();
    assert_eq!(shown.len(), 1, "{list}");
    assert_eq!(shown[0]["state"], "approved");
}

async fn a_change_that_was_cut_is_missed(kind: Kind) {
    let mut office = Office::open(kind).await;
    let new = json!({"clientId": "lab", "roles": ["system"]});
    let change = office.propose("POST", "/admin/clients", new).await;
    let before = office.house.refusals(HOME);
    office.house.sql("DELETE FROM change");
    let there = office.house.another().await;
    // It was there: this is no 404.
    drop(office.one.get(&change).await.problem(500));
    drop(office.one.through(&there).get(&change).await.problem(500));
    assert!(office.house.refusals(HOME) > before);
    let seen = office.house.refusals(HOME);
    office.one.get("/admin/changes").await.expect(200);
    assert!(office.house.refusals(HOME) > seen);
}
