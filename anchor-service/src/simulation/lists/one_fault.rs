//! A fault of one log at a start, or of one anchor that is to become final: it is named with its
//! log, and the others go on.

use crate::simulation::{Step, World};
use crate::{StepError, keys::signed::SignedError};
use model::{AnchorState, LogId};
use serde_json::Value;
use std::fs;
use store::Reader;
use tlog::notes::checkpoint::Origin;

/// Whether this is about the log of the first facility.
fn is_of_a<T>(outcome: &Result<T, StepError>) -> bool {
    match outcome {
        Err(
            StepError::LeftOut { facility, .. }
            | StepError::NotAdopted { facility, .. }
            | StepError::OtherAnchor { facility, .. },
        ) => facility.as_str() == "a",
        _ => false,
    }
}

/// What the keys of the first log signed last is gone.
fn forget_signed(world: &World) {
    let path = world.folder.path().join("signed.json");
    let mut content: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let of_a = |note: &Value| note.as_str().unwrap().starts_with("gw.test/log/a\n");
    let notes = content["logs"].as_array_mut().unwrap();
    notes.retain(|note| !of_a(note));
    assert_eq!(notes.len(), 1);
    fs::write(path, content.to_string()).unwrap();
}

fn damage_tiles(world: &World) {
    world.sql("UPDATE tile SET hashes = x'01' WHERE log_id = 1");
}

/// With leaves that wait for both.
async fn two_logs() -> World {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.plant(1, 1).await;
    world
}

#[tokio::test]
async fn a_log_that_cannot_be_compared_at_a_start_holds_up_no_other() {
    for damage in [forget_signed, damage_tiles] {
        let mut world = two_logs().await;
        world.settle().await;
        let signed = world.folder.path().join("signed.json");
        let kept = fs::read(&signed).unwrap();
        world.sql("CREATE TABLE kept AS SELECT * FROM tile");
        damage(&world);
        world.restart();
        world.plant(0, 1).await;
        world.plant(1, 2).await;
        let checked = world.service.check().await;
        assert!(is_of_a(&checked), "{checked:?}");
        for _ in 0..6 {
            let sequenced = world.service.step_sequence().await;
            let signed = world.service.step_checkpoint().await;
            assert!(
                is_of_a(&sequenced) && is_of_a(&signed),
                "{sequenced:?} {signed:?}"
            );
            let _ = world.service.step_post().await;
            world.mine();
            world.service.step_finality().await.unwrap();
        }
        assert_eq!(sizes(&world).await, [3, 3]);
        assert_eq!(final_sizes(&world, world.logs[1]).await, [1, 3]);
        assert!(!world.service.status().compared(), "writes are held still");
        let kept_again = fs::read(&signed).unwrap();
        let mut put_back: Value = serde_json::from_slice(&kept).unwrap();
        put_back["logs"][1] = of_b(&kept_again);
        fs::write(&signed, put_back.to_string()).unwrap();
        world.sql("INSERT OR REPLACE INTO tile SELECT * FROM kept WHERE log_id = 1");
        world.sql("DROP TABLE kept");
        assert_eq!(world.service.step_sequence().await, Ok(1));
        assert!(world.service.status().compared());
        world.settle().await;
        world.judge().await;
    }
}

/// What the keys of the second log signed last.
fn of_b(file: &[u8]) -> Value {
    let content: Value = serde_json::from_slice(file).unwrap();
    let notes = content["logs"].as_array().unwrap();
    notes.last().unwrap().clone()
}

#[tokio::test]
async fn a_damaged_signed_state_stops_its_own_log_alone() {
    for is_started in [false, true] {
        let mut world = two_logs().await;
        world.settle().await;
        let origin: Origin = "gw.test/log/a".parse().unwrap();
        world.ledger.faults.damage_state(Some(origin));
        if is_started {
            world.restart();
        }
        world.plant(0, 1).await;
        world.plant(1, 2).await;
        let mut named = (false, false);
        for _ in 0..8 {
            let sequenced = world.service.step_sequence().await;
            let signed = world.service.step_checkpoint().await;
            named = (is_damaged(&sequenced), is_damaged(&signed));
            let _ = world.service.step_post().await;
            world.mine();
            world.service.step_finality().await.unwrap();
        }
        assert_eq!(named, (true, true));
        assert_eq!(final_sizes(&world, world.logs[0]).await, [3]);
        assert_eq!(final_sizes(&world, world.logs[1]).await, [1, 3]);
        world.ledger.faults.damage_state(None);
        world.settle().await;
        world.judge().await;
    }
}

fn is_damaged<T>(outcome: &Result<T, StepError>) -> bool {
    let named = |error: &SignedError| match error {
        SignedError::DamagedRow { origin, .. } => origin == "gw.test/log/a",
        _ => false,
    };
    matches!(outcome, Err(StepError::Signed(error)) if named(error))
}

#[tokio::test]
async fn an_anchor_that_somebody_changed_keeps_no_other_from_becoming_final() {
    let mut world = two_logs().await;
    for step in [Step::Sequence, Step::Checkpoint, Step::Post] {
        world.step(step).await.unwrap();
    }
    world.mine();
    world.step(Step::Post).await.unwrap();
    // Both went with one transaction.
    world.sql("UPDATE anchor SET size = 2 WHERE log_id = 1");
    for _ in 0..4 {
        world.mine();
    }
    world.plant(1, 1).await;
    for step in [Step::Sequence, Step::Checkpoint, Step::Post] {
        world.step(step).await.unwrap();
    }
    for _ in 0..4 {
        world.mine();
        world.step(Step::Post).await.unwrap();
        let outcome = world.service.step_finality().await;
        assert!(is_of_a(&outcome), "{outcome:?}");
    }
    assert_eq!(final_sizes(&world, world.logs[0]).await, [0; 0]);
    assert_eq!(final_sizes(&world, world.logs[1]).await, [1, 2]);
    world.sql("UPDATE anchor SET size = 3 WHERE log_id = 1");
    world.settle().await;
    world.judge().await;
}

/// Leaves of the logs.
async fn sizes(world: &World) -> Vec<u64> {
    let list = |reader: &mut Reader| reader.logs().list();
    let logs = world.store.read("logs", list).await.unwrap();
    logs.iter().map(|log| log.size).collect()
}

/// Sizes of a log's final anchors.
async fn final_sizes(world: &World, log: LogId) -> Vec<u64> {
    let read = move |reader: &mut Reader| {
        let logs = reader.logs().list()?;
        let log = logs.iter().find(|one| one.log_id == log).unwrap().id;
        let anchors = (1..).map_while(|seq| reader.anchors().find(log, seq).transpose());
        anchors.collect::<Result<Vec<_>, _>>()
    };
    let anchors = world.store.read("anchors", read).await.unwrap();
    let is_final = |anchor: &&store::Anchor| matches!(anchor.state, AnchorState::Finalized { .. });
    let finals = anchors.iter().filter(is_final);
    finals.map(|anchor| anchor.new.size).collect()
}
