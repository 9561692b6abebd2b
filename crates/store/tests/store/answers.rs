//! Answers to requests with an idempotency key: one for each key, old ones go.

use crate::{
    rows::{audit, tag, version},
    world::{World, add_facility, at, on_both},
};
use model::{DataKeyId, Digest, Timestamp};
use store::{Error, FacilityId, Store, StoredAnswer};

on_both! {
    an_answer_is_read_as_it_was_written,
    a_key_has_one_answer_and_the_loser_writes_nothing,
    of_two_at_once_one_is_stored,
    old_answers_go_a_few_at_a_time,
}

/// An answer of a moment.
fn answer(key: u32, millis: i64) -> StoredAnswer {
    StoredAnswer {
        key: tag(key),
        request: Digest::new([3; 32]),
        time: at(millis),
        data_key: DataKeyId::new([4; 16]),
        envelope: vec![6; 400],
    }
}

fn insert(
    store: &Store,
    facility: FacilityId,
    new: StoredAnswer,
    old: Timestamp,
) -> Result<(), Error> {
    store.run_tx_blocking("answer", &[], move |tx| {
        tx.answers().insert(facility, &new, old)
    })
}

fn find(store: &Store, facility: FacilityId, key: u32) -> Option<StoredAnswer> {
    store
        .read_blocking("answer", |reader| reader.answers().find(facility, tag(key)))
        .expect("a read")
}

fn an_answer_is_read_as_it_was_written(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    insert(&store, facility, answer(1, 5), at(0)).expect("a free key");
    assert_eq!(find(&store, facility, 1), Some(answer(1, 5)));
    assert_eq!(find(&store, facility, 2), None);
    // Another facility's keys are its own.
    assert_eq!(find(&store, other, 1), None);
    insert(&store, other, answer(1, 6), at(0)).expect("a free key");
    assert_eq!(find(&store, facility, 1), Some(answer(1, 5)));
}

fn a_key_has_one_answer_and_the_loser_writes_nothing(world: &World) {
    let (store, facility) = world.with_facility();
    insert(&store, facility, answer(1, 5), at(0)).expect("a free key");
    let second = store.run_tx_blocking("second", &[], move |tx| {
        tx.versions().insert(facility, &version(7, 1))?;
        tx.answers().insert(facility, &answer(1, 6), at(0))
    });
    assert_eq!(second, Err(Error::AnswerKept));
    let failing = store.run_tx_blocking("failing", &[], move |tx| {
        tx.answers().require_none(facility, tag(1))?;
        tx.audits().insert(facility, &audit(8, 1, &[]))
    });
    assert_eq!(failing, Err(Error::AnswerKept));
    let (versions, audits) = store
        .read_blocking("what is there", |reader| {
            let versions = reader.versions().current(facility, tag(7))?;
            Ok((versions, reader.audits().find(facility, tag(8))?))
        })
        .expect("a read");
    assert_eq!((versions, audits), (None, None));
    assert_eq!(find(&store, facility, 1), Some(answer(1, 5)));
    store
        .run_tx_blocking("free", &[], move |tx| {
            tx.answers().require_none(facility, tag(2))
        })
        .expect("no answer under this key");
}

fn of_two_at_once_one_is_stored(world: &World) {
    let (store, facility) = world.with_facility();
    for key in 0..20 {
        let outcomes: Vec<Result<(), Error>> = std::thread::scope(|scope| {
            let writers = [1, 2].map(|millis| {
                let store = &store;
                scope.spawn(move || insert(store, facility, answer(key, millis), at(0)))
            });
            writers
                .map(|writer| writer.join().expect("no panic"))
                .into()
        });
        let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(stored, 1, "{outcomes:?}");
        assert!(outcomes.contains(&Err(Error::AnswerKept)), "{outcomes:?}");
    }
}

fn old_answers_go_a_few_at_a_time(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    for key in 1..=10 {
        insert(&store, facility, answer(key, i64::from(key)), at(0)).expect("a free key");
        insert(&store, other, answer(key, i64::from(key)), at(0)).expect("a free key");
    }
    let left = |facility| {
        (1..=10)
            .filter(|key| find(&store, facility, *key).is_some())
            .count()
    };
    insert(&store, facility, answer(11, 100), at(9)).expect("a free key");
    assert_eq!(left(facility), 6);
    insert(&store, facility, answer(12, 100), at(9)).expect("a free key");
    insert(&store, facility, answer(13, 100), at(9)).expect("a free key");
    // Those given at the moment and after it stay.
    assert_eq!(left(facility), 2);
    assert!(find(&store, facility, 9).is_some() && find(&store, facility, 10).is_some());
    assert_eq!(left(other), 10);
}
