//! Kept queries go after their time, and URLs of the gateway never.

use crate::{
    rows::tag,
    world::{World, add_facility, at, on_both},
};
use model::{DataKeyId, Timestamp};
use store::{Error, FacilityId, KeptQuery, Store, StoredUrl, Taken};

on_both! {
    a_kept_query_is_read_until_it_is_old,
    old_queries_go_a_few_at_a_time,
    urls_are_listed_in_their_order_and_a_number_is_taken_once,
}

fn query(number: u32, millis: i64) -> KeptQuery {
    KeptQuery {
        tag: tag(number),
        time: at(millis),
        data_key: DataKeyId::new([4; 16]),
        envelope: vec![6; 400],
    }
}

fn keep(store: &Store, facility: FacilityId, new: KeptQuery, old: Timestamp) {
    let insert = move |tx: &mut store::Tx| tx.kept_queries().insert(facility, &new, old);
    store
        .run_tx_blocking("query", &[], insert)
        .expect("a free tag");
}

fn find(store: &Store, facility: FacilityId, number: u32, old: i64) -> Option<KeptQuery> {
    let read = move |reader: &mut store::Reader| {
        let mut queries = reader.kept_queries();
        queries.find(facility, tag(number), at(old))
    };
    store.read_blocking("query", read).expect("a read")
}

fn a_kept_query_is_read_until_it_is_old(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    keep(&store, facility, query(1, 50), at(0));
    assert_eq!(find(&store, facility, 1, 50), Some(query(1, 50)));
    assert_eq!(find(&store, facility, 1, 51), None);
    assert_eq!(find(&store, facility, 2, 0), None);
    assert_eq!(find(&store, other, 1, 0), None);
    // A tag that is kept stays as it is.
    keep(&store, facility, query(1, 60), at(0));
    assert_eq!(find(&store, facility, 1, 50), Some(query(1, 50)));
}

fn old_queries_go_a_few_at_a_time(world: &World) {
    let (store, facility) = world.with_facility();
    for number in 1..=6 {
        keep(&store, facility, query(number, 10), at(0));
    }
    keep(&store, facility, query(7, 99), at(11));
    let left = (1..=6).filter(|number| find(&store, facility, *number, 0).is_some());
    assert_eq!(left.count(), 2);
    keep(&store, facility, query(8, 99), at(11));
    let left = (1..=8).filter(|number| find(&store, facility, *number, 0).is_some());
    assert_eq!(left.count(), 2);
}

fn urls_are_listed_in_their_order_and_a_number_is_taken_once(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    let url = |number| StoredUrl {
        number,
        time: at(i64::from(number)),
        data_key: DataKeyId::new([4; 16]),
        envelope: vec![6; 300],
    };
    let add = |facility, new: StoredUrl| {
        store.run_tx_blocking("url", &[], move |tx| tx.own_urls().insert(facility, &new))
    };
    for number in [2, 1, 3] {
        add(facility, url(number)).expect("a free number");
    }
    assert_eq!(add(facility, url(3)), Err(Error::Taken(Taken::OwnUrl)));
    add(other, url(1)).expect("a free number");
    let list = move |reader: &mut store::Reader| reader.own_urls().list(facility);
    let listed = store.read_blocking("urls", list).expect("a read");
    assert_eq!(listed, [url(1), url(2), url(3)]);
}
