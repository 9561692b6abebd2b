//! Versions that were cut from their table by someone who wrote past the store: their
//! leaves tell of them.

use crate::{
    rows::{delete, insert, number, observation, tag, version},
    sequence::{add_log, sequence},
    world::{World, add_facility, on_both},
};
use model::Tag;
use store::{Error, FacilityId, Hit, MissingVersion, Order, Store, Version};

on_both! {
    a_newest_version_that_was_cut_is_told_of_while_its_leaf_waits,
    a_newest_version_that_was_cut_is_told_of_once_its_leaf_has_its_place,
    a_record_whose_rows_are_all_gone_is_not_absent,
    a_version_cut_from_between_is_told_of,
    what_another_facility_or_record_has_does_not_count,
    a_search_gives_the_others,
    a_row_that_cannot_be_understood_is_one_hit_of_many,
    two_leaves_of_one_version_are_both_given,
}

fn missing<T>(record: u32, of: u32) -> Result<T, Error> {
    Err(Error::Missing(MissingVersion {
        record: tag(record),
        number: number(of),
    }))
}

type Read<T> = Result<T, Error>;

/// The current version, by both ways there are.
fn current(store: &Store, facility: FacilityId, record: u32) -> Read<Option<Version>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let together = runtime.block_on(store.current_version(facility, tag(record)));
    let alone = store.read_blocking("current", |reader| {
        reader.versions().current(facility, tag(record))
    });
    assert_eq!(together, alone);
    alone
}

fn find(store: &Store, facility: FacilityId, record: u32, of: u32) -> Read<Option<Version>> {
    store.read_blocking("find", |reader| {
        reader.versions().find(facility, tag(record), number(of))
    })
}

fn history(store: &Store, facility: FacilityId, record: u32) -> Read<Vec<Version>> {
    store.read_blocking("history", |reader| {
        reader
            .versions()
            .history(facility, tag(record), None, None, 10)
    })
}

fn searched(store: &Store, facility: FacilityId) -> Vec<Hit> {
    let by = |order| {
        store
            .read_blocking("search", move |reader| {
                let mut versions = reader.versions();
                versions.search(facility, &observation(), &[], order, 100)
            })
            .expect("a search")
    };
    let by_record = by(Order::Record { after: None });
    let by_time = by(Order::Time {
        newest_first: false,
        from: None,
        until: None,
        after: None,
    });
    assert_eq!(by_record.len(), by_time.len());
    for hit in &by_record {
        let same = by_time.iter().find(|other| other.record == hit.record);
        assert_eq!(same.map(|found| &found.version), Some(&hit.version));
    }
    by_record
}

fn three_versions(store: &Store, facility: FacilityId) {
    for of in 1..=3 {
        insert(store, facility, version(10, of));
    }
    insert(store, facility, version(11, 1));
}

fn is_told_of_everywhere(world: &World, store: &Store, facility: FacilityId) {
    world.sql("DELETE FROM version WHERE version = 3");
    let told = || {
        assert_eq!(current(store, facility, 10), missing(10, 3));
        for of in 1..=3 {
            assert_eq!(find(store, facility, 10, of), missing(10, 3), "{of}");
        }
        assert_eq!(history(store, facility, 10), missing(10, 3));
        let hits = searched(store, facility);
        assert_eq!(hits.len(), 2);
        assert_eq!(hits[0].version, missing(10, 3));
        assert_eq!(hits[1].version, Ok(version(11, 1).version));
    };
    told();
    world.sql("UPDATE link SET version = 2 WHERE version = 3");
    world.sql("UPDATE token SET version = 2 WHERE version = 3");
    told();
}

fn a_newest_version_that_was_cut_is_told_of_while_its_leaf_waits(world: &World) {
    let (store, facility) = world.with_facility();
    three_versions(&store, facility);
    is_told_of_everywhere(world, &store, facility);
}

fn a_newest_version_that_was_cut_is_told_of_once_its_leaf_has_its_place(world: &World) {
    let (store, facility) = world.with_facility();
    add_log(&store, facility, "log.example.org/log/north");
    three_versions(&store, facility);
    assert_eq!(sequence(&store, facility, 2), Ok(2));
    assert_eq!(
        current(&store, facility, 10),
        Ok(Some(version(10, 3).version))
    );
    assert_eq!(sequence(&store, facility, 100), Ok(4));
    assert_eq!(
        current(&store, facility, 10),
        Ok(Some(version(10, 3).version))
    );
    assert_eq!(history(&store, facility, 10).map(|rows| rows.len()), Ok(3));
    is_told_of_everywhere(world, &store, facility);
}

