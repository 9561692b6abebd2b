//! Each current version has an index card that opens, each patient a head that its cards
//! add up to, after every kind of write (docs/storage-format.md, "Index card").

use crate::{
    access_log::{lines_with, log},
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use gateway::{
    Damage, Facility,
    ports::Ports,
    work::{index as indexing, jobs::Turn},
};
use index::{Card, ParameterNumber};
use model::{FacilityName, Scope, Tag};
use sealing::{CardKey, CardPlace, HeadKey, HeadPlace, PatientHead};
use std::sync::Arc;
use store::PatientCards;

on_both! {
    every_write_keeps_cards_and_heads,
    a_record_that_changes_its_patient_changes_heads,
    who_writes_at_once_about_a_patient_keeps_the_head,
    what_a_bundle_writes_has_cards,
    what_has_no_card_gets_one_from_the_job,
    a_version_that_does_not_open_stops_no_other,
    a_version_that_is_not_the_current_one_gets_no_card,
    damaged_cards_and_heads_are_made_anew,
}

struct Site {
    house: House,
    system: Caller,
}

impl Site {
    async fn on(kind: Kind) -> Self {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        Self { house, system }
    }

    fn facility(&self) -> Arc<Facility> {
        let name: FacilityName = HOME.parse().unwrap();
        self.house.app.facility(&name).unwrap()
    }

    async fn rebuild(&self) -> indexing::Rebuilt {
        let app = &self.house.app;
        let ports = Ports {
            store: &self.house.store,
            kms: &*self.house.kms,
            random: &app.random,
            clock: &app.clock,
        };
        let name: FacilityName = HOME.parse().unwrap();
        indexing::rebuild(&name, ports).await.unwrap()
    }

    /// The ids of a patient's Observations that have cards, each of which opens and says
    /// what it is about, with its version; the head of the patient fits.
    async fn observations(&self, patient: &str) -> Vec<(String, u32)> {
        let facility = self.facility();
        let tag = facility.tags.record_tag("Patient", patient);
        let id = self.house.facility(HOME).await;
        let kind = "Observation".parse().unwrap();
        let found = self
            .house
            .store
            .read("cards", move |reader| {
                reader.cards().of_patient(id, tag, &kind, 100)
            })
            .await
            .unwrap();
        let key = facility.keys.for_scope(Scope::Patient(tag)).await.unwrap();
        assert_head_fits(&facility, tag, &HeadKey::new(key.id, &key.key), &found);
        let cards = CardKey::new(key.id, &key.key);
        let open = |card: &store::Card| {
            let place = CardPlace {
                facility: &facility.name,
                resource_type: &card.resource_type,
                record: card.record,
                version: card.number,
                index_epoch: card.index_epoch,
                subject: card.subject,
                time: card.time,
            };
            let opened = cards.open(&place, &card.sealed).unwrap();
            let inside = Card::decode(&opened.content).unwrap();
            let subject = ParameterNumber::of("Observation", "subject");
            assert!(inside.values.contains_key(&subject));
            (opened.id, card.number.get())
        };
        let mut shown: Vec<_> = found.own.iter().map(open).collect();
        shown.sort();
        shown
    }
}

fn assert_head_fits(facility: &Facility, patient: Tag, key: &HeadKey, found: &PatientCards) {
    let place = HeadPlace {
        facility: &facility.name,
        patient,
    };
    let head = found.head.as_ref().unwrap();
    let head = key.open(&place, &head.sealed).unwrap();
    let members = found.members.iter();
    let sum = members.fold(PatientHead::default(), |sum, member| {
        key.add(sum, member.record, member.number)
    });
    assert_eq!((head.count, head.sum), (sum.count, sum.sum));
    assert!(head.counter > 0);
}

fn sorted(mut expected: Vec<(String, u32)>) -> Vec<(String, u32)> {
    expected.sort();
    expected
}

async fn every_write_keeps_cards_and_heads(kind: Kind) {
    let site = Site::on(kind).await;
    let patient = site.system.create("Patient", records::patient("a")).await;
    assert_eq!(site.observations(&patient).await, []);
    let about = || records::observation(&patient);
    let first = site.system.create("Observation", about()).await;
    let second = site.system.create("Observation", about()).await;
    let both = |number| sorted(vec![(first.clone(), number), (second.clone(), 1)]);
    assert_eq!(site.observations(&patient).await, both(1));
    let path = format!("Observation/{first}");
    let put = || site.system.put(&path, records::with_id(about(), &first));
    put().await.expect(200);
    assert_eq!(site.observations(&patient).await, both(2));
    site.system.delete(&path).await.expect(204);
    assert_eq!(site.observations(&patient).await, [(second.clone(), 1)]);
    put().await.expect(201);
    assert_eq!(site.observations(&patient).await, both(4));
}

async fn a_record_that_changes_its_patient_changes_heads(kind: Kind) {
    let site = Site::on(kind).await;
    let one = site.system.create("Patient", records::patient("a")).await;
    let other = site.system.create("Patient", records::patient("b")).await;
    let moved = site
        .system
        .create("Observation", records::observation(&one))
        .await;
    let path = format!("Observation/{moved}");
    let body = records::with_id(records::observation(&other), &moved);
    site.system.put(&path, body).await.expect(200);
    assert_eq!(site.observations(&one).await, []);
    assert_eq!(site.observations(&other).await, [(moved.clone(), 2)]);
    // About nobody any more: no patient's, and of a key of the facility.
    let mut body = records::with_id(records::observation(&other), &moved);
    body.as_object_mut().unwrap().remove("subject");
    site.system.put(&path, body).await.expect(200);
    assert_eq!(site.observations(&other).await, []);
    assert_eq!(
        site.house
            .query("SELECT count(*) FROM card WHERE version = 3"),
        [["1"]]
    );
}

async fn who_writes_at_once_about_a_patient_keeps_the_head(kind: Kind) {
    let site = Site::on(kind).await;
    let patient = site.system.create("Patient", records::patient("a")).await;
    let writers = (0..24).map(|_| {
        let (system, body) = (site.system.clone(), records::observation(&patient));
        tokio::spawn(async move { system.create("Observation", body).await })
    });
    let mut ids = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        ids.push((writer.await.unwrap(), 1));
    }
    assert_eq!(site.observations(&patient).await, sorted(ids));
}

