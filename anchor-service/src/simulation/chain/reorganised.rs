//! Blocks that are not final go, however many.

use crate::simulation::{STEPS, Step, World};

#[tokio::test]
async fn reorganisations_of_every_depth_heal() {
    for depth in 1..=64 {
        for lost in [false, true] {
            let mut world = World::made().await;
            world.ledger.set_final_depth(64);
            world.restart();
            (0..64).for_each(|_| world.mine());
            for count in [2, 1] {
                world.plant(0, count).await;
                for step in [Step::Sequence, Step::Checkpoint, Step::Post] {
                    world.step(step).await.unwrap();
                }
                world.mine();
                world.step(Step::Post).await.unwrap();
            }
            (2..depth).for_each(|_| world.mine());
            // The newest anchor, and from depth 2 on the one before too.
            world.ledger.reorganise(depth, lost);
            let left = world.ledger.history(world.logs[0]).len();
            assert_eq!(left, usize::from(depth == 1), "{depth}");
            for _ in 0..4 {
                for step in STEPS {
                    world.step(step).await.unwrap();
                }
                (0..65).for_each(|_| world.mine());
                world.clock.advance_millis(60_000);
            }
            assert!(world.is_at_rest().await, "{depth}");
            world.judge().await;
        }
    }
}
