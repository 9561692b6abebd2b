//! Someone who can write to the database and holds no key cuts rows and leaves, renames
//! them, or adds some: the sweep names them.

use crate::{
    database::{Kind, on_both},
    house::{HOME, House},
    office::Office,
    records,
    revocation::put_in_force,
};
use devkit::issuer::DemoUser;
use gateway::{
    ports::Ports,
    work::{
        index as indexing,
        jobs::Turn,
        sweep::{self, FaultKind, Whole},
    },
};
use model::{Clock, Digest, LogId, Random, SystemRandom};
use policies::PolicySource;
use std::{convert::Infallible, sync::Arc};
use store::{NewLog, Tile};
use tlog::{leaf::leaf_hash, tree::tile};

on_both! {
    what_was_written_fits,
    what_was_cut_renamed_or_added_is_named,
    a_card_that_was_cut_is_named_once_the_index_is_complete,
}

/// Leaves that are left waiting.
const WAITING: u32 = 3;
pub const HERE: &str = "facility_id = (SELECT id FROM facility WHERE name = 'riverside')";
pub const LOG: &str = "log_id = (SELECT id FROM log WHERE origin = 'example.org/log/riverside')";
/// Tables that are put back after each attack.
const TABLES: [&str; 13] = [
    "version",
    "card",
    "patient_head",
    "audit",
    "audit_patient",
    "statement",
    "policy_set",
    "registration",
    "change",
    "change_decision",
    "leaf",
    "pending_leaf",
    "log",
];

/// Records with several versions, a delete, searches, and everything an administrator
/// does; most leaves have an index.
pub async fn site(kind: Kind) -> House {
    let office = Office::open(kind).await;
    office.register_third().await;
    let house = office.house;
    put_in_force(&house, HOME, 2, &PolicySource::shipped()).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    let observation = records::observation(&patient);
    let edited = system.create("Observation", observation.clone()).await;
    let place = format!("Observation/{edited}");
    for _ in 0..2 {
        let record = records::with_id(observation.clone(), &edited);
        system.put(&place, record).await.expect(200);
    }
    let gone = system.create("Observation", observation).await;
    system.delete(&format!("Observation/{gone}")).await;
    system.get("Patient?identifier=a").await.expect(200);
    system.get(&place).await.expect(200);
    sequence(&house, WAITING).await;
    house
}

/// What the anchor-service does, except for this number of the newest leaves.
async fn sequence(house: &House, waiting: u32) {
    let facility = house.facility(HOME).await;
    let new = NewLog {
        facility,
        epoch: 1,
        origin: format!("example.org/log/{HOME}"),
        log_id: LogId::new([7; 32]),
        public_key: [1; 32],
    };
    house
        .store
        .run_tx("log", &[], move |tx| {
            let log = match tx.logs().find(facility)? {
                Some(log) => log,
                None => tx.logs().insert(&new)?,
            };
            let count = u32::try_from(tx.leaves().pending_count(facility)?).unwrap();
            let pending = tx.leaves().pending(facility, count - waiting)?;
            let hashes: Vec<Digest> = pending
                .iter()
                .map(|leaf| leaf_hash(&leaf.commitment))
                .collect();
            let mut stored = Vec::new();
            for index in 0..=log.size / 256 {
                stored.push(tx.logs().tile(log.id, 0, index)?);
            }
            let read = |id: tile::TileId| {
                assert_eq!(id.level, 0, "a small log");
                let tile = stored.get(usize::try_from(id.index).unwrap());
                Ok::<_, Infallible>(tile.cloned().flatten())
            };
            let grown = tile::integrate(log.size, &hashes, read).unwrap();
            tx.leaves().sequence(&log, &pending)?;
            let tiles: Vec<Tile> = grown
                .tiles
                .into_iter()
                .map(|(id, hashes)| Tile {
                    level: id.level,
                    index: id.index,
                    hashes,
                })
                .collect();
            tx.logs().put_tiles(log.id, &tiles)
        })
        .await
        .unwrap();
}

pub async fn whole(house: &House) -> Whole {
    whole_of(house, HOME).await
}

pub async fn whole_of(house: &House, name: &str) -> Whole {
    let clock: Arc<dyn Clock> = house.clock.clone();
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let name = name.parse().unwrap();
    let ports = Ports {
        store: &house.store,
        kms: &*house.kms,
        clock: &clock,
        random: &random,
    };
    sweep::whole(&name, ports).await.unwrap()
}

