//! Logs that move to another registry: by one host at a time, beside no service, and what
//! was closed stays closed.

use crate::simulation::{Step, World, two::Rival};
use crate::{
    Candidate, StepError,
    ledger::{ClosedEvent, ClosingReason, Refusal, memory::MemoryLedger},
    posting::{
        bound,
        move_registry::{Ledgers, MoveError, Mover},
    },
};
use store::Registry;

async fn anchored() -> World {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    world
}

/// A host that moves the logs of a world to a registry.
fn mover<'a>(world: &'a World, new: &'a MemoryLedger, number: u8) -> Mover<'a, MemoryLedger> {
    let me = Candidate {
        id: [number; 16],
        name: format!("host {number}"),
    };
    let ledgers = Ledgers {
        old: &world.ledger,
        new,
    };
    Mover::new(&world.store, ledgers, world.clock.clone(), me)
}

/// The registry that the database names.
async fn noted(world: &World) -> Option<Registry> {
    let find = |reader: &mut store::Reader| reader.registries().find();
    let found = world.store.read("registry", find).await.unwrap();
    found.shown().unwrap().now
}

#[tokio::test]
async fn logs_move_by_one_host_alone() {
    let world = anchored().await;
    let [second, third] = [world.ledger.another(), world.ledger.another().another()];
    let mut one = mover(&world, &second, 1);
    one.take().await.unwrap();
    let mut two = mover(&world, &third, 2);
    assert_eq!(two.set().await, Err(MoveError::Works));
    assert_eq!(two.compare().await, Err(MoveError::Works));
    // It took too long, and the other does not wait any more.
    world.clock.advance_millis(11_000);
    two.take().await.unwrap();
    assert_eq!(one.note().await, Err(MoveError::Works), "after it compared");
    assert_eq!(noted(&world).await, Some(bound::of(&world.ledger)));
    assert_eq!(two.set().await.unwrap().len(), 2);
    assert_eq!(noted(&world).await, Some(bound::of(&third)));
    assert!(one.set().await.is_err(), "not from where they are no more");
}

#[tokio::test]
async fn logs_move_beside_no_service() {
    let world = anchored().await;
    let new = world.ledger.another();
    let mut service = Rival::new(&world, 7, 100_000_000);
    let mut mover = mover(&world, &new, 1);
    mover.take().await.unwrap();
    assert!(service.works().await, "its clock says that it may");
    assert_eq!(mover.note().await, Err(MoveError::Works));
    assert_eq!(noted(&world).await, Some(bound::of(&world.ledger)));
}

const CLOSED: ClosedEvent = ClosedEvent {
    reason: ClosingReason::LogKey,
    successor: None,
};

#[tokio::test]
async fn what_was_closed_moves_closed() {
    let mut world = anchored().await;
    let (new, log) = (world.ledger.another(), world.logs[0]);
    world.ledger.close(log, CLOSED);
    let shown = mover(&world, &new, 1).compare().await.unwrap();
    let closed: Vec<_> = shown
        .iter()
        .map(|log| (log.closed, log.is_carried))
        .collect();
    assert_eq!(closed, [(Some(CLOSED), false), (None, true)]);
    let open = mover(&world, &new, 1).set().await;
    assert!(
        matches!(open, Err(MoveError::Open { log_id, .. }) if log_id == log),
        "{open:?}"
    );
    assert_eq!(noted(&world).await, Some(bound::of(&world.ledger)));

    // Closed there for another reason, or though it is open here.
    let otherwise = world.ledger.another();
    let reason = ClosingReason::SubmitterKey;
    otherwise.close(log, ClosedEvent { reason, ..CLOSED });
    let shut = world.ledger.another();
    shut.close(log, CLOSED);
    shut.close(world.logs[1], CLOSED);
    for wrong in [&otherwise, &shut] {
        let refused = mover(&world, wrong, 1).set().await;
        assert!(
            matches!(refused, Err(MoveError::ClosedOtherwise { .. })),
            "{refused:?}"
        );
    }

    new.close(log, CLOSED);
    mover(&world, &new, 1).set().await.unwrap();
    world.ledger = new;
    world.restart();
    world.plant(1, 2).await;
    for step in [Step::Sequence, Step::Checkpoint] {
        world.step(step).await.unwrap();
    }
    let posted = world.service.step_post().await;
    let refusal = Refusal::Closed { log_id: log };
    let facility = world.facilities[0].name.clone();
    assert_eq!(posted, Err(StepError::NotAnchored { facility, refusal }));
    world.mine();
    assert_eq!(world.ledger.history(log).len(), 0);
    assert_eq!(world.ledger.history(world.logs[1]).len(), 1);
}

#[tokio::test]
async fn the_log_that_goes_on_is_named_there_too() {
    let world = anchored().await;
    let (new, log) = (world.ledger.another(), world.logs[0]);
    let successor = Some(world.logs[1]);
    world.ledger.close(
        log,
        ClosedEvent {
            successor,
            ..CLOSED
        },
    );
    new.close(log, CLOSED);
    let open = mover(&world, &new, 1).set().await;
    assert!(matches!(open, Err(MoveError::Open { .. })), "{open:?}");
    new.close(
        log,
        ClosedEvent {
            successor,
            ..CLOSED
        },
    );
    assert!(mover(&world, &new, 1).set().await.is_ok());
}
