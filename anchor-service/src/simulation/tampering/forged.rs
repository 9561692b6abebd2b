//! Leaves that someone without the leaf key puts among those that wait.

use crate::simulation::{Step, World, audit};
use model::Commitment;
use store::{LeafFault, Tile};
use tlog::{leaf::leaf_hash, tree::tile};

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

/// What the database's writer can do past us: leaves of his own with an index, in tiles and
/// size.
pub(crate) async fn append(world: &World, facility: usize, count: u8) {
    forge(world, facility, count).await;
    let id = world.facilities[facility].id;
    let append = move |tx: &mut store::Tx| {
        let log = tx.logs().find(id)?.unwrap();
        let mut leaves = tx.leaves().pending(id, 1_000)?;
        leaves.retain(|leaf| leaf.commitment.as_bytes()[0] >= 0xf0);
        let hashes: Vec<_> = leaves
            .iter()
            .map(|leaf| leaf_hash(&leaf.commitment))
            .collect();
        let read = |tile: tile::TileId| tx.logs().tile(log.id, tile.level, tile.index);
        let grown = tile::integrate(log.size, &hashes, read).unwrap();
        tx.leaves().sequence(&log, &leaves)?;
        let tiles: Vec<_> = grown.tiles.into_iter().map(stored).collect();
        tx.logs().put_tiles(log.id, &tiles)
    };
    world.store.run_tx("append", &[], append).await.unwrap();
}

fn stored((id, hashes): (tile::TileId, Vec<u8>)) -> Tile {
    Tile {
        level: id.level,
        index: id.index,
        hashes,
    }
}

/// As a gateway does with what has no mac: the planted ones are known, and others not.
async fn compare(world: &World, facility: usize) {
    let (id, planted) = (
        world.facilities[facility].id,
        world.planted[facility].clone(),
    );
    let compare = move |tx: &mut store::Tx| {
        for leaf in tx.leaves().without_mac(id, None, 1_000)? {
            let is_ours = planted
                .iter()
                .any(|ours| ours.as_bytes()[..] == leaf.commitment[..]);
            if is_ours {
                assert!(tx.leaves().show(id, &leaf)?);
            } else {
                assert!(tx.leaves().refuse(id, &leaf, LeafFault::Row)?);
            }
        }
        Ok(())
    };
    world.store.run_tx("compare", &[], compare).await.unwrap();
}

#[tokio::test]
async fn leaves_that_were_written_into_the_log_itself_are_not_signed() {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    append(&world, 0, 2).await;
    world.plant(0, 1).await;
    assert_eq!(
        world.step(Step::Sequence).await,
        Ok(0),
        "not on top of them"
    );
    assert_eq!(world.step(Step::Checkpoint).await, Ok(0));
    assert_eq!(world.step(Step::Sequence).await, Ok(1));
    compare(&world, 0).await;
    world.settle().await;
    world.judge().await;
    let status = world.service.status().read().await.unwrap();
    assert_eq!((status.refused_leaves, status.logs[0].size), (2, 4));
}

#[tokio::test]
async fn what_an_earlier_release_left_unsigned_is_signed_once_it_is_known() {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    world.plant(0, 2).await;
    assert_eq!(world.step(Step::Sequence).await, Ok(2));
    world.sql(
        "UPDATE log SET state_mac = NULL, keys_mac = NULL;
         UPDATE pending_leaf SET mac = NULL; UPDATE meta SET mac = NULL",
    );
    world.restart();
    assert_eq!(world.step(Step::Checkpoint).await, Ok(0));
    world.plant(0, 1).await;
    assert_eq!(world.step(Step::Sequence).await, Ok(1));
    compare(&world, 0).await;
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn without_a_key_of_a_log_nothing_is_taken_out_of_it() {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    append(&world, 0, 2).await;
    let (key, aside) = (
        world.folder.path().join("a-1.log-key"),
        world.folder.path().join("aside"),
    );
    std::fs::rename(&key, &aside).unwrap();
    world.restart();
    for _ in 0..2 {
        assert!(world.service.step_checkpoint().await.is_err());
        let status = world.service.status().read().await.unwrap();
        assert_eq!(status.logs[0].size, 5);
    }
    std::fs::rename(&aside, &key).unwrap();
    world.restart();
    assert_eq!(world.step(Step::Checkpoint).await, Ok(0));
    let status = world.service.status().read().await.unwrap();
    assert_eq!(status.logs[0].size, 3);
}
