//! The lease of the anchor-service.

use crate::world::{World, at, on_both};
use store::{Error, StoredLease, Taken};

on_both! {
    a_lease_is_swapped_by_who_knows_it_and_by_nobody_else,
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
    assert_eq!(swap(None, lease(2, 10)), Err(Error::Taken(Taken::Lease)));
    assert_eq!(swap(Some(lease(1, 10)), lease(1, 20)), Ok(()));
    for stale in [lease(1, 10), lease(2, 20)] {
        assert_eq!(
            swap(Some(stale), lease(2, 30)),
            Err(Error::Taken(Taken::Lease))
        );
    }
    assert_eq!(find(), Ok(Some(lease(1, 20))));
    assert_eq!(swap(Some(lease(1, 20)), lease(2, 30)), Ok(()));
    assert_eq!(find(), Ok(Some(lease(2, 30))));
}
