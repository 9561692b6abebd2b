//! What one log meets with holds up no other, and is told.

use crate::simulation::{Step, World};
use crate::{StepError, ledger::LedgerError};
use model::AnchorState;
use std::process::Command;
use store::{Error, PostState, Reader, Tile, Tx};

impl World {
    /// Runs SQL past the store, as someone without the keys would.
    pub(crate) fn sql(&self, statements: &str) {
        const RUN: &str = "import sqlite3, sys\n\
                           with sqlite3.connect(sys.argv[1], timeout=30) as database:\n    \
                               database.executescript(sys.argv[2])";
        let python = std::env::var_os("CHARTSEAL_PYTHON");
        let status = Command::new(python.unwrap_or_else(|| "python3".into()))
            .args(["-c", RUN])
            .arg(self.folder.path().join("db"))
            .arg(statements)
            .status();
        assert!(status.unwrap().success());
    }
}

fn is_left_out<T: std::fmt::Debug>(outcome: &Result<T, StepError>, name: &str) -> bool {
    matches!(outcome, Err(StepError::LeftOut { facility, .. }) if facility.as_str() == name)
}

async fn posted(world: &mut World, facility: usize, count: usize) {
    world.plant(facility, count).await;
    for step in [Step::Sequence, Step::Checkpoint, Step::Post] {
        world.step(step).await.unwrap();
    }
}

/// The rows of all anchors that are not final are gone, as in a database that was put back.
async fn lose_anchors(world: &World) {
    let lose = |tx: &mut Tx| {
        for post in tx.posts().list(&[PostState::Prepared, PostState::Mined])? {
            for anchor in tx.anchors().of_post(post.id)? {
                let (new, posted) = (anchor.new, AnchorState::Posted);
                if anchor.state != posted {
                    tx.anchors().set_state(new.log, new.seq, &posted)?;
                }
            }
            tx.anchors().remove_of_post(post.id)?;
            tx.posts().set_state(post.id, PostState::Failed, None)?;
        }
        Ok(())
    };
    world.store.run_tx("lose", &[], lose).await.unwrap();
}

