//! Two services over one database: what one does between two looks of the other.

use super::{Step, World};
use crate::{alarm::Bell, guard, journal::Journal};

#[tokio::test]
async fn what_the_other_anchored_since_the_row_was_read_is_no_lost_leaf() {
    let mut world = World::new(0).await;
    let journal = Journal::new(world.store.clone());
    let old = journal.all_logs().await.unwrap().remove(0);
    assert_eq!(old.size, 0);
    world.plant(0, 4).await;
    world.settle().await;
    let bell = Bell::default();
    let head = guard::head(&journal, &world.ledger, &bell, &old).await;
    assert_eq!(head.unwrap().unwrap().size, 4);
    assert_eq!(bell.rung(), None);

    // And between the head and what was final before.
    world.plant(0, 1).await;
    world.step(Step::Sequence).await.unwrap();
    guard::check_all(&journal, &world.ledger, &bell)
        .await
        .unwrap();
    world.settle().await;
    world.judge().await;
}