async fn what_a_bundle_writes_has_cards(kind: Kind) {
    let site = Site::on(kind).await;
    let patient = site.system.create("Patient", records::patient("a")).await;
    let about = || records::observation(&patient);
    let kept = records::with_id(about(), "kept");
    let gone = records::with_id(about(), "gone");
    let entries = [
        ("PUT", "Observation/kept", Some(kept)),
        ("PUT", "Observation/gone", Some(gone)),
    ];
    let transaction = records::bundle("transaction", &entries);
    site.system.post("", transaction).await.expect(200);
    let written = sorted(vec![("kept".into(), 1), ("gone".into(), 1)]);
    assert_eq!(site.observations(&patient).await, written);
    let again = records::with_id(about(), "kept");
    let entries = [
        ("PUT", "Observation/kept", Some(again.clone())),
        ("PUT", "Observation/kept", Some(again)),
        ("DELETE", "Observation/gone", None),
    ];
    let batch = records::bundle("batch", &entries);
    site.system.post("", batch).await.expect(200);
    assert_eq!(site.observations(&patient).await, [("kept".to_owned(), 3)]);
}

/// As version 0.1 left records: none has a card, and no patient a head.
async fn what_has_no_card_gets_one_from_the_job(kind: Kind) {
    let site = Site::on(kind).await;
    let patient = site.system.create("Patient", records::patient("a")).await;
    let about = || records::observation(&patient);
    let first = site.system.create("Observation", about()).await;
    let second = site.system.create("Observation", about()).await;
    let path = format!("Observation/{first}");
    let put = || site.system.put(&path, records::with_id(about(), &first));
    put().await.expect(200);
    site.house.sql("DELETE FROM card; DELETE FROM patient_head");
    let facility = site.facility();
    assert!(!facility.index_status.read().complete);
    // What is written meanwhile has its card by itself, and takes none from the head.
    put().await.expect(200);
    assert_eq!(site.observations(&patient).await, [(first.clone(), 3)]);
    let mut worker = indexing::worker(&site.house.app, &facility).unwrap();
    while worker.turn().await.unwrap() == Turn::Worked {}
    let progress = facility.index_status.read();
    assert!(progress.complete && progress.unread == 0);
    let expected = sorted(vec![(first.clone(), 3), (second.clone(), 1)]);
    assert_eq!(site.observations(&patient).await, expected);
    assert_eq!(site.house.query("SELECT count(*) FROM card"), [["3"]]);
    // It rests, here and in a process that starts later.
    let mut later = indexing::worker(&site.house.app, &facility).unwrap();
    assert!(matches!(later.turn().await.unwrap(), Turn::Rested(_)));
}

