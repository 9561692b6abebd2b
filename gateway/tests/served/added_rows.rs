//! Someone who can write to the database and holds no key adds versions, audit records and
//! statements, copies of others for want of a key: they open for nobody.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House},
    records,
    sweep::{HERE, whole},
};
use devkit::issuer::DemoUser;
use gateway::work::sweep::FaultKind;

on_both! {
    a_version_that_was_added_closes_its_record,
    a_record_that_was_added_is_left_out_with_a_warning,
    an_audit_record_that_was_added_is_left_out_with_a_warning,
    an_audit_row_of_another_form_is_left_out_with_a_warning,
    a_statement_that_was_added_permits_nothing,
}

/// A patient with two observations, of which the first has two versions.
struct Site {
    house: House,
    system: Caller,
    patient: String,
    edited: String,
    other: String,
}

impl Site {
    async fn on(kind: Kind) -> Self {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let patient = system.create("Patient", records::patient("a")).await;
        let observation = records::observation(&patient);
        let edited = system.create("Observation", observation.clone()).await;
        let other = system.create("Observation", observation).await;
        let site = Self {
            house,
            system,
            patient,
            edited,
            other,
        };
        assert_eq!(site.put_edited().await, 200);
        site
    }

    async fn put_edited(&self) -> u16 {
        let record = records::with_id(records::observation(&self.patient), &self.edited);
        let place = format!("Observation/{}", self.edited);
        self.system.put(&place, record).await.status
    }

    /// The ids that a search of all observations finds, and its warnings.
    async fn found(&self) -> (Vec<String>, usize) {
        let page = self.system.get("Observation").await.expect(200).json();
        let (mut ids, mut warnings) = (Vec::new(), 0);
        for entry in page["entry"].as_array().unwrap() {
            if entry["search"]["mode"] == "outcome" {
                warnings += 1;
            } else {
                ids.push(entry["resource"]["id"].as_str().unwrap().to_owned());
            }
        }
        (ids, warnings)
    }

    /// The events of the patient that an auditor finds, and the warnings.
    async fn events(&self, auditor: &Caller) -> (usize, usize) {
        let page = auditor.get(&self.of_patient()).await.expect(200).json();
        let entries = page["entry"].as_array().unwrap();
        let is_warning = |entry: &&serde_json::Value| entry["search"]["mode"] == "outcome";
        let warnings = entries.iter().filter(is_warning).count();
        (entries.len() - warnings, warnings)
    }

    fn of_patient(&self) -> String {
        format!("AuditEvent?patient={}&_count=100", self.patient)
    }
}

/// A copy of the second version under another name.
fn copied(record: &str, number: u8) -> String {
    format!(
        "INSERT INTO version (facility_id, resource_type, record_tag, version, interaction,
                policy_number, time_ms, subject_tag, padded_size, data_key_id, envelope)
         SELECT facility_id, resource_type, {record}, {number}, interaction, policy_number,
             time_ms, subject_tag, padded_size, data_key_id, envelope
         FROM version WHERE version = 2"
    )
}

async fn a_version_that_was_added_closes_its_record(kind: Kind) {
    let site = Site::on(kind).await;
    site.house.sql(&copied("record_tag", 3));
    let place = format!("Observation/{}", site.edited);
    for path in [
        place.clone(),
        format!("{place}/_history/3"),
        format!("{place}/$proof"),
    ] {
        assert_eq!(site.system.get(&path).await.status, 500, "{path}");
    }
    assert_eq!(site.put_edited().await, 500);
    assert_eq!(site.system.delete(&place).await.status, 500);
    // What was there before can be read by its number.
    let before = format!("{place}/_history/2");
    site.system.get(&before).await.expect(200);
    // Searches come by it where the links name it.
    site.house.sql(
        "UPDATE link SET version = 3 WHERE version = 2;
         UPDATE token SET version = 3 WHERE version = 2",
    );
    assert_eq!(site.found().await, (vec![site.other.clone()], 1));
    let swept = whole(&site.house).await.faults;
    // The card is that of the version before.
    let found = [FaultKind::NoLeaf, FaultKind::Card].map(|kind| swept.count(kind));
    assert_eq!((found, swept.total()), ([1, 1], 2), "{:?}", swept.named);
}

