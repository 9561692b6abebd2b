//! One fault at a time, at every effect there is, of either kind.

use crate::simulation::{Fault, STEPS, Step, World};
use crate::{
    Alarm, Holder, StepError,
    ledger::{Extension, Ledger as _},
};
use model::{Clock as _, Digest};

/// A short life: growth, posts, finality, with a fault on the way. Gives whether
/// the fault came.
async fn life(effect: u64, fault: Fault) -> bool {
    let mut world = World::new(0).await;
    world.ledger.faults.plan(effect, fault);
    for (a, b) in [(3, 0), (260, 1), (0, 5)] {
        world.plant(0, a).await;
        world.plant(1, b).await;
        for step in STEPS {
            drop(world.step(step).await);
        }
        world.mine();
        world.clock.advance_millis(2_000);
    }
    let fired = world.ledger.faults.clear();
    world.settle().await;
    world.judge().await;
    assert_eq!(world.crashes > 0, fired);
    fired
}

#[tokio::test]
async fn no_crash_between_two_effects_loses_or_doubles_anything() {
    for fault in [Fault::NotPersisted, Fault::Persisted] {
        let mut effect = 1;
        while life(effect, fault).await {
            effect += 1;
        }
        println!("{} effects, {fault:?}", effect - 1);
        assert!(effect > 12, "the life is long enough to mean something");
    }
}

#[tokio::test]
async fn a_ledger_that_is_away_holds_up_nothing_but_anchors() {
    let mut world = World::new(0).await;
    world.ledger.faults.set_away(true);
    world.plant(0, 10).await;
    // Nothing is sequenced before the log was compared with the registry.
    assert!(matches!(
        world.step(Step::Sequence).await,
        Err(StepError::Ledger(_))
    ));
    world.ledger.faults.set_away(false);
    assert_eq!(world.step(Step::Sequence).await, Ok(10));
    world.ledger.faults.set_away(true);
    world.plant(0, 10).await;
    assert_eq!(world.service.step_sequence().await, Ok(10));
    assert_eq!(world.service.step_checkpoint().await, Ok(1));
    assert!(world.service.step_post().await.is_err());
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn a_transaction_that_nodes_forget_is_sent_again_and_then_replaced() {
    let mut world = World::new(0).await;
    world.plant(0, 2).await;
    for step in STEPS {
        world.step(step).await.unwrap();
    }
    world.ledger.forget();
    world.step(Step::Post).await.unwrap();
    world.mine();
    assert_eq!(
        world.ledger.history(world.logs[0]).len(),
        0,
        "not yet: ten seconds"
    );
    world.clock.advance_millis(10_000);
    world.step(Step::Post).await.unwrap();
    world.ledger.forget();
    world.clock.advance_millis(60_000);
    world.step(Step::Post).await.unwrap();
    let count = world
        .store
        .read("posts", |r| r.posts().list(&[store::PostState::Replaced]))
        .await;
    assert_eq!(count.unwrap().len(), 1);
    world.settle().await;
    world.judge().await;
    assert_eq!(world.ledger.history(world.logs[0]).len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_set_back_or_forward_leaves_nothing_stuck() {
    for set in [-86_400_000, 86_400_000] {
        let mut world = World::new(0).await;
        world.clock.advance_millis(100_000_000);
        world.plant(0, 2).await;
        for step in STEPS {
            world.step(step).await.unwrap();
        }
        world.clock.advance_millis(set);
        world.ledger.forget();
        world.plant(0, 1).await;
        world.settle().await;
        world.judge().await;
        assert!(!world.ledger.history(world.logs[0]).is_empty());
    }
}

#[tokio::test]
async fn a_quiet_log_is_anchored_again_after_the_heartbeat() {
    let mut world = World::new(3_600).await;
    world.plant(0, 2).await;
    world.settle().await;
    assert_eq!(world.ledger.history(world.logs[0]).len(), 1);
    world.clock.advance_millis(3_600_000);
    world.settle().await;
    let history = world.ledger.history(world.logs[0]);
    assert_eq!(history.len(), 2);
    assert_eq!(
        (history[0].size, history[0].root),
        (history[1].size, history[1].root)
    );
    world.judge().await;
}

#[tokio::test]
async fn a_nonce_taken_by_a_stranger_is_given_up_and_the_anchors_posted_anew() {
    let mut world = World::new(0).await;
    world.plant(0, 2).await;
    for step in STEPS {
        world.step(step).await.unwrap();
    }
    world.ledger.intrude(Vec::new(), world.clock.now());
    world.settle().await;
    world.judge().await;
    assert_eq!(world.ledger.history(world.logs[0]).len(), 1);
}

#[tokio::test]
async fn a_head_that_is_not_ours_stops_the_service() {
    let mut world = World::new(0).await;
    world.plant(0, 4).await;
    let log_id = world.logs[0];
    let root = Digest::new([1; 32]);
    let foreign = |size| Extension {
        log_id,
        seq: 1,
        size,
        root,
        consistency: Vec::new(),
    };
    world.step(Step::Sequence).await.unwrap();
    world.ledger.intrude(vec![foreign(4)], world.clock.now());
    assert_eq!(world.ledger.head(log_id).await.unwrap().unwrap().size, 4);
    world.restart();
    let facility = world.facilities[0].name.clone();
    let forked = Alarm::Forked {
        facility,
        log_id,
        size: 4,
        holder: Holder::Registry,
    };
    assert_eq!(
        world.service.step_sequence().await,
        Err(forked.clone().into())
    );
    for outcome in [
        world.service.step_sequence().await,
        world.service.step_checkpoint().await,
        world.service.step_post().await,
    ] {
        assert_eq!(outcome, Err(forked.clone().into()), "it stays stopped");
    }
    let status = world.service.status().read().await.unwrap();
    assert_eq!(status.alarm, Some(forked));

    let mut world = World::new(0).await;
    let ahead = Extension {
        log_id: world.logs[0],
        ..foreign(9)
    };
    world.ledger.intrude(vec![ahead], world.clock.now());
    world.plant(0, 4).await;
    let behind = world.service.step_sequence().await.unwrap_err();
    assert!(matches!(
        behind,
        StepError::Alarm(Alarm::Behind {
            local: 0,
            size: 9,
            ..
        })
    ));
    assert!(behind.to_string().contains("\"Restore\" in the runbook"));
    let count = world.service.status().read().await.unwrap().pending;
    assert_eq!(count, 4, "nothing was sequenced");
}

#[tokio::test]
async fn another_ledger_under_the_same_database_is_noticed() {
    let mut world = World::new(0).await;
    world.plant(0, 4).await;
    world.settle().await;
    world.judge().await;
    // The same chain id and registry, but an empty chain.
    world.ledger = crate::ledger::memory::MemoryLedger::default();
    world.restart();
    let outcome = world.service.step_sequence().await;
    assert!(matches!(
        outcome,
        Err(StepError::LedgerBehind {
            found: 0,
            last: 1,
            ..
        })
    ));
}
