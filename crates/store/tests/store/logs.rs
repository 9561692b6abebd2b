//! Logs, tiles and checkpoints.

use crate::{
    sequence::add_log,
    world::{World, at, on_both},
};
use model::Digest;
use store::{Error, StoredCheckpoint, Taken, Tile};

on_both! {
    a_log_is_added_once,
    a_wider_tile_takes_the_place_of_a_narrower,
    checkpoints_are_found_by_size_and_by_leaf,
}

fn a_log_is_added_once(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north");
    let new = store::NewLog {
        facility,
        epoch: 2,
        origin: log.origin.clone(),
        log_id: model::LogId::new([99; 32]),
        public_key: [1; 32],
    };
    let again = store.run_tx_blocking("again", &[], move |tx| tx.logs().insert(&new));
    assert_eq!(again, Err(Error::Taken(Taken::Log)));
    let (list, got) = store
        .read_blocking("list", |reader| {
            let list = reader.logs().list()?;
            Ok((list, reader.logs().get(log.id)?))
        })
        .expect("a read");
    assert_eq!(list, std::slice::from_ref(&log));
    assert_eq!(got, Some(log));
}

fn a_wider_tile_takes_the_place_of_a_narrower(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north").id;
    let tile = |level: u8, index: u64, width: usize| Tile {
        level,
        index,
        hashes: vec![level; 32 * width],
    };
    let put = |tiles: Vec<Tile>| {
        store.run_tx_blocking("put", &[], move |tx| tx.logs().put_tiles(log, &tiles))
    };
    assert_eq!(
        put(vec![tile(0, 0, 256), tile(0, 1, 3), tile(1, 0, 1)]),
        Ok(())
    );
    assert_eq!(put(vec![tile(0, 1, 9)]), Ok(()));
    let widths = store
        .read_blocking("get", |reader| {
            let mut logs = reader.logs();
            [(0, 0), (0, 1), (1, 0), (1, 1)]
                .map(|(level, index)| logs.tile(log, level, index))
                .into_iter()
                .map(|tile| tile.map(|tile| tile.map_or(0, |hashes| hashes.len() / 32)))
                .collect::<Result<Vec<_>, _>>()
        })
        .expect("a read");
    assert_eq!(widths, [256, 9, 1, 0]);
}

fn checkpoints_are_found_by_size_and_by_leaf(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north").id;
    let checkpoint = |size: u64| StoredCheckpoint {
        size,
        root: Digest::new([u8::try_from(size).expect("small"); 32]),
        time: at(i64::try_from(size).expect("small")),
        note: format!("note of {size}\n"),
    };
    let insert = |size| {
        store.run_tx_blocking("insert", &[], move |tx| {
            tx.logs().insert_checkpoint(log, &checkpoint(size))
        })
    };
    for size in [4, 9, 20] {
        assert_eq!(insert(size), Ok(()));
    }
    assert_eq!(insert(9), Err(Error::Taken(Taken::Checkpoint)));
    // One that somebody else put there goes, and no other.
    let put = |new: StoredCheckpoint| {
        store.run_tx_blocking("put", &[], move |tx| tx.logs().put_checkpoint(log, &new))
    };
    let other = StoredCheckpoint {
        note: "x".to_owned(),
        ..checkpoint(9)
    };
    assert_eq!((put(other), put(checkpoint(9))), (Ok(()), Ok(())));
    // Nor does one hold anything up whose time was edited.
    world.sql("UPDATE checkpoint SET time_ms = 9000000000000000000 WHERE size = 9");
    assert_eq!(put(checkpoint(9)), Ok(()));
    let newest = |most, limit| {
        let read = move |reader: &mut store::Reader| {
            reader.log_pages().newest_checkpoints(log, most, limit)
        };
        let rows = store.read_blocking("newest", read).expect("a read");
        rows.into_iter().map(|row| row.number).collect::<Vec<_>>()
    };
    assert_eq!(newest(i64::MAX, 2), [20, 9]);
    assert_eq!(newest(9, 2), [9, 4]);
    let covering = |index| {
        store
            .read_blocking("covering", |reader| {
                reader.log_pages().checkpoints(log, index, 1)
            })
            .expect("a read")
            .pop()
            .map(|row| row.number)
    };
    assert_eq!(
        [0, 3, 4, 8, 19, 20]
            .map(covering)
            .map(|size| size.unwrap_or(0)),
        [4, 4, 9, 9, 20, 0]
    );
    let (nine, newest) = store
        .read_blocking("find", |reader| {
            let nine = reader.logs().checkpoint(log, 9)?;
            Ok((nine, reader.logs().newest_checkpoint(log)?))
        })
        .expect("a read");
    assert_eq!(nine, Some(checkpoint(9)));
    assert_eq!(newest, Some(checkpoint(20)));
}