async fn a_record_that_was_added_is_left_out_with_a_warning(kind: Kind) {
    let site = Site::on(kind).await;
    let (before, _) = site.found().await;
    let name = kind.zeros(16);
    site.house.sql(&copied(&name, 1));
    assert_eq!(
        site.found().await,
        (before.clone(), 0),
        "nothing leads there"
    );
    site.house.sql(&format!(
        "INSERT INTO link
             (facility_id, record_tag, version, resource_type, param, target_tag, time_ms)
         SELECT facility_id, {name}, 1, resource_type, param, {name}, time_ms FROM link
         WHERE version = 2 AND param = '_id'"
    ));
    assert_eq!(site.found().await, (before, 1));
    let swept = whole(&site.house).await.faults;
    assert_eq!((swept.count(FaultKind::NoLeaf), swept.total()), (1, 1));
}

async fn an_audit_record_that_was_added_is_left_out_with_a_warning(kind: Kind) {
    let site = Site::on(kind).await;
    let auditor = site.house.caller(&DemoUser::Auditor);
    let (before, none) = site.events(&auditor).await;
    assert!(before >= 4 && none == 0, "{before} {none}");
    let first = format!("(SELECT record_tag FROM audit WHERE {HERE} ORDER BY id LIMIT 1)");
    let name = kind.zeros(16);
    site.house.sql(&format!(
        "INSERT INTO audit_patient (facility_id, patient_tag, time_ms, record_tag, event)
         SELECT facility_id, patient_tag, time_ms, {name}, event FROM audit_patient
         WHERE record_tag = {first};
         INSERT INTO audit (facility_id, record_tag, time_ms, interaction, outcome,
                policy_number, user_tag, client_tag, subject_tag, events, padded_size,
                data_key_id, envelope)
         SELECT facility_id, {name}, time_ms, interaction, outcome, policy_number, user_tag,
             client_tag, subject_tag, events, padded_size, data_key_id, envelope
         FROM audit WHERE record_tag = {first}"
    ));
    assert_eq!(site.events(&auditor).await, (before, 1));
    let swept = whole(&site.house).await.faults;
    assert_eq!((swept.count(FaultKind::NoLeaf), swept.total()), (1, 1));
}

/// It is met before anything is opened, and left out like one that does not open.
async fn an_audit_row_of_another_form_is_left_out_with_a_warning(kind: Kind) {
    let site = Site::on(kind).await;
    let auditor = site.house.caller(&DemoUser::Auditor);
    let (before, _) = site.events(&auditor).await;
    let first = format!("(SELECT min(id) FROM audit WHERE {HERE})");
    site.house.sql("CREATE TABLE kept AS SELECT * FROM audit");
    for change in [
        format!("data_key_id = {}", kind.zeros(3)),
        "padded_size = -1".to_owned(),
        "policy_number = -1".to_owned(),
    ] {
        site.house
            .sql(&format!("UPDATE audit SET {change} WHERE id = {first}"));
        let seen = site.events(&auditor).await;
        assert_eq!(seen, (before - 1, 1), "{change}");
        // Of another patient nothing is concerned.
        auditor.get("AuditEvent?patient=other").await.expect(200);
        let swept = whole(&site.house).await.faults;
        let found = (swept.count(FaultKind::Unreadable), swept.total());
        assert_eq!(found, (1, 1), "{change}: {:?}", swept.named);
        site.house.sql(&format!(
            "DELETE FROM audit WHERE id = {first};
             INSERT INTO audit SELECT * FROM kept WHERE id NOT IN (SELECT id FROM audit)"
        ));
    }
    let (_, warnings) = site.events(&auditor).await;
    assert_eq!(warnings, 0);
}

/// Of the next number, and of one beyond.
async fn a_statement_that_was_added_permits_nothing(kind: Kind) {
    let site = Site::on(kind).await;
    let place = format!("Observation/{}", site.other);
    let mut seconds = 0;
    for number in [2, 3] {
        site.house.sql(&format!(
            "INSERT INTO statement
                 (facility_id, kind, number, record_tag, data_key_id, envelope, created_ms)
             SELECT facility_id, kind, {number}, {}, data_key_id, envelope, created_ms
             FROM statement WHERE kind = 'policy' AND number = 1 AND {HERE}",
            kind.zeros(16)
        ));
        // What is in force is read again after a minute.
        seconds += 61;
        site.house.clock.set(seconds);
        site.system.get(&place).await.expect(404);
        let troubles = site.house.troubles(HOME);
        assert!(!troubles.is_empty(), "{number}");
        site.house.sql(&format!(
            "DELETE FROM statement WHERE kind = 'policy' AND number > 1 AND {HERE}"
        ));
        seconds += 61;
        site.house.clock.set(seconds);
        site.system.get(&place).await.expect(200);
    }
}