/// What is wrong, and in which table.
fn found(whole: &Whole) -> Vec<(&'static str, &'static str)> {
    let faults = whole.faults.named.iter();
    let mut found: Vec<_> = faults
        .map(|fault| (fault.kind.as_str(), fault.table.as_str()))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

async fn what_was_written_fits(kind: Kind) {
    let house = site(kind).await;
    let first = whole(&house).await;
    assert_eq!(first.faults.named, Vec::new());
    assert!(first.rows > 40, "{}", first.rows);
    sequence(&house, 0).await;
    let second = whole(&house).await;
    assert_eq!(second.faults.named, Vec::new());
    assert_eq!(second.rows, first.rows, "a leaf is looked at once");
    // In more batches than one.
    let system = house.caller(&DemoUser::System);
    let entries: Vec<_> = (0..300)
        .map(|_| ("POST", "Practitioner", Some(records::practitioner())))
        .collect();
    let many = records::bundle("transaction", &entries);
    system.post("", many).await.expect(200);
    sequence(&house, WAITING).await;
    let third = whole(&house).await;
    assert_eq!(third.faults.named, Vec::new());
    assert_eq!(third.rows, first.rows + 2 * 301);
}

/// A Practitioner is under no patient, so that no head misses the card.
async fn a_card_that_was_cut_is_named_once_the_index_is_complete(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..3 {
        system.create("Practitioner", records::practitioner()).await;
    }
    let cut = "DELETE FROM card WHERE record_tag =
        (SELECT record_tag FROM card ORDER BY record_tag LIMIT 1)";
    house.sql(cut);
    assert_eq!(found(&whole(&house).await), []);
    let facility = house.app.facility(&HOME.parse().unwrap()).unwrap();
    let mut worker = indexing::worker(&house.app, &facility).unwrap();
    while worker.turn().await.unwrap() == Turn::Worked {}
    assert_eq!(found(&whole(&house).await), []);
    house.sql(cut);
    assert_eq!(found(&whole(&house).await), [("no-card", "card")]);
}

/// An attack, and what is found of it: the fault, in which table.
type Attack = (&'static str, &'static [(&'static str, &'static str)]);

/// What is found of a leaf that was added under the name of a version.
const ADDED: &[(&str, &str)] = &[
    ("index", "leaf"),
    ("many-leaves", "leaf"),
    ("many-leaves", "version"),
    ("tree", "leaf"),
];

const ATTACKS: &[Attack] = &[
    // Names that no row of ours can have.
    (
        "UPDATE leaf SET record_tag = {EMPTY}, version = 0 WHERE {LOG} AND version = 3;
         UPDATE version SET record_tag = {EMPTY}, version = 0 WHERE {HERE} AND version = 3",
        &[("no-row", "leaf"), ("unreadable", "version")],
    ),
    (
        "UPDATE leaf SET record_tag = {EMPTY} WHERE {LOG} AND record_tag =
            (SELECT record_tag FROM audit WHERE {HERE} AND interaction = 'update' ORDER BY id LIMIT 1);
         UPDATE audit SET record_tag = {EMPTY} WHERE id =
            (SELECT id FROM audit WHERE {HERE} AND interaction = 'update' ORDER BY id LIMIT 1)",
        &[("no-row", "leaf"), ("unreadable", "audit")],
    ),
    (
        "UPDATE log SET epoch = 7 WHERE origin = 'example.org/log/riverside';
         DELETE FROM version WHERE {HERE} AND version = 3",
        &[("log", "log"), ("no-row", "leaf")],
    ),
    (
        "UPDATE log SET log_id = {EMPTY} WHERE origin = 'example.org/log/riverside';
         DELETE FROM version WHERE {HERE} AND version = 3",
        &[("log", "log"), ("no-row", "leaf")],
    ),
    (
        "UPDATE leaf SET record_tag = {NAME} WHERE {LOG} AND version = 3;
         DELETE FROM version WHERE {HERE} AND version = 3",
        &[("no-row", "leaf")],
    ),
    (
        "DELETE FROM version WHERE {HERE} AND version = 3",
        &[("no-row", "leaf")],
    ),
    (
        "UPDATE leaf SET record_tag = {NAME} WHERE {LOG} AND record_tag =
            (SELECT record_tag FROM statement WHERE {HERE} AND kind = 'registration' AND number = 1);
         DELETE FROM statement WHERE {HERE} AND kind = 'registration' AND number = 1",
        &[("no-row", "leaf"), ("rule", "registration")],
    ),
    (
        "UPDATE leaf SET record_tag = {NAME} WHERE {LOG} AND record_tag =
            (SELECT record_tag FROM audit WHERE {HERE} AND interaction = 'update' ORDER BY id LIMIT 1);
         DELETE FROM audit WHERE id =
            (SELECT id FROM audit WHERE {HERE} AND interaction = 'update' ORDER BY id LIMIT 1)",
        &[("no-row", "leaf")],
    ),
    (
        "DELETE FROM audit WHERE id =
            (SELECT id FROM audit WHERE {HERE} AND interaction = 'update' ORDER BY id LIMIT 1)",
        &[("no-row", "leaf")],
    ),
    (
        "DELETE FROM leaf WHERE {LOG} AND idx = 2",
        &[("index", "leaf"), ("no-leaf", "{ROW}")],
    ),
    (
        "DELETE FROM leaf WHERE {LOG} AND idx = (SELECT max(idx) FROM leaf WHERE {LOG})",
        &[("index", "leaf"), ("no-leaf", "{ROW}")],
    ),
    (
        "INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
            SELECT l.log_id, g.size, l.commitment, l.record_tag, l.version
            FROM leaf l JOIN log g ON g.id = l.log_id
            WHERE g.origin = 'example.org/log/riverside' AND l.version = 3",
        ADDED,
    ),
    (
        "INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
            SELECT log_id, -9223372036854775808, commitment, record_tag, version FROM leaf
            WHERE {LOG} AND version = 3",
        ADDED,
    ),
    (
        "UPDATE pending_leaf SET id = -9223372036854775808, record_tag = {NAME} WHERE id =
            (SELECT max(id) FROM pending_leaf WHERE {HERE})",
        &[("no-leaf", "audit"), ("no-row", "pending_leaf")],
    ),
    (
        "UPDATE leaf SET commitment = {COMMITMENT} WHERE {LOG} AND version = 3",
        &[("other-leaf", "version"), ("tree", "leaf")],
    ),
    (
        "UPDATE pending_leaf SET commitment = {COMMITMENT} WHERE id =
            (SELECT max(id) FROM pending_leaf WHERE {HERE})",
        &[("other-leaf", "audit")],
    ),
    // A row and its leaf cut, and the leaves behind it moved down.
    (
        "DELETE FROM version WHERE {HERE} AND version = 3;
         CREATE TABLE cut AS SELECT idx AS place FROM leaf WHERE {LOG} AND version = 3;
         DELETE FROM leaf WHERE {LOG} AND version = 3;
         UPDATE leaf SET idx = -idx WHERE {LOG} AND idx > (SELECT place FROM cut);
         UPDATE leaf SET idx = -idx - 1 WHERE {LOG} AND idx < 0;
         UPDATE log SET size = size - 1 WHERE origin = 'example.org/log/riverside';
         DROP TABLE cut",
        &[("tree", "leaf")],
    ),
    (
        "INSERT INTO version (facility_id, resource_type, record_tag, version, interaction,
                policy_number, time_ms, subject_tag, padded_size, data_key_id, envelope)
            SELECT facility_id, resource_type, record_tag, 4, interaction, policy_number,
                time_ms, subject_tag, padded_size, data_key_id, envelope
            FROM version WHERE {HERE} AND version = 3",
        &[("no-leaf", "version")],
    ),
    (
        "INSERT INTO audit (facility_id, record_tag, time_ms, interaction, outcome,
                policy_number, events, padded_size, data_key_id, envelope)
            SELECT facility_id, {NAME}, time_ms, interaction, outcome, policy_number, events,
                padded_size, data_key_id, envelope
            FROM audit WHERE {HERE} ORDER BY id LIMIT 1",
        &[("no-leaf", "audit")],
    ),
    (
        "UPDATE version SET time_ms = time_ms - 1 WHERE {HERE} AND version = 3",
        &[("unreadable", "version")],
    ),
    (
        "UPDATE version SET interaction = 'nothing' WHERE {HERE} AND version = 3",
        &[("unreadable", "version")],
    ),
    (
        "UPDATE version SET padded_size = 0 WHERE {HERE} AND version = 3",
        &[("unreadable", "version")],
    ),
    (
        "UPDATE audit SET padded_size = padded_size + 256 WHERE {HERE} AND interaction = 'update'",
        &[("unreadable", "audit")],
    ),
    (
        "UPDATE audit SET outcome = 8 WHERE {HERE} AND interaction = 'update'",
        &[("unreadable", "audit")],
    ),
    (
        "DELETE FROM card WHERE {HERE} AND version = 3",
        &[("head", "patient_head")],
    ),
    (
        "UPDATE card SET time_ms = time_ms - 1 WHERE {HERE} AND version = 3",
        &[("card", "card")],
    ),
    (
        "UPDATE card SET version = 2 WHERE {HERE} AND version = 3",
        &[("card", "card"), ("head", "patient_head")],
    ),
    (
        "UPDATE card SET data_key_id = {EMPTY} WHERE {HERE} AND version = 3",
        &[("card", "card")],
    ),
    (
        "DELETE FROM patient_head WHERE {HERE}",
        &[("head", "patient_head")],
    ),
    (
        "UPDATE patient_head SET data_key_id = {EMPTY} WHERE {HERE}",
        &[("head", "patient_head")],
    ),
    (
        "UPDATE patient_head SET patient_tag = {NAME} WHERE {HERE} AND patient_tag =
            (SELECT subject_tag FROM version WHERE {HERE} AND version = 3)",
        &[("head", "patient_head")],
    ),
    (
        "DELETE FROM audit_patient WHERE {HERE} AND event = 0",
        &[("no-event", "audit_patient")],
    ),
    (
        "UPDATE audit_patient SET patient_tag = {NAME} WHERE {HERE} AND patient_tag =
            (SELECT subject_tag FROM version WHERE {HERE} AND version = 3)",
        &[("no-event", "audit_patient")],
    ),
    (
        "UPDATE statement SET created_ms = created_ms + 1 WHERE {HERE} AND kind = 'change'",
        &[("unreadable", "statement")],
    ),
    (
        "DELETE FROM registration WHERE {HERE} AND created_ms =
            (SELECT max(created_ms) FROM registration WHERE {HERE})",
        &[("rule", "registration")],
    ),
    (
        "INSERT INTO registration SELECT facility_id, kind, tag, number + 1, state, data_key_id,
            envelope, created_ms FROM registration WHERE {HERE} AND kind = 'administrator'",
        &[("rule", "registration")],
    ),
    (
        "DELETE FROM policy_set WHERE {HERE} AND number = 1",
        &[("rule", "policy_set")],
    ),
    (
        "UPDATE policy_set SET envelope = (SELECT o.envelope FROM policy_set o
            WHERE o.{HERE} AND o.number = 2) WHERE {HERE} AND number = 1",
        &[("rule", "policy_set")],
    ),
    // What a row that decides says in clear, beside the same envelope.
    (
        "UPDATE registration SET state = 'revoked' WHERE {HERE} AND kind = 'administrator'",
        &[("rule", "registration")],
    ),
    (
        "UPDATE registration SET kind = 'administrator' WHERE {HERE} AND kind = 'client'",
        &[("rule", "registration")],
    ),
    (
        "UPDATE registration SET data_key_id = {EMPTY} WHERE {HERE} AND kind = 'administrator'",
        &[("rule", "registration")],
    ),
    (
        "UPDATE change SET name = 'client-end' WHERE {HERE}",
        &[("rule", "change")],
    ),
    (
        "UPDATE change SET proposer_tag = {NAME} WHERE {HERE}",
        &[("rule", "change")],
    ),
    (
        "UPDATE change_decision SET decision = 'rejected' WHERE {HERE}",
        &[("rule", "change_decision")],
    ),
    (
        "UPDATE change_decision SET decider_tag = {NAME} WHERE {HERE}",
        &[("rule", "change_decision")],
    ),
    // A statement that cannot be read stops neither the sweep nor the facility.
    (
        "UPDATE statement SET record_tag = {EMPTY} WHERE {HERE} AND kind = 'change' AND number = 1",
        &[("no-row", "leaf"), ("unreadable", "statement")],
    ),
    (
        "DELETE FROM change_decision WHERE {HERE}",
        &[("rule", "change_decision")],
    ),
    (
        "DELETE FROM change_decision WHERE {HERE}; DELETE FROM change WHERE {HERE}",
        &[("rule", "change"), ("rule", "change_decision")],
    ),
];

