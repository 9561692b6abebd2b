//! The file of what was signed last is lost, and an operator adopts what the database says.

use crate::simulation::World;
use crate::{
    LogKeys, SignedFile, SignedKeeper as _, StepError,
    keys::{
        key_file::KeyFileError,
        key_rows::{OtherMac, adopt_log_keys},
        keys_fault::KeysFault,
    },
    log::{
        adopt::{Adopted, adopt},
        journal::Journal,
    },
};
use std::{fs, path::PathBuf, sync::Arc};
use store::Tx;
use tlog::notes::log_key::LogKey;

impl World {
    fn states(&self) -> SignedFile {
        SignedFile::new(self.folder.path().join("signed.json"))
    }

    async fn adopt_states(&self) -> Result<Vec<Adopted>, StepError> {
        let keys = LogKeys::new(self.folder.path());
        adopt(&self.store, &self.ledger, Arc::new(self.states()), &keys).await
    }

    fn first_key(&self) -> PathBuf {
        self.folder.path().join("a-1.log-key")
    }
}

/// The first facility's log has leaves that are signed and anchored, and nothing but the
/// database says so.
async fn lost() -> World {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    fs::remove_file(world.folder.path().join("signed.json")).unwrap();
    world
}

#[tokio::test]
async fn keys_that_somebody_wrote_sign_nothing_that_is_adopted() {
    let world = lost().await;
    let journal = Journal::new(world.store.clone());
    let log = journal.current_logs().await.unwrap().remove(0);
    let key = LogKey::from_seed(log.origin.clone(), &[7; 32]);
    let public_key = hex::encode(key.vkey().public_key());
    let root = journal.root(&log, 2).await.unwrap();
    let note = LogKey::sign_together(&[Arc::new(key)], 2, root).unwrap();
    let root = hex::encode(root.as_bytes());
    let (first, id) = (world.first_key(), "(SELECT min(id) FROM log)");
    world.sql(&format!(
        "UPDATE log SET public_key = x'{public_key}' WHERE id = {id};
         DELETE FROM log_key; DELETE FROM checkpoint;
         INSERT INTO checkpoint (log_id, size, root, time_ms, note)
            VALUES ({id}, 2, x'{root}', 0, '{note}')"
    ));
    let refused = world.adopt_states().await;
    assert!(
        matches!(
            refused,
            Err(StepError::KeysNotAdopted {
                problem: KeysFault::File(KeyFileError::WrongKey { .. }),
                ..
            })
        ),
        "{refused:?}"
    );
    assert!(world.states().read().unwrap().is_empty());
    fs::remove_file(first).unwrap();
    assert!(world.adopt_states().await.is_err(), "nor without the file");
}

#[tokio::test]
async fn keys_are_known_by_their_mac_or_by_their_files() {
    let no_mac = "UPDATE log SET keys_mac = NULL";
    for (mac, file) in [(true, true), (true, false), (false, true), (false, false)] {
        let world = lost().await;
        if !mac {
            world.sql(no_mac);
        }
        let (first, aside) = (world.first_key(), world.folder.path().join("aside"));
        if !file {
            fs::rename(&first, &aside).unwrap();
        }
        let adopted = world.adopt_states().await;
        if mac || file {
            assert_eq!(adopted.unwrap().len(), 1, "{mac} {file}");
            continue;
        }
        let said = adopted.unwrap_err().to_string();
        let path = first.display().to_string();
        assert!(
            said.contains(&path) && said.contains("keys adopt"),
            "{said}"
        );
        // As the sentence says: the file is put back, or the keys are compared and taken over.
        let id = world.facilities[0].id;
        let take_over = move |tx: &mut Tx| {
            let log = tx.logs().find(id)?.unwrap();
            let keys = tx.log_keys().find(&log)?;
            tx.log_keys().adopt(log.id, keys.as_they_stand())
        };
        let taken = world.store.run_tx("take over", &[], take_over).await;
        taken.unwrap();
        assert_eq!(world.adopt_states().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn both_keys_of_a_change_are_known_by_their_files() {
    let mut world = World::new(0).await;
    drop(
        crate::simulation::log_keys::new_key::rotate(&world, 77)
            .await
            .unwrap(),
    );
    drop(crate::simulation::log_keys::new_key::signed(&mut world).await);
    world.settle().await;
    fs::remove_file(world.folder.path().join("signed.json")).unwrap();
    world.sql("UPDATE log SET keys_mac = NULL");
    let second = world.folder.path().join("a-1.2.log-key");
    let aside = world.folder.path().join("aside");
    fs::rename(&second, &aside).unwrap();
    assert!(world.adopt_states().await.is_err());
    fs::rename(&aside, &second).unwrap();
    assert_eq!(world.adopt_states().await.unwrap().len(), 1);
    let keys = LogKeys::new(world.folder.path());
    let keeper = Arc::new(world.states());
    let shown = adopt_log_keys(&world.store, &keys, keeper, OtherMac::Stays);
    assert_eq!(shown.await, Ok(2));
}
