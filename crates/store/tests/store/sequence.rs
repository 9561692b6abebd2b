//! Sequencing: every waiting leaf gets one index, whoever else is at it.

use crate::{
    rows::{audit, insert, insert_audit, number, pending, tag, version},
    world::{World, add_facility, on_both},
};
use model::{LogId, Tag};
use std::thread;
use store::{Error, FacilityId, LeafPlace, Log, NewLog, Store, Taken};

on_both! {
    waiting_leaves_get_the_next_indices,
    a_log_that_has_moved_takes_nothing,
    a_leaf_is_sequenced_once,
    leaves_of_another_facility_stay,
    every_leaf_gets_one_index_while_others_write,
}

pub fn add_log(store: &Store, facility: FacilityId, origin: &str) -> Log {
    let new = NewLog {
        facility,
        epoch: 1,
        origin: origin.to_owned(),
        log_id: LogId::new([u8::try_from(origin.len()).expect("short"); 32]),
        public_key: [3; 32],
    };
    store
        .run_tx_blocking("log", &[], move |tx| tx.logs().insert(&new))
        .expect("a new log")
}

fn log(store: &Store, facility: FacilityId) -> Log {
    store
        .read_blocking("log", |reader| reader.logs().find(facility))
        .expect("a read")
        .expect("a log")
}

/// One turn of a sequencer, in one transaction.
pub fn sequence(store: &Store, facility: FacilityId, limit: u32) -> Result<u64, Error> {
    store.run_tx_blocking("sequence", &[], move |tx| {
        let log = tx.logs().find(facility)?.ok_or(Error::Corrupt("log"))?;
        let leaves = tx.leaves().pending(facility, limit)?;
        tx.leaves().sequence(&log, &leaves)
    })
}

fn waiting_leaves_get_the_next_indices(world: &World) {
    let (store, facility) = world.with_facility();
    let first = add_log(&store, facility, "log.example.org/log/north");
    assert_eq!(first.size, 0);
    for record in 10..15 {
        insert(&store, facility, version(record, 1));
    }
    insert_audit(&store, facility, audit(20, 0, &[]));
    assert_eq!(sequence(&store, facility, 4), Ok(4));
    assert_eq!(pending(&store, facility).len(), 2);
    assert_eq!(sequence(&store, facility, 100), Ok(6));
    assert_eq!(sequence(&store, facility, 100), Ok(6), "nothing waits");
    assert_eq!(log(&store, facility).size, 6);
    let leaves = |record: u32, of: u32| {
        store
            .read_blocking("leaves", |reader| {
                reader.leaves().of_row(facility, tag(record), number(of))
            })
            .expect("a read")
    };
    let place = |record, of| leaves(record, of).pop().and_then(|leaf| leaf.place);
    assert_eq!(
        place(13, 1),
        Some(LeafPlace {
            log: first.id,
            index: 3
        })
    );
    assert_eq!(
        place(20, 1),
        Some(LeafPlace {
            log: first.id,
            index: 5
        })
    );
    assert_eq!(leaves(13, 2), []);
    let range = store
        .read_blocking("range", |reader| reader.leaves().range(first.id, 2, 3))
        .expect("a read");
    let records: Vec<_> = range.iter().map(|leaf| (leaf.index, leaf.record)).collect();
    assert_eq!(records, [(2, tag(12)), (3, tag(13)), (4, tag(14))]);
    assert_eq!(range[0].commitment, version(12, 1).commitment);
}

fn a_log_that_has_moved_takes_nothing(world: &World) {
    let (store, facility) = world.with_facility();
    let stale = add_log(&store, facility, "log.example.org/log/north");
    for record in 10..14 {
        insert(&store, facility, version(record, 1));
    }
    assert_eq!(sequence(&store, facility, 2), Ok(2));
    let leaves = pending(&store, facility);
    let late = store.run_tx_blocking("late", &[], move |tx| tx.leaves().sequence(&stale, &leaves));
    assert_eq!(late, Err(Error::Taken(Taken::LogSize)));
    assert_eq!(pending(&store, facility).len(), 2);
    assert_eq!(log(&store, facility).size, 2);
}

fn a_leaf_is_sequenced_once(world: &World) {
    let (store, facility) = world.with_facility();
    add_log(&store, facility, "log.example.org/log/north");
    for record in 10..14 {
        insert(&store, facility, version(record, 1));
    }
    let leaves = pending(&store, facility);
    assert_eq!(sequence(&store, facility, 2), Ok(2));
    let log_now = log(&store, facility);
    let again = store.run_tx_blocking("again", &[], move |tx| {
        tx.leaves().sequence(&log_now, &leaves)
    });
    assert_eq!(again, Err(Error::Taken(Taken::PendingLeaf)));
    assert_eq!(log(&store, facility).size, 2, "nothing of it was kept");
    assert_eq!(pending(&store, facility).len(), 2);
}

/// Their ids lie between those that are sequenced.
fn leaves_of_another_facility_stay(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    add_log(&store, facility, "log.example.org/log/north");
    for record in 10..16 {
        let of = if record % 2 == 0 { facility } else { other };
        insert(&store, of, version(record, 1));
    }
    assert_eq!(sequence(&store, facility, 100), Ok(3));
    assert_eq!(pending(&store, facility), []);
    let left: Vec<_> = pending(&store, other)
        .iter()
        .map(|leaf| leaf.record)
        .collect();
    assert_eq!(left, [tag(11), tag(13), tag(15)]);
}

fn every_leaf_gets_one_index_while_others_write(world: &World) {
    let (store, facility) = world.with_facility();
    let first = add_log(&store, facility, "log.example.org/log/north");
    thread::scope(|threads| {
        for base in [1000, 2000, 3000] {
            let store = &store;
            threads.spawn(move || {
                (base..base + 60).for_each(|record| insert(store, facility, version(record, 1)));
            });
        }
        for _ in 0..2 {
            threads.spawn(|| {
                for _ in 0..20 {
                    let turn = sequence(&store, facility, 7);
                    assert!(
                        matches!(turn, Ok(_) | Err(Error::Taken(_))),
                        "a sequencer that comes too late is told so: {turn:?}"
                    );
                }
            });
        }
    });
    while !pending(&store, facility).is_empty() {
        sequence(&store, facility, 50).expect("no one else is at it");
    }
    let leaves = store
        .read_blocking("range", |reader| reader.leaves().range(first.id, 0, 1000))
        .expect("a read");
    assert!(leaves.iter().map(|leaf| leaf.index).eq(0..180));
    let mut records: Vec<Tag> = leaves.iter().map(|leaf| leaf.record).collect();
    records.sort_unstable();
    records.dedup();
    assert_eq!(records.len(), 180);
}
