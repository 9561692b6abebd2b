//! Facilities that were added without a log, and logs without a grant.

use crate::simulation::{World, audit, service};
use crate::{AnchorService, NewLogError, StepError, log::journal::Journal, note_log_host};
use model::{Clock as _, Commitment, FacilityName, SeededRandom};
use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};
use store::FacilityId;

/// A service that makes logs.
fn maker(world: &World) -> AnchorService<crate::ledger::memory::MemoryLedger> {
    let service = service(&world.store, &world.ledger, &world.clock, &world.folder, 0);
    service.making_logs(Arc::new(SeededRandom::new(4)))
}

/// A row of `facility`, which anybody could put there who can write to the database.
async fn add_row(world: &World, name: &str) -> FacilityId {
    let (name, now): (FacilityName, _) = (name.parse().unwrap(), world.clock.now());
    let insert = move |tx: &mut store::Tx| tx.facilities().insert(&name, now);
    world.store.run_tx("facility", &[], insert).await.unwrap()
}

/// With a leaf that waits, of what is sealed when a facility is made.
async fn add_facility(world: &World, name: &str) {
    let id = add_row(world, name).await;
    add_leaf(world, id, name.as_bytes()[0]).await;
}

async fn add_leaf(world: &World, id: FacilityId, byte: u8) {
    let leaf = audit(Commitment::new([byte; 32]));
    let insert = move |tx: &mut store::Tx| tx.audits().insert(id, &leaf);
    world.store.run_tx("leaf", &[], insert).await.unwrap();
}

#[tokio::test]
async fn a_facility_that_nobody_sealed_gets_no_key() {
    let world = World::new(0).await;
    note_log_host(&world.store, "gw.test").await.unwrap();
    let id = add_row(&world, "c").await;
    add_row(&world, "d").await;
    let mut service = maker(&world);
    assert_eq!(service.step_logs().await, Ok(0));
    // A leaf of somebody who holds no key of ours.
    world.store.leaf_keys().set([&[9; 32]]);
    add_leaf(&world, id, 1).await;
    world.store.leaf_keys().set([&[1; 32]]);
    assert_eq!(service.step_logs().await, Ok(0));
    assert!(!world.folder.path().join("c-1.log-key").exists());
    add_leaf(&world, id, 2).await;
    assert_eq!(service.step_logs().await, Ok(1));
    assert!(world.folder.path().join("c-1.log-key").exists());
    assert!(!world.folder.path().join("d-1.log-key").exists());
}

/// Rows of `facility` by the thousand cost a look no more than some of them do, and keep no
/// facility from its log.
#[tokio::test]
async fn many_rows_that_somebody_put_there_are_looked_at_in_turn() {
    let world = World::new(0).await;
    note_log_host(&world.store, "gw.test").await.unwrap();
    world.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
         INSERT INTO facility (name, created_ms) SELECT 'f' || i, 0 FROM n;
         INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)
         SELECT id, zeroblob(32), zeroblob(16), 1, zeroblob(16) FROM facility
         WHERE name LIKE 'f1_'",
    );
    add_facility(&world, "c").await;
    let journal = Journal::new(world.store.clone());
    let first = journal.without_log(None).await.unwrap();
    assert_eq!((first.sealed.len(), first.later), (0, 1_201 - 512));
    let mut service = maker(&world);
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(service.step_logs().await.unwrap());
    }
    assert_eq!(made, [0, 0, 1, 0]);
    assert!(world.folder.path().join("c-1.log-key").exists());
}

#[tokio::test]
async fn a_facility_without_a_log_gets_one_with_a_key() {
    let world = World::new(0).await;
    note_log_host(&world.store, "gw.test").await.unwrap();
    add_facility(&world, "c").await;
    let mut service = maker(&world);
    assert_eq!(service.step_logs().await, Ok(1));
    assert_eq!(service.step_logs().await, Ok(0));
    let status = service.status().read().await.unwrap();
    assert!(status.logs.iter().any(|log| log.facility.as_str() == "c"));
    let key = world.folder.path().join("c-1.log-key");
    let mode = fs::metadata(key).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let files = fs::read_dir(world.folder.path()).unwrap();
    let mut names = files.map(|file| file.unwrap().file_name());
    assert!(names.all(|name| !name.to_string_lossy().ends_with(".new")));
}

