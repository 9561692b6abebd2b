//! Leaves that someone without the leaf key puts among those that wait.

use super::{World, audit};
use model::Commitment;

/// Puts waiting leaves there, of records that never were.
async fn forge(world: &World, facility: usize, count: u8) {
    let id = world.facilities[facility].id;
    // Another key is as good as none.
    world.store.leaf_keys().set([&[9; 32]]);
    let forge = move |tx: &mut store::Tx| {
        (0..count).try_for_each(|number| {
            let commitment = Commitment::new([0xf0 | number; 32]);
            tx.audits().insert(id, &audit(commitment))
        })
    };
    world.store.run_tx("forge", &[], forge).await.unwrap();
    world.store.leaf_keys().set([&[1; 32]]);
}

#[tokio::test]
async fn what_no_key_of_ours_made_is_given_no_index_and_keeps_nothing_waiting() {
    let mut world = World::new(0).await;
    world.plant(0, 2).await;
    forge(&world, 0, 3).await;
    world.plant(0, 2).await;
    forge(&world, 1, 1).await;
    world.settle().await;
    world.judge().await;
    let status = world.service.status().read().await.unwrap();
    assert_eq!(status.refused_leaves, 4);
    assert_eq!(status.logs[0].size, 4);
    assert_eq!(status.logs[1].size, 0);
}
