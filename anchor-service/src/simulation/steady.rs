//! The database breaks off while a service runs, and what answers then has less: that is named
//! before there is a leaf for it, whichever step met the break.

use super::{Fault, Step, World};
use crate::StepError;

/// A world in which this step has something to write, as its effect of the number that is given.
async fn before(step: Step) -> (World, u64) {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    world.plant(0, 2).await;
    world.step(Step::Sequence).await.unwrap();
    if step == Step::Checkpoint {
        // What is signed is kept outside the database first.
        return (world, 2);
    }
    world.step(Step::Checkpoint).await.unwrap();
    if step == Step::Finality {
        world.step(Step::Post).await.unwrap();
        world.mine();
        world.step(Step::Post).await.unwrap();
        (0..world.ledger.final_depth()).for_each(|_| world.mine());
    }
    (world, 1)
}

#[tokio::test]
async fn whichever_step_meets_a_break_the_logs_are_looked_at_again() {
    for step in [Step::Checkpoint, Step::Post, Step::Finality] {
        let (mut world, effect) = before(step).await;
        assert_eq!(world.service.step_sequence().await, Ok(0));
        world.ledger.faults.plan(effect, Fault::NotPersisted);
        let broken = match step {
            Step::Checkpoint => world.service.step_checkpoint().await,
            Step::Post => world.service.step_post().await,
            _ => world.service.step_finality().await,
        };
        let away = Err(StepError::Store(store::Error::Unavailable));
        assert_eq!(broken, away, "{step:?}");
        world.sql("DELETE FROM leaf; DELETE FROM tile; UPDATE log SET size = 0");
        let looked = world.service.step_sequence().await;
        assert!(
            matches!(looked, Err(StepError::Alarm(_))),
            "{step:?}: {looked:?}"
        );
    }
}

#[tokio::test]
async fn a_row_that_is_wrong_is_no_break() {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    world.sql("UPDATE meta SET value = 'nothing' WHERE name = 'registry'");
    let posted = world.service.step_post().await;
    assert_eq!(posted, Err(StepError::Store(store::Error::Registry)));
    // Nothing to be looked at again: only a look would name this.
    world.sql("DELETE FROM leaf; DELETE FROM tile; UPDATE log SET size = 0");
    assert_eq!(world.service.step_sequence().await, Ok(0));
}
