//! Logs that another took the place of: they are checked like those that grow, and lack
//! what they lacked when they were ended.

use super::{Server, Site, faults::LOG};
use crate::ledger::{Extension, Ledger as _};
use model::{Clock as _, Digest};
use store::NewLog;
use tlog::notes::log_key::LogKey;

on_both! {
    what_was_signed_is_held_against_a_log_that_has_ended,
    what_an_ended_log_had_lost_is_no_finding_and_what_is_cut_later_is,
    anchors_of_somebody_else_that_ended_a_log_are_no_finding,
    the_service_finds_what_was_cut_from_an_ended_log,
}

const TABLES: [&str; 4] = ["leaf", "tile", "checkpoint", "anchor"];

impl Site {
    /// Another log takes the place of a facility's first.
    async fn end(&self, facility: usize) {
        let world = &self.world;
        let id = world.facilities[facility].id;
        let tag = u8::try_from(facility).unwrap() + 0x90;
        let origin = format!("gw.test/log/{}/2", world.facilities[facility].name);
        let key = LogKey::from_seed(origin.parse().unwrap(), &[tag; 32]);
        let new = NewLog {
            facility: id,
            epoch: 2,
            origin,
            log_id: key.log_id(),
            public_key: key.vkey().public_key(),
        };
        let insert = move |tx: &mut store::Tx| tx.logs().insert(&new).map(drop);
        world.store.run_tx("epoch", &[], insert).await.unwrap();
    }

    /// Remembers the rows of the first log under a name.
    fn keep(&self, name: &str) {
        for table in ["log"].iter().chain(&TABLES) {
            self.sql(&format!(
                "CREATE TABLE {name}_{table} AS SELECT * FROM {table}"
            ));
        }
    }

    /// Puts the rows of the first log back as they were.
    fn put_back(&self, name: &str) {
        for table in TABLES {
            self.sql(&format!(
                "DELETE FROM {table} WHERE {LOG}; \
                 INSERT INTO {table} SELECT * FROM {name}_{table} WHERE {LOG}"
            ));
        }
        self.put_back_row(name, "size");
        self.put_back_row(name, "state_mac");
    }

    fn put_back_row(&self, name: &str, column: &str) {
        self.sql(&format!(
            "UPDATE log SET {column} = (SELECT {column} FROM {name}_log k WHERE k.id = log.id) \
             WHERE id = {FIRST}"
        ));
    }

    /// The last leaves of the first log go, with all that shows them in the database.
    fn cut_to(&self, size: u64) {
        assert_eq!(size, 300, "the tiles below are those of 300 leaves");
        self.sql(&format!(
            "DELETE FROM anchor WHERE size > 300 AND {LOG}; \
             DELETE FROM checkpoint WHERE size > 300 AND {LOG}; \
             DELETE FROM leaf WHERE idx >= 300 AND {LOG}; \
             DELETE FROM tile WHERE level = 0 AND idx > 1 AND {LOG}; \
             UPDATE tile SET hashes = substr(hashes, 1, 32 * 44) \
                 WHERE level = 0 AND idx = 1 AND {LOG}; \
             UPDATE tile SET hashes = substr(hashes, 1, 32) WHERE level = 1 AND {LOG}; \
             UPDATE log SET size = 300 WHERE id = {FIRST}"
        ));
    }
}

/// The first log of the first facility.
const FIRST: &str = "(SELECT min(id) FROM log WHERE facility_id = 1)";

async fn what_was_signed_is_held_against_a_log_that_has_ended(site: Site) {
    site.end(0).await;
    assert_eq!(site.found().await, Vec::<String>::new());
    site.keep("whole");
    let cuts = [
        ("DELETE FROM leaf WHERE idx = 5", "no-entry 5"),
        ("DELETE FROM tile WHERE level = 0 AND idx = 0", "tile 0/0"),
        (
            "DELETE FROM checkpoint WHERE size = 700",
            "no-checkpoint 700",
        ),
        ("DELETE FROM anchor WHERE seq = 1", "no-anchor 1"),
    ];
    for (cut, finding) in cuts {
        site.sql(&format!("{cut} AND {LOG}"));
        let found = site.found().await;
        assert!(found.iter().any(|line| line == finding), "{cut}: {found:?}");
        assert!(found.iter().all(|line| line == finding), "{cut}: {found:?}");
        site.put_back("whole");
        assert_eq!(site.found().await, Vec::<String>::new());
    }
    site.cut_to(300);
    let found = site.found().await;
    assert_eq!(found[..2], ["size 300", "no-checkpoint 700"]);
}

async fn what_an_ended_log_had_lost_is_no_finding_and_what_is_cut_later_is(mut site: Site) {
    // A standby had 700 leaves when 800 were signed and anchored.
    site.keep("standby");
    site.world.plant(0, 100).await;
    site.world.settle().await;
    site.put_back("standby");
    let found = site.found().await;
    assert_eq!(found[..2], ["size 700", "no-checkpoint 800"]);
    site.end(0).await;
    assert_eq!(site.found().await, Vec::<String>::new());

    site.sql(&format!(
        "DELETE FROM checkpoint WHERE size = 300 AND {LOG}"
    ));
    let found = site.found().await;
    // Each anchor of that size says so.
    assert!(found.iter().all(|line| line == "no-checkpoint 300") && !found.is_empty());
    site.put_back("standby");
    // Rows that fit each other, but the service never left the log so.
    site.cut_to(300);
    let found = site.found().await;
    assert_eq!(found[..2], ["size 300", "no-checkpoint 800"]);
    site.put_back("standby");
    assert_eq!(site.found().await, Vec::<String>::new());
}

async fn anchors_of_somebody_else_that_ended_a_log_are_no_finding(mut site: Site) {
    let world = &mut site.world;
    world.plant(1, 4).await;
    world.service.step_sequence().await.unwrap();
    let strange = Extension {
        log_id: world.logs[1],
        seq: 1,
        size: 4,
        root: Digest::new([9; 32]),
        consistency: Vec::new(),
    };
    world.ledger.intrude(vec![strange], world.clock.now());
    for _ in 0..=world.ledger.final_depth() {
        world.mine();
    }
    assert_eq!(
        world.ledger.head(world.logs[1]).await.unwrap().unwrap().seq,
        1
    );
    let total = |logs: Vec<super::CheckedLog>| -> Vec<String> {
        let named = logs.into_iter().flat_map(|log| log.findings.named);
        named
            .map(|line| format!("{} {}", line.kind, line.place))
            .collect()
    };
    let name = site.world.facilities[1].name.clone();
    let check = site.check_with();
    let found = total(check.check(Some(&name)).await.unwrap());
    assert_eq!(found, ["no-anchor 1"]);
    site.end(1).await;
    let found = total(check.check(Some(&name)).await.unwrap());
    assert_eq!(found, Vec::<String>::new());
}

async fn the_service_finds_what_was_cut_from_an_ended_log(mut site: Site) {
    site.end(0).await;
    assert_eq!(site.world.service.step_check().await, Ok(0));
    site.cut_to(300);
    // At night, and when it starts.
    site.world.clock.advance_millis(86_400_000);
    let found = site.world.service.step_check().await.unwrap();
    assert!(found >= 2, "{found}");
    site.world.restart();
    assert_eq!(site.world.service.step_check().await, Ok(found));
}
