//! Someone who can write to the database and has no leaf key changes which keys a log has.

use crate::simulation::{World, log_keys::new_key};
use crate::{
    LogKeys, SignedFile, StepError, Unshown,
    keys::{
        key_rows::{OtherMac, adopt_log_keys},
        keys_fault::KeysFault,
    },
};
use std::{fs, sync::Arc};
use store::Error;

impl World {
    async fn adopt(&self) -> Result<u64, StepError> {
        self.adopt_with(OtherMac::Stays).await
    }

    async fn adopt_with(&self, other: OtherMac) -> Result<u64, StepError> {
        let folder = self.folder.path();
        let keeper = SignedFile::new(folder.join("signed.json"));
        adopt_log_keys(&self.store, &LogKeys::new(folder), Arc::new(keeper), other).await
    }

    /// One more leaf; how it is sequenced, and how signed.
    async fn one_more(&mut self) -> (Result<u64, StepError>, Result<u64, StepError>) {
        self.plant(0, 1).await;
        let sequenced = self.service.step_sequence().await;
        (sequenced, self.service.step_checkpoint().await)
    }
}

fn is_refused(outcome: &Result<u64, StepError>) -> bool {
    matches!(outcome, Err(StepError::Store(Error::LogKeys(_))))
}

fn not_adopted(outcome: Result<u64, StepError>, why: &KeysFault) -> bool {
    matches!(outcome, Err(StepError::KeysNotAdopted { problem, .. }) if problem == *why)
}

/// From one key over two to the new one alone, each signed with.
async fn changed_key() -> World {
    let mut world = World::new(0).await;
    drop(new_key::signed(&mut world).await);
    drop(new_key::rotate(&world, 77).await.unwrap());
    drop(new_key::signed(&mut world).await);
    drop(new_key::finish(&world).await.unwrap());
    drop(new_key::signed(&mut world).await);
    world
}

#[tokio::test]
async fn nothing_is_signed_by_keys_that_nobody_put_there() {
    let mut world = changed_key().await;
    let retired = "UPDATE log_key SET retired_ms = 7 WHERE number = 2";
    world.sql(retired);
    let (sequenced, signed) = world.one_more().await;
    assert!(is_refused(&sequenced), "{sequenced:?}");
    assert_eq!(signed, Ok(0), "nothing was given an index");
    // The file of each key is here, and yet: it was the new one that signed last.
    let refused = |outcome| not_adopted(outcome, &KeysFault::Signature);
    assert!(refused(world.adopt_with(OtherMac::Replaced).await));
    world.sql("UPDATE log_key SET retired_ms = NULL; UPDATE log SET keys_mac = NULL");
    assert!(refused(world.adopt().await), "the old one signs again");
    world.sql("DELETE FROM log_key");
    assert!(refused(world.adopt().await), "the new one is gone");
}

#[tokio::test]
async fn keys_of_before_the_last_signature_sign_nothing() {
    for (back, retired) in [(0, false), (1, true)] {
        let mut world = World::new(0).await;
        drop(new_key::signed(&mut world).await);
        let keep = "DROP TABLE IF EXISTS kept_log; DROP TABLE IF EXISTS kept_key;
                    CREATE TABLE kept_log AS SELECT id, keys_mac FROM log;
                    CREATE TABLE kept_key AS SELECT * FROM log_key";
        if back == 0 {
            world.sql(keep);
        }
        drop(new_key::rotate(&world, 77).await.unwrap());
        drop(new_key::signed(&mut world).await);
        if back == 1 {
            world.sql(keep);
        }
        if retired {
            drop(new_key::finish(&world).await.unwrap());
            drop(new_key::signed(&mut world).await);
        }
        world.sql(
            "DELETE FROM log_key; INSERT INTO log_key SELECT * FROM kept_key;
             UPDATE log SET keys_mac = (SELECT keys_mac FROM kept_log k WHERE k.id = log.id)",
        );
        let (sequenced, signed) = world.one_more().await;
        assert_eq!(sequenced, Ok(1));
        assert!(
            matches!(signed, Err(StepError::KeysTurnedBack { .. })),
            "{signed:?}"
        );
    }
}

/// The macs of the rows, and which logs have one.
fn macs(world: &World) -> String {
    let read = |reader: &mut store::Reader| {
        let logs = reader.logs().list()?;
        reader.log_keys().of_all(&logs)
    };
    format!("{:?}", world.store.read_blocking("log keys", read))
}

#[tokio::test]
async fn a_wrong_leaf_key_replaces_no_mac_and_gives_none() {
    let mut world = changed_key().await;
    world.restart();
    assert_eq!(world.service.check().await, Ok(Unshown::default()));
    let (right, before) = ([1; 32], macs(&world));
    world.store.leaf_keys().set([&[0x77; 32]]);
    assert!(not_adopted(world.adopt().await, &KeysFault::Mac));
    let checked = world.service.check().await.map(|_| 0);
    assert!(not_adopted(checked, &KeysFault::Mac));
    drop(world.one_more().await);
    world.store.leaf_keys().set([&right]);
    assert_eq!(macs(&world), before);

    world.sql("UPDATE log SET keys_mac = NULL");
    let before = macs(&world);
    assert_eq!(
        world
            .service
            .check()
            .await
            .map(|checked| checked.logs.len()),
        Ok(2)
    );
    assert_eq!(macs(&world), before, "a look writes nothing");
    world.store.leaf_keys().set([&[0x77; 32]]);
    assert!(not_adopted(world.adopt().await, &KeysFault::Mac));
    world.store.leaf_keys().set([&right]);
    assert_eq!(macs(&world), before, "nor does the wrong key");
    let (file, aside) = (
        world.folder.path().join("a-1.log-key"),
        world.folder.path().join("x"),
    );
    fs::rename(&file, &aside).unwrap();
    let checked = world.service.check().await.unwrap_err();
    assert!(matches!(
        checked,
        StepError::KeysNotAdopted {
            problem: KeysFault::File(_),
            ..
        }
    ));
    fs::rename(&aside, &file).unwrap();
    assert_eq!(world.adopt().await, Ok(2));
}

#[tokio::test]
async fn keys_of_an_earlier_release_are_adopted_by_who_has_their_files() {
    let mut world = changed_key().await;
    let none = "UPDATE log SET keys_mac = NULL";
    world.sql(none);
    let (first, aside) = (
        world.folder.path().join("a-1.log-key"),
        world.folder.path().join("x"),
    );
    fs::rename(&first, &aside).unwrap();
    let missing = world.adopt().await.unwrap_err();
    assert!(
        matches!(
            missing,
            StepError::KeysNotAdopted {
                problem: KeysFault::File(_),
                ..
            }
        ),
        "{missing:?}"
    );
    // The other facility's log has its key.
    world.sql("UPDATE log SET keys_mac = NULL WHERE id = (SELECT min(id) FROM log)");
    let (sequenced, _) = world.one_more().await;
    assert!(is_refused(&sequenced), "{sequenced:?}");
    fs::rename(&aside, &first).unwrap();
    assert_eq!(world.adopt().await, Ok(1));
    assert_eq!(world.adopt().await, Ok(0));
    world.restart();
    world.settle().await;
    world.judge().await;
    // And at a start.
    world.sql(none);
    world.restart();
    world.plant(0, 1).await;
    world.settle().await;
    world.judge().await;
}