fn a_record_whose_rows_are_all_gone_is_not_absent(world: &World) {
    let (store, facility) = world.with_facility();
    insert(&store, facility, version(10, 1));
    insert(&store, facility, delete(10, 2));
    assert_eq!(current(&store, facility, 12), Ok(None));
    assert_eq!(find(&store, facility, 12, 1), Ok(None));
    assert_eq!(history(&store, facility, 12), Ok(Vec::new()));
    world.sql("DELETE FROM version");
    assert_eq!(current(&store, facility, 10), missing(10, 2));
    assert_eq!(find(&store, facility, 10, 1), missing(10, 2));
    assert_eq!(find(&store, facility, 10, 3), missing(10, 2));
    assert_eq!(history(&store, facility, 10), missing(10, 2));
}

fn a_version_cut_from_between_is_told_of(world: &World) {
    let (store, facility) = world.with_facility();
    for of in 1..=4 {
        insert(&store, facility, version(10, of));
    }
    world.sql("DELETE FROM version WHERE version = 2");
    assert_eq!(
        current(&store, facility, 10),
        Ok(Some(version(10, 4).version))
    );
    assert_eq!(find(&store, facility, 10, 2), missing(10, 2));
    assert_eq!(
        find(&store, facility, 10, 3),
        Ok(Some(version(10, 3).version))
    );
    assert_eq!(history(&store, facility, 10), missing(10, 2));
    world.sql("DELETE FROM version WHERE version = 1");
    assert_eq!(history(&store, facility, 10), missing(10, 2));
    let page = |before: u32, limit| {
        store.read_blocking("page", |reader| {
            let (mut versions, before) = (reader.versions(), Some(number(before)));
            versions.history(facility, tag(10), before, None, limit)
        })
    };
    assert_eq!(
        page(5, 2).map(|rows| rows.len()),
        Ok(2),
        "a page above the gap"
    );
    assert_eq!(page(3, 2), missing(10, 2), "a page that begins in the gap");
}

fn what_another_facility_or_record_has_does_not_count(world: &World) {
    let (store, north) = world.with_facility();
    let south = add_facility(&store, "south");
    add_log(&store, south, "log.example.org/log/south");
    insert(&store, north, version(10, 1));
    for of in 1..=3 {
        insert(&store, south, version(10, of));
        insert(&store, north, version(11, of));
    }
    assert_eq!(sequence(&store, south, 2), Ok(2));
    assert_eq!(current(&store, north, 10), Ok(Some(version(10, 1).version)));
    assert_eq!(history(&store, north, 10).map(|rows| rows.len()), Ok(1));
    assert_eq!(searched(&store, north).len(), 2);
}

fn a_search_gives_the_others(world: &World) {
    let (store, facility) = world.with_facility();
    for record in 10..20 {
        insert(&store, facility, version(record, 1));
    }
    insert(&store, facility, version(15, 2));
    world.sql("DELETE FROM version WHERE version = 2");
    let hits = searched(&store, facility);
    let records: Vec<Tag> = hits.iter().map(|hit| hit.record).collect();
    assert_eq!(records, (10..20).map(tag).collect::<Vec<_>>());
    let read: Vec<bool> = hits.iter().map(|hit| hit.version.is_ok()).collect();
    assert_eq!(read.iter().filter(|read| !**read).count(), 1);
    assert!(!read[5]);
}

fn a_row_that_cannot_be_understood_is_one_hit_of_many(world: &World) {
    let (store, facility) = world.with_facility();
    for record in 10..13 {
        insert(&store, facility, version(record, 1));
    }
    world.sql("UPDATE version SET interaction = 'forgotten' WHERE id = 2");
    let hits = searched(&store, facility);
    let broken: Vec<_> = hits.iter().filter(|hit| hit.version.is_err()).collect();
    assert_eq!(hits.len(), 3);
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].version, Err(Error::Corrupt("interaction")));
}

/// Never a failed migration or a refused row: whoever reads tells of it.
fn two_leaves_of_one_version_are_both_given(world: &World) {
    let (store, facility) = world.with_facility();
    add_log(&store, facility, "log.example.org/log/north");
    insert(&store, facility, version(10, 1));
    assert_eq!(sequence(&store, facility, 1), Ok(1));
    let leaves = || {
        store
            .read_blocking("leaves", |reader| {
                reader.leaves().of_row(facility, tag(10), number(1))
            })
            .expect("a read")
    };
    assert_eq!(leaves().len(), 1);
    world.sql(
        "INSERT INTO pending_leaf (facility_id, commitment, record_tag, version)
         SELECT v.facility_id, l.public_key, v.record_tag, v.version FROM version v, log l",
    );
    let [placed, waiting] = leaves().try_into().expect("two leaves");
    assert!(placed.place.is_some());
    assert_eq!(waiting.place, None);
    assert_ne!(placed.commitment, waiting.commitment);
}