#[tokio::test]
async fn a_log_whose_events_a_node_has_no_more_holds_up_no_other() {
    let mut world = World::new(0).await;
    posted(&mut world, 0, 3).await;
    world.mine();
    lose_anchors(&world).await;
    world.ledger.hide_events(world.logs[0], true);
    world.plant(1, 2).await;
    world.step(Step::Sequence).await.unwrap();
    world.step(Step::Checkpoint).await.unwrap();
    for _ in 0..5 {
        let outcome = world.service.step_post().await;
        assert!(is_left_out(&outcome, "a"), "{outcome:?}");
        world.mine();
    }
    assert_eq!(world.ledger.history(world.logs[1]).len(), 1);
    assert_eq!(world.ledger.events_asked(), 1, "not at every step");
    world.ledger.hide_events(world.logs[0], false);
    world.clock.advance_millis(60_000);
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn anchors_without_a_checkpoint_keep_no_later_one_from_its_row() {
    let mut world = World::new(0).await;
    for _ in 0..40 {
        posted(&mut world, 0, 1).await;
        world.mine();
        world.step(Step::Post).await.unwrap();
    }
    assert_eq!(world.ledger.history(world.logs[0]).len(), 40);
    lose_anchors(&world).await;
    let id = world.facilities[0].id;
    let thin = move |tx: &mut Tx| {
        let log = tx.logs().find(id)?.unwrap();
        let sizes: Vec<u64> = (1..40).collect();
        tx.thinning().remove_checkpoints(log.id, &sizes)
    };
    world.store.run_tx("thin", &[], thin).await.unwrap();
    world.plant(0, 1).await;
    world.step(Step::Sequence).await.unwrap();
    world.step(Step::Checkpoint).await.unwrap();
    let steps = [
        world.service.step_post().await,
        world.service.step_post().await,
    ];
    assert_eq!(steps, [Ok(0), Ok(1)], "not before all were looked at");
    let find = move |reader: &mut Reader| {
        let log = reader.logs().find(id)?.unwrap();
        reader.anchors().find(log.id, 40)
    };
    let found = world.store.read("find", find).await.unwrap().unwrap();
    assert!(matches!(found.state, AnchorState::Anchored { .. }));
    assert_eq!(world.ledger.events_asked(), 40);
}

#[tokio::test]
async fn a_damaged_log_holds_up_no_other() {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    world.plant(0, 1).await;
    world.step(Step::Sequence).await.unwrap();
    let id = world.facilities[0].id;
    let damage = move |tx: &mut Tx| {
        let log = tx.logs().find(id)?.unwrap();
        let (level, index, hashes) = (0, 0, vec![1; 31]);
        let tile = Tile {
            level,
            index,
            hashes,
        };
        tx.logs().put_tiles(log.id, &[tile])
    };
    world.store.run_tx("damage", &[], damage).await.unwrap();
    world.plant(0, 1).await;
    world.plant(1, 2).await;
    let outcomes = [
        world.service.step_sequence().await,
        world.service.step_checkpoint().await,
        world.service.step_post().await,
    ];
    assert!(
        outcomes.iter().all(|outcome| is_left_out(outcome, "a")),
        "{outcomes:?}"
    );
    world.mine();
    assert_eq!(world.ledger.history(world.logs[1])[0].size, 2);
}

#[tokio::test]
async fn an_unreadable_facility_holds_up_no_other() {
    let mut world = World::new(0).await;
    world.sql("UPDATE facility SET name = 'Not a Name' WHERE name = 'a'");
    world.restart();
    world.plant(0, 1).await;
    world.plant(1, 2).await;
    assert_eq!(world.step(Step::Sequence).await, Ok(2));
    assert_eq!(world.step(Step::Checkpoint).await, Ok(1));
    assert_eq!(world.step(Step::Post).await, Ok(1));
    let status = world.service.status().read().await.unwrap();
    assert_eq!((status.logs.len(), status.pending), (1, 0));
    let named = Err(StepError::Store(Error::Corrupt("facility name")));
    assert_eq!(world.service.step_logs().await, named);
    world.sql("UPDATE facility SET name = 'a' WHERE name = 'Not a Name'");
    world.mine();
    world.settle().await;
    world.judge().await;
}

/// Also where an earlier log of the facility could take leaves in its place.
#[tokio::test]
async fn a_log_row_that_cannot_be_read_stops_its_facility_alone() {
    let edited = "UPDATE log SET public_key = x'01' WHERE id = 1";
    let added = "INSERT INTO log (facility_id, epoch, origin, log_id, public_key, size) \
                 SELECT facility_id, 2, origin || '/2', x'02', public_key, 0 FROM log WHERE id = 1";
    let put_back = "DELETE FROM log WHERE epoch = 2; \
                    UPDATE log SET public_key = (SELECT public_key FROM kept) WHERE id = 1; \
                    DROP TABLE kept";
    for damage in [edited, added] {
        let mut world = World::new(0).await;
        world.sql("CREATE TABLE kept AS SELECT * FROM log WHERE id = 1");
        world.plant(1, 1).await;
        posted(&mut world, 0, 3).await;
        // What is under way carries an anchor of both.
        world.sql(damage);
        world.restart();
        world.mine();
        world.plant(0, 1).await;
        world.plant(1, 2).await;
        assert_eq!(world.step(Step::Sequence).await, Ok(2));
        assert_eq!(world.step(Step::Checkpoint).await, Ok(1));
        assert_eq!(world.step(Step::Post).await, Ok(1));
        (0..5).for_each(|_| world.mine());
        world.step(Step::Post).await.unwrap();
        world.service.step_finality().await.unwrap();
        let status = world.service.status().read().await.unwrap();
        let last = status.logs[0].last_final.map(|last| last.size);
        assert_eq!((status.logs.len(), last), (1, Some(3)));
        let named = world.service.step_logs().await;
        assert!(is_left_out(&named, "a"), "{named:?}");
        world.sql(put_back);
        world.settle().await;
        world.judge().await;
    }
}

#[tokio::test]
async fn an_anchor_that_cannot_be_read_keeps_no_other_from_becoming_final() {
    let mut world = World::new(0).await;
    world.plant(1, 1).await;
    posted(&mut world, 0, 3).await;
    // Both went with one transaction, and then with another that took its place.
    world.ledger.forget();
    world.clock.advance_millis(60_000);
    world.sql("CREATE TABLE kept AS SELECT * FROM anchor WHERE log_id = 1");
    world.sql("UPDATE anchor SET root = x'01' WHERE log_id = 1");
    world.step(Step::Post).await.unwrap();
    world.mine();
    world.plant(1, 2).await;
    for step in [Step::Sequence, Step::Checkpoint, Step::Post] {
        let _ = world.step(step).await;
    }
    (0..5).for_each(|_| world.mine());
    let mut named = Ok(0);
    for _ in 0..2 {
        let _ = world.service.step_post().await;
        named = world.service.step_finality().await;
    }
    assert!(is_left_out(&named, "a"), "{named:?}");
    let status = world.service.status().read().await.unwrap();
    let last = status.logs.iter().map(|log| log.last_final);
    let sizes: Vec<_> = last.map(|last| last.map(|last| last.size)).collect();
    assert_eq!(sizes, [None, Some(3)]);
    world.sql("UPDATE anchor SET root = (SELECT root FROM kept) WHERE log_id = 1");
    world.settle().await;
    world.judge().await;
}

/// What waits under its number is not known without it.
#[tokio::test]
async fn a_transaction_that_cannot_be_read_is_named_and_holds_up_anchors() {
    let mut world = World::new(0).await;
    posted(&mut world, 0, 3).await;
    world.sql("CREATE TABLE kept AS SELECT * FROM post; UPDATE post SET tx_hash = x'01'");
    world.plant(1, 2).await;
    world.mine();
    assert_eq!(world.step(Step::Sequence).await, Ok(2));
    assert_eq!(world.step(Step::Checkpoint).await, Ok(1));
    let named = world.service.step_post().await;
    let is_named = matches!(named, Err(StepError::Store(Error::Corrupt(_))));
    assert!(is_named, "{named:?}");
    world.sql("UPDATE post SET tx_hash = (SELECT tx_hash FROM kept)");
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn a_facility_whose_row_was_cut_gets_nothing_until_it_is_back() {
    let mut world = World::new(0).await;
    world.sql("CREATE TABLE kept AS SELECT * FROM facility; DELETE FROM facility WHERE name = 'a'");
    world.restart();
    world.plant(0, 1).await;
    world.plant(1, 2).await;
    assert_eq!(world.step(Step::Sequence).await, Ok(2));
    assert_eq!(world.step(Step::Checkpoint).await, Ok(1));
    world.sql("INSERT INTO facility SELECT * FROM kept WHERE name = 'a'");
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn what_is_so_for_every_log_is_asked_once_in_a_step() {
    let mut world = World::new(0).await;
    for facility in [0, 1] {
        world.plant(facility, 2).await;
    }
    world.settle().await;
    for facility in [0, 1] {
        world.plant(facility, 1).await;
    }
    world.step(Step::Sequence).await.unwrap();
    world.step(Step::Checkpoint).await.unwrap();
    world.ledger.set_most_away(true);
    let mut asked = 0;
    // A step that posts, and one that compares all logs first.
    for step in [Step::Post, Step::Sequence] {
        asked += 1;
        let outcome = world.step(step).await;
        assert!(
            matches!(
                outcome,
                Err(StepError::Ledger(LedgerError::TooFewNodes { .. }))
            ),
            "{outcome:?}"
        );
        assert_eq!(world.ledger.asked_in_vain(), asked);
    }
    world.ledger.set_most_away(false);
    world.settle().await;
    world.judge().await;
}
