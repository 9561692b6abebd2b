//! Someone who can write to the database and holds no key changes the rows by which records
//! and events are found. What they add shows nothing more, for each candidate is opened and
//! checked; what they cut is unseen.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::House,
    records,
    sweep::{HERE, whole},
};
use devkit::issuer::DemoUser;

on_both! {
    links_and_tokens_that_were_added_show_nothing_more,
    links_and_tokens_that_were_cut_hide_a_record_unseen_until_it_is_written,
    links_that_were_turned_back_leave_the_record_out_with_a_warning,
    an_event_that_was_added_to_a_patient_shows_nothing_more,
}

/// Two patients, of which the second has an observation.
struct Site {
    house: House,
    system: Caller,
    first: String,
    second: String,
    observation: String,
}

impl Site {
    async fn on(kind: Kind) -> Self {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let first = system.create("Patient", records::patient("a")).await;
        let second = system.create("Patient", records::patient("b")).await;
        let observation = system
            .create("Observation", records::observation(&second))
            .await;
        Self {
            house,
            system,
            first,
            second,
            observation,
        }
    }

    fn of_second(&self) -> String {
        format!("Observation?patient={}", self.second)
    }

    async fn is_unseen(&self) {
        let swept = whole(&self.house).await.faults;
        assert_eq!(swept.total(), 0, "unseen: {:?}", swept.named);
    }
}

/// How many entries a search has, with the warnings beside the matches.
async fn entries(caller: &Caller, search: &str) -> usize {
    caller.found(search).await
}

/// The first patient's row, and the second's.
const PATIENTS: &str = "version p JOIN version q ON q.facility_id = p.facility_id
    WHERE p.id = (SELECT min(id) FROM version)
        AND q.id = (SELECT min(id) FROM version WHERE id > p.id)";

async fn links_and_tokens_that_were_added_show_nothing_more(kind: Kind) {
    let site = Site::on(kind).await;
    let own = site.house.caller(&DemoUser::Patient {
        id: site.first.parse().unwrap(),
    });
    let (by_patient, by_subject) = (
        format!("Observation?patient={}", site.first),
        format!("Observation?subject=Patient/{}", site.first),
    );
    // The observation refers to the first patient, and the second has all values of the first.
    for param in ["patient", "subject"] {
        site.house.sql(&format!(
            "INSERT INTO link
                 (facility_id, record_tag, version, resource_type, param, target_tag)
             SELECT o.facility_id, o.record_tag, o.version, o.resource_type, '{param}',
                 (SELECT p.record_tag FROM version p WHERE p.id = (SELECT min(id) FROM version))
             FROM version o WHERE o.resource_type = 'Observation'"
        ));
    }
    site.house.sql(&format!(
        "INSERT INTO token (facility_id, record_tag, version, token)
         SELECT r.facility_id, r.other, r.version, t.token FROM token t JOIN
             (SELECT p.facility_id, p.record_tag, q.record_tag AS other, q.version
                 FROM {PATIENTS}) r ON t.record_tag = r.record_tag
         WHERE t.token NOT IN (SELECT k.token FROM token k WHERE k.record_tag = r.other)"
    ));
    for search in [&by_patient, &by_subject] {
        assert_eq!(entries(&site.system, search).await, 0, "{search}");
    }
    assert_eq!(entries(&own, "Observation").await, 0);
    let observation = format!("Observation/{}", site.observation);
    own.get(&observation).await.expect(404);
    let found = site.system.get("Patient?identifier=a").await.expect(200);
    let ids: Vec<_> = found
        .resources()
        .iter()
        .map(|resource| resource["id"].clone())
        .collect();
    assert_eq!(ids, [site.first.as_str()]);
    assert_eq!(entries(&site.system, &site.of_second()).await, 1);
    site.is_unseen().await;
}

async fn links_and_tokens_that_were_cut_hide_a_record_unseen_until_it_is_written(kind: Kind) {
    let site = Site::on(kind).await;
    let by_value = "Patient?identifier=b";
    assert_eq!(entries(&site.system, by_value).await, 1);
    assert_eq!(entries(&site.system, &site.of_second()).await, 1);
    // No warning beside the matches either.
    site.house.sql("DELETE FROM token");
    assert_eq!(entries(&site.system, by_value).await, 0);
    site.house.sql("DELETE FROM link WHERE param <> '_id'");
    assert_eq!(entries(&site.system, &site.of_second()).await, 0);
    assert_eq!(entries(&site.system, "Observation").await, 1);
    site.house.sql("DELETE FROM link");
    assert_eq!(entries(&site.system, "Observation").await, 0);
    site.is_unseen().await;
    // Who knows its id reads it, and who writes it again makes it findable.
    let place = format!("Observation/{}", site.observation);
    let read = site.system.get(&place).await.expect(200).text;
    site.system.put(&place, read).await.expect(200);
    assert_eq!(entries(&site.system, &site.of_second()).await, 1);
    assert_eq!(entries(&site.system, "Observation").await, 1);
}

async fn links_that_were_turned_back_leave_the_record_out_with_a_warning(kind: Kind) {
    let site = Site::on(kind).await;
    let place = format!("Observation/{}", site.observation);
    let read = site.system.get(&place).await.expect(200).text;
    site.system.put(&place, read).await.expect(200);
    site.house.sql(
        "UPDATE link SET version = 1 WHERE version = 2;
         UPDATE token SET version = 1 WHERE version = 2",
    );
    for search in ["Observation", &*site.of_second()] {
        let page = site.system.get(search).await.expect(200).json();
        let entries = page["entry"].as_array().unwrap();
        assert_eq!(entries.len(), 1, "{search}: {page}");
        assert_eq!(entries[0]["search"]["mode"], "outcome", "{search}");
    }
    site.system.get(&place).await.expect(200);
}

/// The ids of the events that an auditor finds, and the warnings beside them.
async fn events(auditor: &Caller, patient: &str) -> Vec<serde_json::Value> {
    let path = format!("AuditEvent?patient={patient}&_count=100");
    let found = auditor.get(&path).await.expect(200).resources();
    found.iter().map(|event| event["id"].clone()).collect()
}

async fn an_event_that_was_added_to_a_patient_shows_nothing_more(kind: Kind) {
    let site = Site::on(kind).await;
    let auditor = site.house.caller(&DemoUser::Auditor);
    let (first, second) = (
        events(&auditor, &site.first).await,
        events(&auditor, &site.second).await,
    );
    assert!(!first.is_empty() && second.len() > first.len());
    site.house.sql(&format!(
        "INSERT INTO audit_patient (facility_id, patient_tag, time_ms, record_tag, event)
         SELECT a.facility_id, p.record_tag, a.time_ms, a.record_tag, a.event
         FROM audit_patient a JOIN version p ON p.facility_id = a.facility_id
         WHERE p.id = (SELECT min(id) FROM version) AND a.patient_tag <> p.record_tag
             AND a.{HERE}"
    ));
    assert_eq!(events(&auditor, &site.first).await, first);
    assert_eq!(events(&auditor, &site.second).await, second);
    site.is_unseen().await;
}
