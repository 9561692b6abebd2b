//! Epochs: what a decision read is compared in the transaction that acts on it.

use crate::{
    rows::{tag, version},
    world::{World, add_facility, on_both},
};
use model::{EpochRead, Tag};
use store::{Error, FacilityId, Store};

on_both! {
    a_missing_epoch_is_zero_and_a_bump_adds_one,
    a_moved_epoch_leaves_nothing_written,
    bumps_of_many_transactions_are_all_counted,
    a_bump_counts_at_once_in_its_own_transaction,
}

fn read(store: &Store, facility: FacilityId, scopes: &[Tag]) -> Vec<u64> {
    store
        .read_blocking("read", |reader| reader.epochs().read(facility, scopes))
        .expect("a read")
        .iter()
        .map(|epoch| epoch.number)
        .collect()
}

fn bump(store: &Store, facility: FacilityId, scope: Tag) {
    store
        .run_tx_blocking("bump", &[], move |tx| tx.epochs().bump(facility, scope))
        .expect("a bump");
}

fn a_missing_epoch_is_zero_and_a_bump_adds_one(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    let scopes = [Tag::ZERO, tag(1), tag(2)];
    assert_eq!(read(&store, facility, &scopes), [0, 0, 0]);
    bump(&store, facility, Tag::ZERO);
    bump(&store, facility, tag(2));
    bump(&store, facility, tag(2));
    assert_eq!(read(&store, facility, &scopes), [1, 0, 2]);
    assert_eq!(read(&store, facility, &[tag(2), Tag::ZERO]), [2, 1]);
    assert_eq!(read(&store, other, &scopes), [0, 0, 0]);
    assert_eq!(read(&store, facility, &[]), []);
}

fn a_moved_epoch_leaves_nothing_written(world: &World) {
    let (store, facility) = world.with_facility();
    bump(&store, facility, tag(1));
    let epochs = vec![
        EpochRead {
            scope: Tag::ZERO,
            number: 0,
        },
        EpochRead {
            scope: tag(1),
            number: 1,
        },
    ];
    let act = |record| {
        let epochs = epochs.clone();
        store.run_tx_blocking("act", &[], move |tx| {
            tx.versions().insert(facility, &version(record, 1))?;
            tx.epochs().require(facility, &epochs)
        })
    };
    assert_eq!(act(10), Ok(()));
    bump(&store, facility, Tag::ZERO);
    assert_eq!(act(11), Err(Error::EpochMoved));
    let current = |record| {
        store
            .read_blocking("current", |reader| {
                reader.versions().current(facility, tag(record))
            })
            .expect("a read")
    };
    assert!(current(10).is_some());
    assert_eq!(current(11), None);
}

fn bumps_of_many_transactions_are_all_counted(world: &World) {
    let (store, facility) = world.with_facility();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..25).for_each(|_| bump(&store, facility, tag(1))));
        }
    });
    assert_eq!(read(&store, facility, &[tag(1)]), [100]);
}

fn a_bump_counts_at_once_in_its_own_transaction(world: &World) {
    let (store, facility) = world.with_facility();
    let at = |number| EpochRead {
        scope: tag(1),
        number,
    };
    let compared = store.run_tx_blocking("bump", &[], move |tx| {
        let before = tx.epochs().require(facility, &[at(0)]);
        tx.epochs().bump(facility, tag(1))?;
        let after = [0, 1].map(|number| tx.epochs().require(facility, &[at(number)]));
        Ok((before, after))
    });
    let expected = (Ok(()), [Err(Error::EpochMoved), Ok(())]);
    assert_eq!(compared, Ok(expected));
}
