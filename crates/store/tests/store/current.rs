//! Current versions, asked for by many at once.

use crate::{
    rows::{delete, insert, tag, version},
    world::{World, add_facility, on_both},
};
use store::{Error, FacilityId, Store, Version};
use tokio::task::JoinSet;

on_both! {
    each_of_many_is_given_what_it_asked_for,
    what_cannot_be_understood_is_an_error_for_whoever_asked,
    a_version_is_seen_once_it_was_answered,
}

/// Asks for the records of each facility, all at once; answers in the order asked.
fn current(
    store: &Store,
    asked: impl Iterator<Item = (FacilityId, u32)>,
) -> Vec<Result<Option<Version>, Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut reads = JoinSet::new();
        for (place, (facility, record)) in asked.enumerate() {
            let store = store.clone();
            reads.spawn(async move {
                let read = store.current_version(facility, tag(record));
                (place, read.await)
            });
        }
        let mut answers = reads.join_all().await;
        answers.sort_by_key(|(place, _)| *place);
        answers.into_iter().map(|(_, answer)| answer).collect()
    })
}

fn each_of_many_is_given_what_it_asked_for(world: &World) {
    let (store, north) = world.with_facility();
    let south = add_facility(&store, "south");
    insert(&store, north, version(1, 1));
    insert(&store, north, version(1, 2));
    insert(&store, north, version(2, 1));
    insert(&store, north, delete(2, 2));
    insert(&store, south, version(1, 1));
    let asked = (0..200).map(|place| {
        let facility = if place % 2 == 0 { north } else { south };
        (facility, place / 2 % 4)
    });
    for ((facility, record), answer) in asked.clone().zip(current(&store, asked)) {
        let expected = match (facility == north, record) {
            (true, 1) => Some(version(1, 2).version),
            (true, 2) => Some(delete(2, 2).version),
            (false, 1) => Some(version(1, 1).version),
            _ => None,
        };
        assert_eq!(answer.expect("a read"), expected, "{facility:?} {record}");
    }
}

fn what_cannot_be_understood_is_an_error_for_whoever_asked(world: &World) {
    let (store, facility) = world.with_facility();
    for record in 0..8 {
        insert(&store, facility, version(record, 1));
    }
    world.sql("UPDATE version SET policy_number = -1 WHERE id = 4");
    let answers = current(&store, (0..64).map(|place| (facility, place % 8)));
    for (place, answer) in answers.into_iter().enumerate() {
        match place % 8 {
            3 => assert_eq!(answer, Err(Error::Corrupt("number"))),
            _ => assert!(answer.expect("a read").is_some(), "{place}"),
        }
    }
}

fn a_version_is_seen_once_it_was_answered(world: &World) {
    let (store, facility) = world.with_facility();
    for number in 1..=20 {
        insert(&store, facility, version(1, number));
        let [answer] = current(&store, [(facility, 1)].into_iter())
            .try_into()
            .expect("one answer");
        let found = answer.expect("a read").expect("the version");
        assert_eq!(found.number.get(), number);
    }
}
