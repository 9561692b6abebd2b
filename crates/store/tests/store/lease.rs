//! The lease of the anchor-service, and the keys of logs.

use crate::{
    sequence::add_log,
    world::{World, at, on_both},
};
use store::{Error, StoredLease};

on_both! {
    a_lease_is_swapped_by_who_knows_it_and_by_nobody_else,
    a_log_has_one_key_until_it_is_given_more,
}

fn a_lease_is_swapped_by_who_knows_it_and_by_nobody_else(world: &World) {
    let store = world.open();
    let lease = |holder: u8, until: i64| StoredLease {
        holder: [holder; 16],
        name: format!("machine {holder}"),
        until: at(until),
    };
    let swap = |before: Option<StoredLease>, after: StoredLease| {
        store.run_tx_blocking("swap", &[], move |tx| {
            tx.lease().swap(before.as_ref(), &after)
        })
    };
    let find = || store.read_blocking("find", |reader| reader.lease().find());
    assert_eq!(find(), Ok(None));
    assert_eq!(swap(None, lease(1, 10)), Ok(()));
    assert_eq!(swap(None, lease(2, 10)), Err(Error::Taken("lease")));
    assert_eq!(swap(Some(lease(1, 10)), lease(1, 20)), Ok(()));
    for stale in [lease(1, 10), lease(2, 20)] {
        assert_eq!(swap(Some(stale), lease(2, 30)), Err(Error::Taken("lease")));
    }
    assert_eq!(find(), Ok(Some(lease(1, 20))));
    assert_eq!(swap(Some(lease(1, 20)), lease(2, 30)), Ok(()));
    assert_eq!(find(), Ok(Some(lease(2, 30))));
}

fn a_log_has_one_key_until_it_is_given_more(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north");
    let (id, first) = (log.id, log.public_key);
    let keys = || {
        let log = log.clone();
        let of = store.read_blocking("keys", move |reader| reader.log_keys().of(&log));
        let row = |key: store::StoredLogKey| (key.number, key.public_key, key.retired);
        of.expect("a read").into_iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(keys(), [(1, first, None)]);
    let insert = |number: u32, key: [u8; 32]| {
        store.run_tx_blocking("insert", &[], move |tx| {
            tx.log_keys().insert(id, number, key, at(5))
        })
    };
    let retire = |number: u32| {
        store.run_tx_blocking("retire", &[], move |tx| {
            tx.log_keys().retire(id, number, at(9))
        })
    };
    assert_eq!(insert(1, first), Ok(()));
    assert_eq!(insert(2, [7; 32]), Ok(()));
    assert_eq!(insert(2, [8; 32]), Err(Error::Taken("log key")));
    assert_eq!(insert(3, [7; 32]), Err(Error::Taken("log key")));
    assert_eq!(keys(), [(1, first, None), (2, [7; 32], None)]);
    assert_eq!(retire(1), Ok(()));
    assert_eq!(retire(1), Err(Error::Taken("log key's end")));
    assert_eq!(keys(), [(1, first, Some(at(9))), (2, [7; 32], None)]);
}