/// The host of logs that are known, whatever the row says. Where none is, the row needs
/// its mac.
#[tokio::test]
async fn a_host_that_somebody_wrote_names_no_log() {
    let world = World::new(0).await;
    note_log_host(&world.store, "gw.test").await.unwrap();
    let other = "UPDATE meta SET value = 'other.test' WHERE name = 'log_host'";
    for (name, edit) in [
        ("c", other),
        ("d", "DELETE FROM meta WHERE name = 'log_host'"),
        (
            "e",
            "INSERT INTO meta (name, value) VALUES ('log_host', 'other.test')",
        ),
    ] {
        world.sql(edit);
        add_facility(&world, name).await;
        assert_eq!(maker(&world).step_logs().await, Ok(1));
        let logs = world.store.read("logs", |reader| reader.logs().list());
        let last = logs.await.unwrap().pop().unwrap();
        assert_eq!(last.origin, format!("gw.test/log/{name}"));
    }
    world.sql("UPDATE log SET keys_mac = NULL");
    add_facility(&world, "f").await;
    let refused = StepError::Store(store::Error::LogHost("other.test".to_owned()));
    assert_eq!(maker(&world).step_logs().await, Err(refused));
    note_log_host(&world.store, "gw.test").await.unwrap();
    assert_eq!(maker(&world).step_logs().await, Ok(1));
    world.sql("UPDATE log SET keys_mac = NULL; DELETE FROM meta WHERE name = 'log_host'");
    add_facility(&world, "g").await;
    let refused = maker(&world).step_logs().await.unwrap_err();
    assert!(
        matches!(refused, StepError::Store(store::Error::LogKeys(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_log_that_cannot_be_made_is_named_and_holds_up_no_other() {
    let mut world = World::new(0).await;
    // Something stands where the key would go.
    fs::create_dir(world.folder.path().join("c-1.log-key")).unwrap();
    for name in ["c", "d"] {
        add_facility(&world, name).await;
    }
    let mut service = maker(&world);
    let failed = service.step_logs().await.unwrap_err();
    assert!(matches!(
        &failed,
        StepError::NoLog { facility, problem: NewLogError::Key(_) } if facility.as_str() == "c"
    ));
    assert!(failed.to_string().contains("chartseal init --facility c"));
    let status = service.status().read().await.unwrap();
    assert!(status.logs.iter().any(|log| log.facility.as_str() == "d"));
    world.plant(0, 2).await;
    world.settle().await;
}

#[tokio::test]
async fn a_log_without_a_grant_holds_up_no_other_and_is_named() {
    let mut world = World::new(0).await;
    let [granted, other] = [world.logs[0], world.logs[1]];
    world.ledger.grant(other, false);
    world.plant(0, 3).await;
    world.plant(1, 3).await;
    for _ in 0..3 {
        world.service.step_sequence().await.unwrap();
        world.service.step_checkpoint().await.unwrap();
        world.service.step_finality().await.unwrap();
        let refused = world.service.step_post().await.unwrap_err();
        assert!(matches!(
            &refused,
            StepError::NotAnchored { facility, refusal }
                if facility.as_str() == "b" && refusal.log_id() == Some(other)
        ));
        world.mine();
    }
    assert_eq!(world.ledger.history(granted).len(), 1);
    let status = world.service.status().read().await.unwrap();
    let refused: Vec<_> = status
        .logs
        .iter()
        .map(|log| log.refused.is_some())
        .collect();
    assert_eq!(refused, [false, true]);

    world.ledger.grant(other, true);
    world.settle().await;
    world.judge().await;
    let status = world.service.status().read().await.unwrap();
    assert!(status.logs.iter().all(|log| log.refused.is_none()));
}