async fn what_was_cut_renamed_or_added_is_named(kind: Kind) {
    let house = site(kind).await;
    let keep = TABLES.map(|table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
    house.sql(&keep.join(";\n"));
    let back = TABLES.map(|table| {
        format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")
    });
    let back = back.join(";\n");
    let mut others = Vec::new();
    for (attack, expected) in ATTACKS {
        let statements = attack
            .replace("{HERE}", HERE)
            .replace("{LOG}", LOG)
            .replace("{NAME}", &kind.zeros(16))
            .replace("{COMMITMENT}", &kind.zeros(32))
            .replace("{EMPTY}", &kind.zeros(0));
        house.sql(&statements);
        let swept = whole(&house).await;
        let mut found = found(&swept);
        // Whichever table the row of that leaf is in.
        for (_, table) in found.iter_mut().filter(|fault| fault.0 == "no-leaf") {
            let named = expected.contains(&("no-leaf", *table));
            *table = if named { *table } else { "{ROW}" };
        }
        if found != *expected {
            others.push((attack, swept.faults.named.clone()));
        }
        // A leaf is named by its place in the log.
        let of_leaf = |kind: FaultKind| matches!(kind, FaultKind::NoRow | FaultKind::Index);
        let mut named = swept.faults.named.iter();
        assert!(named.all(|fault| !of_leaf(fault.kind) || fault.index.is_some()));
        house.sql(&back);
    }
    assert!(others.is_empty(), "something else was found: {others:#?}");
    assert_eq!(whole(&house).await.faults.named, Vec::new());
}