/// Another pass makes its card once it opens again.
async fn a_version_that_does_not_open_stops_no_other(kind: Kind) {
    log();
    let site = Site::on(kind).await;
    let patient = site.system.create("Patient", records::patient("a")).await;
    let other = site.system.create("Patient", records::patient("b")).await;
    let about = || records::observation(&patient);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push((site.system.create("Observation", about()).await, 1));
    }
    let last = "WHERE id = (SELECT max(id) FROM version)";
    site.house.sql(&format!(
        "DELETE FROM card; DELETE FROM patient_head;
        UPDATE version SET time_ms = time_ms + 1 {last}"
    ));
    let facility = site.facility();
    let mut worker = indexing::worker(&site.house.app, &facility).unwrap();
    while worker.turn().await.unwrap() == Turn::Worked {}
    let progress = facility.index_status.read();
    assert!(progress.complete);
    assert_eq!(progress.unread, 1);
    assert_eq!(site.house.query("SELECT count(*) FROM card"), [["4"]]);
    // The searches of its patient are refused, and no others.
    let found = format!("Observation?status=final&patient={patient}");
    site.system.get(&found).await.expect(500);
    let found = format!("Observation?status=final&patient={other}");
    assert_eq!(site.system.found(&found).await, 0);
    worker.release().await;
    let ports = Ports {
        store: &site.house.store,
        kms: &*site.house.kms,
        random: &site.house.app.random,
        clock: &site.house.app.clock,
    };
    let kept = indexing::kept(&facility.name, ports).await;
    let (id, _) = ids.last().unwrap();
    let record = facility.tags.record_tag("Observation", id);
    assert_eq!(kept.unwrap().unwrap().without_card(), [record]);
    let lines = lines_with("record", &record.to_string());
    let messages = lines.iter().filter_map(|line| line["message"].as_str());
    let named = messages.filter(|text| text.contains("gets no index card"));
    // By the pass that made cards, and by the one after it.
    assert_eq!(named.count(), 2, "{lines:#?}");

    site.house
        .sql(&format!("UPDATE version SET time_ms = time_ms - 1 {last}"));
    let mut rested = indexing::worker(&site.house.app, &facility).unwrap();
    assert!(matches!(rested.turn().await.unwrap(), Turn::Rested(_)));
    site.house.clock.set(3_600);
    while rested.turn().await.unwrap() == Turn::Worked {}
    let progress = facility.index_status.read();
    assert!(progress.complete && progress.unread == 0);
    assert_eq!(site.observations(&patient).await, sorted(ids));
}

/// Somebody who writes to the database makes a record name the version before as its own.
async fn a_version_that_is_not_the_current_one_gets_no_card(kind: Kind) {
    let site = Site::on(kind).await;
    let patient = site.system.create("Patient", records::patient("a")).await;
    let about = || records::observation(&patient);
    let first = site.system.create("Observation", about()).await;
    let path = format!("Observation/{first}");
    let changed = records::with_id(about(), &first);
    site.system.put(&path, changed).await.expect(200);
    site.house.sql(
        "DELETE FROM card; DELETE FROM patient_head;
        UPDATE link SET version = 1 WHERE version = 2 AND param = '_id'",
    );
    let facility = site.facility();
    let mut worker = indexing::worker(&site.house.app, &facility).unwrap();
    while worker.turn().await.unwrap() == Turn::Worked {}
    let progress = facility.index_status.read();
    assert!(progress.complete);
    assert_eq!(progress.unread, 1);
    assert!(facility.damages.count(Damage::Missing) > 0);
    // That of the patient alone.
    assert_eq!(site.house.query("SELECT count(*) FROM card"), [["1"]]);
}

/// What somebody does who writes to the database and holds no key.
const ATTACKS: [&str; 8] = [
    "DELETE FROM patient_head",
    "DELETE FROM card",
    "DELETE FROM card; DELETE FROM patient_head",
    "UPDATE card SET time_ms = time_ms + 1",
    "UPDATE card SET version = 1 WHERE version = 3",
    "UPDATE card SET subject_tag = NULL",
    "UPDATE card SET data_key_id = {EMPTY}",
    "UPDATE patient_head SET data_key_id = {EMPTY}",
];

async fn damaged_cards_and_heads_are_made_anew(kind: Kind) {
    let site = Site::on(kind).await;
    let patient = site.system.create("Patient", records::patient("a")).await;
    let about = || records::observation(&patient);
    let first = site.system.create("Observation", about()).await;
    let second = site.system.create("Observation", about()).await;
    let gone = site.system.create("Observation", about()).await;
    let place = format!("Observation/{first}");
    let put = || site.system.put(&place, records::with_id(about(), &first));
    put().await.expect(200);
    put().await.expect(200);
    let gone = format!("Observation/{gone}");
    let keep = "CREATE TABLE kept AS SELECT * FROM card";
    site.house.sql(keep);
    site.system.delete(&gone).await.expect(204);
    let expected = sorted(vec![(first.clone(), 3), (second, 1)]);
    // The card of a record that was deleted since.
    let back = "INSERT INTO card SELECT * FROM kept WHERE record_tag NOT IN
        (SELECT record_tag FROM card)";
    for attack in ATTACKS.into_iter().chain([back]) {
        site.house.sql(&attack.replace("{EMPTY}", &kind.zeros(0)));
        let rebuilt = site.rebuild().await;
        assert_eq!((rebuilt.unread, rebuilt.heads_left), (0, 0), "{attack}");
        assert_eq!(site.observations(&patient).await, expected, "{attack}");
        let cards = site.house.query("SELECT count(*) FROM card");
        assert_eq!(cards, [["3"]], "{attack}");
    }
    let nothing = site.rebuild().await;
    assert_eq!(nothing, indexing::Rebuilt::default());
    // Each left its record, which is shown as others are.
    let noted = "SELECT count(*) FROM audit WHERE interaction = 'admin:index-rebuild'";
    assert_eq!(site.house.query(noted), [["10"]]);
    let auditor = site.house.caller(&DemoUser::Auditor);
    let events = auditor.get("AuditEvent?_count=50").await.expect(200);
    assert!(events.text.contains("chartseal index rebuild"));
}
