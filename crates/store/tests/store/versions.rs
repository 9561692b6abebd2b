//! Versions: current, history, conflicts, and bulk inserts.

use crate::{
    rows::{commitment, delete, insert, number, observation, pending, tag, token, version},
    world::{World, add_facility, at, on_both},
};
use model::{Tag, VersionNumber};
use store::{Criterion, Error, FacilityId, Link, NewVersion, Order, Store, Version};

on_both! {
    a_version_is_read_as_it_was_written,
    a_version_number_is_taken_once,
    the_current_version_follows_updates_and_deletes,
    links_and_tokens_are_those_of_the_current_version,
    history_comes_in_pages_newest_first,
    many_inserted_at_once_are_as_many_inserted_singly,
    a_batch_with_a_taken_version_leaves_nothing,
    every_version_has_a_pending_leaf,
}

fn current(store: &Store, facility: FacilityId, record: u32) -> Option<Version> {
    store
        .read_blocking("current", |reader| {
            reader.versions().current(facility, tag(record))
        })
        .expect("a read")
}

fn found(store: &Store, facility: FacilityId, criteria: &[Criterion<'_>]) -> Vec<Tag> {
    store
        .read_blocking("search", |reader| {
            let order = Order::Record { after: None };
            reader
                .versions()
                .search(facility, &observation(), criteria, order, 100)
        })
        .expect("a read")
        .iter()
        .map(|version| version.record)
        .collect()
}

fn by_subject(store: &Store, facility: FacilityId, target: u32) -> Vec<Tag> {
    let targets = [tag(target)];
    let param = "subject";
    found(
        store,
        facility,
        &[Criterion::Links {
            param,
            targets: &targets,
        }],
    )
}

fn by_token(store: &Store, facility: FacilityId, value: u32) -> Vec<Tag> {
    found(store, facility, &[Criterion::Tokens(&[token(value)])])
}

fn of_type(store: &Store, facility: FacilityId) -> Vec<Tag> {
    found(store, facility, &[])
}

fn a_version_is_read_as_it_was_written(world: &World) {
    let (store, facility) = world.with_facility();
    let mut new = version(10, 1);
    new.version.subject = None;
    new.version.envelope = (0..=255).collect();
    insert(&store, facility, new.clone());
    let other = add_facility(&store, "south");
    let (found, elsewhere, later) = store
        .read_blocking("find", |reader| {
            let mut versions = reader.versions();
            Ok((
                versions.find(facility, tag(10), VersionNumber::FIRST)?,
                versions.find(other, tag(10), VersionNumber::FIRST)?,
                versions.find(facility, tag(10), number(2))?,
            ))
        })
        .expect("a read");
    assert_eq!(found, Some(new.version));
    assert_eq!(elsewhere, None);
    assert_eq!(later, None);
}

fn a_version_number_is_taken_once(world: &World) {
    let (store, facility) = world.with_facility();
    insert(&store, facility, version(10, 1));
    let mut second = version(10, 1);
    second.links.clear();
    second.version.envelope = vec![0; 5];
    let taken = store.run_tx_blocking("again", &[], move |tx| {
        tx.versions().insert(facility, &second)
    });
    assert_eq!(taken, Err(Error::VersionTaken));
    assert_eq!(current(&store, facility, 10), Some(version(10, 1).version));
    assert_eq!(by_subject(&store, facility, 1), [tag(10)]);
    assert_eq!(pending(&store, facility).len(), 1);
}

fn the_current_version_follows_updates_and_deletes(world: &World) {
    let (store, facility) = world.with_facility();
    assert_eq!(current(&store, facility, 10), None);
    for new in [
        version(10, 1),
        version(10, 2),
        delete(10, 3),
        version(10, 4),
    ] {
        insert(&store, facility, new.clone());
        assert_eq!(current(&store, facility, 10), Some(new.version));
    }
}

fn links_and_tokens_are_those_of_the_current_version(world: &World) {
    let (store, facility) = world.with_facility();
    insert(&store, facility, version(10, 1));
    insert(&store, facility, version(11, 1));
    assert_eq!(by_subject(&store, facility, 1), [tag(10), tag(11)]);
    assert_eq!(by_token(&store, facility, 1), [tag(10), tag(11)]);
    let mut moved = version(10, 2);
    moved.links = vec![Link {
        param: "subject".into(),
        target: tag(2),
    }];
    moved.tokens = vec![token(5), token(6), token(5)];
    insert(&store, facility, moved);
    assert_eq!(by_subject(&store, facility, 1), [tag(11)]);
    assert_eq!(by_subject(&store, facility, 2), [tag(10)]);
    assert_eq!(by_token(&store, facility, 1), [tag(11)]);
    assert_eq!(by_token(&store, facility, 6), [tag(10)]);
    assert_eq!(of_type(&store, facility), [tag(10), tag(11)]);
    insert(&store, facility, delete(10, 3));
    assert_eq!(by_subject(&store, facility, 1), [tag(11)]);
    assert_eq!(by_subject(&store, facility, 2), []);
    assert_eq!(by_token(&store, facility, 6), []);
    assert_eq!(of_type(&store, facility), [tag(11)]);
    insert(&store, facility, version(10, 4));
    assert_eq!(by_subject(&store, facility, 1), [tag(10), tag(11)]);
}

fn history_comes_in_pages_newest_first(world: &World) {
    let (store, facility) = world.with_facility();
    for of in 1..=7 {
        insert(&store, facility, version(10, of));
    }
    insert(&store, facility, version(9, 1));
    let page = |before: Option<u32>| -> Vec<u32> {
        store
            .read_blocking("history", |reader| {
                reader
                    .versions()
                    .history(facility, tag(10), before.map(number), None, 3)
            })
            .expect("a read")
            .iter()
            .map(|version| version.number.get())
            .collect()
    };
    assert_eq!(page(None), [7, 6, 5]);
    assert_eq!(page(Some(5)), [4, 3, 2]);
    assert_eq!(page(Some(2)), [1]);
    assert_eq!(page(Some(1)), []);
    let since = store
        .read_blocking("history", |reader| {
            reader
                .versions()
                .history(facility, tag(10), Some(number(7)), Some(at(5)), 3)
        })
        .expect("a read");
    let since: Vec<_> = since.iter().map(|version| version.number.get()).collect();
    assert_eq!(since, [6, 5]);
}

/// A Bundle's worth: creates, updates, a delete, and one record written twice.
fn bundle() -> Vec<NewVersion> {
    let mut all: Vec<_> = (100..700).map(|record| version(record, 1)).collect();
    for (place, new) in (0..).zip(&mut all) {
        new.tokens = (0..place % 4).map(token).collect();
        new.links.push(Link {
            param: "encounter".into(),
            target: tag(place % 7),
        });
    }
    all.extend([version(10, 2), delete(11, 2), version(100, 2)]);
    all
}

/// Everything that can be seen of the records of [`bundle`].
fn seen(store: &Store, facility: FacilityId) -> Vec<Vec<Tag>> {
    let mut seen = vec![of_type(store, facility)];
    seen.extend((0..4).map(|value| by_token(store, facility, value)));
    seen.extend((0..2).map(|target| by_subject(store, facility, target)));
    let pending = pending(store, facility);
    seen.push(pending.iter().map(|leaf| leaf.record).collect());
    assert_eq!(pending.len(), 605);
    seen
}

fn many_inserted_at_once_are_as_many_inserted_singly(world: &World) {
    let store = world.open();
    let (at_once, singly) = (
        add_facility(&store, "at-once"),
        add_facility(&store, "singly"),
    );
    for facility in [at_once, singly] {
        insert(&store, facility, version(10, 1));
        insert(&store, facility, version(11, 1));
    }
    store
        .run_tx_blocking("many", &[], move |tx| {
            tx.versions().insert_many(at_once, &bundle())
        })
        .expect("free version numbers");
    store
        .run_tx_blocking("single", &[], move |tx| {
            bundle()
                .iter()
                .try_for_each(|new| tx.versions().insert(singly, new))
        })
        .expect("free version numbers");
    assert_eq!(seen(&store, at_once), seen(&store, singly));
    for record in [10, 11, 100, 350, 699] {
        assert_eq!(
            current(&store, at_once, record),
            current(&store, singly, record)
        );
    }
    assert_eq!(current(&store, at_once, 100), Some(version(100, 2).version));
}

fn a_batch_with_a_taken_version_leaves_nothing(world: &World) {
    let (store, facility) = world.with_facility();
    insert(&store, facility, version(300, 1));
    let batch: Vec<_> = (298..303).map(|record| version(record, 1)).collect();
    let taken = store.run_tx_blocking("many", &[], move |tx| {
        tx.versions().insert_many(facility, &batch)
    });
    assert_eq!(taken, Err(Error::VersionTaken));
    assert_eq!(of_type(&store, facility), [tag(300)]);
    assert_eq!(pending(&store, facility).len(), 1);
}

fn every_version_has_a_pending_leaf(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    for new in [version(10, 1), version(11, 1), delete(10, 2)] {
        insert(&store, facility, new);
    }
    insert(&store, other, version(12, 1));
    let leaves: Vec<_> = pending(&store, facility)
        .iter()
        .map(|leaf| (leaf.record, leaf.version.get(), leaf.commitment))
        .collect();
    let expected: Vec<_> = [(10, 1), (11, 1), (10, 2)]
        .map(|(record, of)| (tag(record), of, commitment(tag(record), of)))
        .into();
    assert_eq!(leaves, expected);
    let (count, oldest) = store
        .read_blocking("count", |reader| {
            let count = reader.leaves().pending_count(facility)?;
            Ok((count, reader.leaves().pending(facility, 1)?.pop()))
        })
        .expect("a read");
    assert_eq!(count, 3);
    assert_eq!(oldest.expect("the first").record, tag(10));
}
