//! What is paid for gas, where a node lies or forgets, and where it is right again.

use crate::{
    ledger::{GWEI, memory::Lie},
    simulation::{STEPS, Step, World},
};

/// One anchor is sent, by a node that says this.
async fn sent(gwei: u64, lie: Option<Lie>) -> World {
    let mut world = World::new(0).await;
    world.ledger.set_price(gwei);
    if let Some(lie) = lie {
        world.ledger.lie(lie);
    }
    world.plant(0, 2).await;
    for step in STEPS {
        world.step(step).await.unwrap();
    }
    world
}

/// What was offered last, once what is stuck was replaced.
async fn replaced(world: &mut World) -> (u128, u128) {
    world.clock.advance_millis(60_000);
    world.step(Step::Post).await.unwrap();
    *world.ledger.offers().last().unwrap()
}

async fn settle(mut world: World) {
    world.settle().await;
    world.judge().await;
    assert_eq!(world.ledger.history(world.logs[0]).len(), 1);
}

#[tokio::test]
async fn what_no_node_has_is_made_anew_at_the_days_price() {
    let mut world = sent(90, None).await;
    assert_eq!(world.ledger.offers(), [(181 * GWEI, GWEI)]);
    world.ledger.forget();
    world.ledger.set_price(1);
    assert_eq!(replaced(&mut world).await, (3 * GWEI, GWEI));
    // What the node has is raised.
    let raised = (3 * GWEI + 3 * GWEI / 10 + 1, GWEI + GWEI / 10 + 1);
    assert_eq!(replaced(&mut world).await, raised);
    settle(world).await;
}

#[tokio::test]
async fn a_false_tip_is_bounded_and_forgotten_with_what_was_made_by_it() {
    let mut world = sent(1, Some(Lie::Tip)).await;
    assert_eq!(world.ledger.offers(), [(102 * GWEI, 100 * GWEI)]);
    world.ledger.forget();
    assert_eq!(replaced(&mut world).await, (3 * GWEI, GWEI));
    settle(world).await;
}
