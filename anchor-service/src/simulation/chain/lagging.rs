//! Nodes that lag or lose: what is said, and what stays.

use crate::StepError;
use crate::simulation::{STEPS, Step, World, service};
use model::Clock as _;
use std::time::Duration;

async fn posted(world: &mut World, count: usize) {
    world.plant(0, count).await;
    for step in STEPS {
        world.step(step).await.unwrap();
    }
}

#[tokio::test]
async fn a_chain_that_lost_final_blocks_is_named_while_something_waits() {
    let mut world = World::new(0).await;
    for _ in 0..3 {
        world.plant(0, 2).await;
        world.settle().await;
    }
    assert_eq!(world.ledger.history(world.logs[0]).len(), 3);
    posted(&mut world, 1).await;
    // The third anchor was final and is gone; what waits stands on a nonce above the gap.
    world.ledger.lose_last_anchor();
    for _ in 0..2 {
        let refused = world.step(Step::Post).await;
        let named = matches!(
            refused,
            Err(StepError::LedgerBehind {
                found: 2,
                last: 3,
                ..
            })
        );
        assert!(named, "{refused:?}");
    }
}

#[tokio::test]
async fn an_anchor_whose_receipt_is_late_is_no_strangers() {
    let mut world = World::new(0).await;
    posted(&mut world, 3).await;
    world.ledger.hide_receipts(true);
    world.mine();
    // The registry's event says that it is ours, and where it stands.
    world.settle().await;
    world.ledger.hide_receipts(false);
    world.judge().await;
    assert_eq!(
        world.ledger.history(world.logs[0]).len(),
        1,
        "and posted once"
    );
}

#[tokio::test]
async fn logs_that_do_not_fit_into_one_block_are_split() {
    let mut world = World::new(0).await;
    world.plant(0, 2).await;
    world.plant(1, 3).await;
    world.ledger.fit(1);
    world.settle().await;
    world.judge().await;
    for log in &world.logs {
        assert_eq!(world.ledger.history(*log).len(), 1);
    }
}

#[tokio::test]
async fn a_refusal_that_names_no_log_holds_up_no_other() {
    for refused in [0, 1] {
        let mut world = World::new(0).await;
        world.ledger.refuse(world.logs[refused], true);
        world.plant(0, 2).await;
        world.plant(1, 3).await;
        for step in [Step::Sequence, Step::Checkpoint] {
            world.step(step).await.unwrap();
        }
        for _ in 0..2 {
            let named = world.service.step_post().await;
            let StepError::NotAnchored { facility, .. } = named.unwrap_err() else {
                panic!("the log is named");
            };
            assert_eq!(facility, world.facilities[refused].name);
            world.mine();
        }
        let status = world.service.status().read().await.unwrap();
        let told: Vec<_> = status
            .logs
            .iter()
            .map(|log| log.refused.is_some())
            .collect();
        assert_eq!(told, [refused == 0, refused == 1]);
        let anchored = |log: usize| world.ledger.history(world.logs[log]).len();
        assert_eq!((anchored(refused), anchored(1 - refused)), (0, 1));
        world.ledger.refuse(world.logs[refused], false);
        world.settle().await;
        world.judge().await;
    }
}

#[tokio::test]
async fn attempts_without_number_cost_one_question() {
    let mut world = World::new(0).await;
    posted(&mut world, 2).await;
    for _ in 0..20 {
        world.ledger.forget();
        world.clock.advance_millis(60_000);
        world.step(Step::Post).await.unwrap();
    }
    assert_eq!(
        world.ledger.receipts_asked(),
        0,
        "nothing can be in a block"
    );
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn an_old_anchor_is_said_to_be_so_where_the_log_moves() {
    const LIMIT: i64 = 10_800_000;
    for heartbeat_seconds in [0, 3_600] {
        let mut world = World::new(heartbeat_seconds).await;
        world.plant(0, 2).await;
        world.settle().await;
        let overdue = async |world: &World| {
            let reader = world.service.status();
            let status = reader.read().await.unwrap();
            reader.overdue(&status, world.clock.now())
        };
        assert_eq!(overdue(&world).await, Vec::<String>::new());
        world.clock.advance_millis(LIMIT + 1_000_000);
        let old = overdue(&world).await;
        // A quiet log without heartbeats is as fresh as it can be.
        assert_eq!(old.len(), usize::from(heartbeat_seconds > 0), "{old:?}");
        world.plant(0, 1).await;
        world.step(Step::Sequence).await.unwrap();
        let old = overdue(&world).await;
        assert_eq!(old.len(), 1, "{old:?}");
        assert!(old[0].contains("the log of `a` is"), "{old:?}");
        world.settle().await;
        assert_eq!(overdue(&world).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_log_that_never_had_a_final_anchor_is_said_to_be_so() {
    const LIMIT: i64 = 10_800_000;
    let mut world = World::new(0).await;
    posted(&mut world, 2).await;
    let overdue = async |world: &World| {
        let reader = world.service.status();
        let status = reader.read().await.unwrap();
        reader.overdue(&status, world.clock.now())
    };
    world.clock.advance_millis(LIMIT);
    assert_eq!(overdue(&world).await, Vec::<String>::new());
    world.clock.advance_millis(60_000);
    let old = overdue(&world).await;
    let said = "the log of `a` was signed first 181 minutes ago and has no final anchor";
    assert!(old.len() == 1 && old[0].starts_with(said), "{old:?}");
    world.settle().await;
    assert_eq!(overdue(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn steps_beside_the_others_are_named_when_they_fail() {
    let mut world = World::new(0).await;
    world.plant(0, 2).await;
    world.settle().await;
    // A final anchor that lacks its evidence, and a node that is away.
    world.sql("UPDATE anchor SET evidence = NULL");
    world.ledger.faults.set_away(true);
    let (store, ledger, clock) = (&world.store, &world.ledger, &world.clock);
    let running = service(store, ledger, clock, &world.folder, 0);
    let status = running.status();
    let named = async {
        let is_named = |step| status.troubles().contains_key(step);
        while !(is_named("funds") && is_named("evidence")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    running.run(named).await.unwrap();
}
