//! Search in the order of time: pages, bounds, criteria, counts, and databases that
//! were written before there was such an order.

use crate::{
    rows::{delete, insert, observation, tag, token, version},
    world::{World, at, on_both},
};
use model::Tag;
use proptest::prelude::*;
use store::{Criterion, FacilityId, NewVersion, Order, Store, TimePosition, Version};

on_both! {
    records_left_alone_are_found_once_while_others_write,
    bounds_hold_from_and_not_until,
    criteria_and_counts_hold_in_the_order_of_time,
    a_database_without_times_gets_them,
    pages_by_time_agree_with_a_plain_sort,
}

fn written(record: u32, number: u32, millis: i64) -> NewVersion {
    let mut new = version(record, number);
    new.version.time = at(millis);
    new
}

const ASCENDING: Order = Order::Time {
    newest_first: false,
    from: None,
    until: None,
    after: None,
};

fn found(
    store: &Store,
    facility: FacilityId,
    criteria: &[Criterion<'_>],
    order: Order,
    limit: u32,
) -> Vec<Version> {
    store
        .read_blocking("search", |reader| {
            reader
                .versions()
                .search(facility, &observation(), criteria, order, limit)
        })
        .expect("a read")
        .into_iter()
        .map(|hit| hit.version.expect("its row"))
        .collect()
}

fn tags(versions: &[Version]) -> Vec<Tag> {
    versions.iter().map(|version| version.record).collect()
}

fn position(version: &Version) -> TimePosition {
    TimePosition {
        time: version.time,
        record: version.record,
    }
}

fn records_left_alone_are_found_once_while_others_write(world: &World) {
    let (store, facility) = world.with_facility();
    for record in 10..40 {
        // Three records of each moment.
        insert(&store, facility, written(record, 1, i64::from(record / 3)));
    }
    let mut clock = 1_000;
    for (touched, newest_first) in [(12, false), (36, false), (13, true), (35, true)] {
        let (mut all, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let order = Order::Time {
                newest_first,
                from: None,
                until: Some(at(clock)),
                after,
            };
            let page = found(&store, facility, &[], order, 4);
            let Some(last) = page.last() else { break };
            after = Some(position(last));
            all.extend(tags(&page));
            pages += 1;
            if pages == 3 {
                clock += 1;
                let before = found(&store, facility, &[], ASCENDING, 1_000);
                let of = before
                    .iter()
                    .find(|version| version.record == tag(touched))
                    .expect("the record");
                insert(
                    &store,
                    facility,
                    written(touched, of.number.get() + 1, clock),
                );
                insert(&store, facility, written(2_000 + touched, 1, clock));
            }
        }
        for record in (10..40).filter(|record| ![12, 13, 35, 36].contains(record)) {
            let times = all.iter().filter(|found| **found == tag(record)).count();
            assert_eq!(times, 1, "record {record}, newest first: {newest_first}");
        }
    }
}

fn bounds_hold_from_and_not_until(world: &World) {
    let (store, facility) = world.with_facility();
    for record in 10..20 {
        insert(&store, facility, written(record, 1, i64::from(record)));
    }
    for newest_first in [false, true] {
        let order = |from: Option<i64>, until: Option<i64>, after: Option<u32>| Order::Time {
            newest_first,
            from: from.map(at),
            until: until.map(at),
            after: after.map(|record| TimePosition {
                time: at(i64::from(record)),
                record: tag(record),
            }),
        };
        let expect = |order, records: &[u32]| {
            let mut expected: Vec<_> = records.iter().copied().map(tag).collect();
            if newest_first {
                expected.reverse();
            }
            assert_eq!(tags(&found(&store, facility, &[], order, 100)), expected);
        };
        expect(order(Some(17), None, None), &[17, 18, 19]);
        expect(order(None, Some(13), None), &[10, 11, 12]);
        expect(order(Some(12), Some(14), None), &[12, 13]);
        expect(order(Some(14), Some(14), None), &[]);
        let rest: &[u32] = if newest_first { &[12, 13] } else { &[15, 16] };
        expect(order(Some(12), Some(17), Some(14)), rest);
    }
}

fn criteria_and_counts_hold_in_the_order_of_time(world: &World) {
    let (store, facility) = world.with_facility();
    for record in 10..30 {
        let mut new = written(record, 1, i64::from(60 - record));
        new.tokens = vec![token(record % 2), token(50 + record % 3)];
        insert(&store, facility, new);
    }
    insert(&store, facility, delete(14, 2));
    let (even, of_three) = ([token(0)], [token(50), token(51)]);
    let (even, of_three) = (Criterion::Tokens(&even), Criterion::Tokens(&of_three));
    let subject = [tag(1)];
    let subject = Criterion::Links {
        param: "subject",
        targets: &subject,
    };
    let expected: Vec<_> = (10..30)
        .rev()
        .filter(|record| record % 2 == 0 && record % 3 != 2 && *record != 14)
        .map(tag)
        .collect();
    for criteria in [[subject, even, of_three], [of_three, subject, even]] {
        let all = found(&store, facility, &criteria, ASCENDING, 100);
        assert_eq!(tags(&all), expected);
        let counted = |limit| {
            store
                .read_blocking("count", |reader| {
                    reader
                        .versions()
                        .count(facility, &observation(), &criteria, ASCENDING, limit)
                })
                .expect("a read")
        };
        assert_eq!(counted(100) as usize, expected.len());
        assert_eq!(counted(3), 3);
    }
    let own = [tag(20), tag(11), tag(14), tag(99)];
    let own = Criterion::Links {
        param: store::ID_PARAM,
        targets: &own,
    };
    let some = found(&store, facility, &[own], ASCENDING, 100);
    assert_eq!(tags(&some), [tag(20), tag(11)]);
    let none = Criterion::Tokens(&[]);
    assert_eq!(found(&store, facility, &[none], ASCENDING, 100), []);
}

/// As a database of version 0.1.0 is: without the column of migration 0006.
fn a_database_without_times_gets_them(world: &World) {
    let (store, facility) = world.with_facility();
    for record in 10..16 {
        insert(&store, facility, written(record, 1, i64::from(record)));
    }
    insert(&store, facility, written(11, 2, 100));
    insert(&store, facility, delete(12, 2));
    drop(store);
    world.sql(
        "DROP INDEX link_time; ALTER TABLE link DROP COLUMN time_ms;
         DELETE FROM __diesel_schema_migrations WHERE version = '0006'",
    );
    let store = world.open();
    let all = found(&store, facility, &[], ASCENDING, 100);
    assert_eq!(
        tags(&all),
        [tag(10), tag(13), tag(14), tag(15), tag(11)],
        "each at the time of its current version"
    );
    insert(&store, facility, written(10, 2, 101));
    let newest = found(&store, facility, &[], ASCENDING, 100);
    assert_eq!(newest.last().map(|version| version.record), Some(tag(10)));
}

fn pages_by_time_agree_with_a_plain_sort(world: &World) {
    let (store, facility) = world.with_facility();
    let records: Vec<(u32, i64)> = (100..160)
        .map(|record| (record, i64::from(record * 7 % 11)))
        .collect();
    let all: Vec<_> = records
        .iter()
        .map(|(record, millis)| written(*record, 1, *millis))
        .collect();
    store
        .run_tx_blocking("many", &[], move |tx| {
            tx.versions().insert_many(facility, &all)
        })
        .expect("free version numbers");
    let asked = (0_i64..12, 0_i64..12, 1_u32..9, any::<bool>());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(25));
    let run = runner.run(&asked, |(from, until, limit, newest_first)| {
        let mut expected: Vec<_> = records
            .iter()
            .filter(|(_, millis)| (from..until).contains(millis))
            .map(|(record, millis)| (*millis, tag(*record)))
            .collect();
        expected.sort_unstable();
        if newest_first {
            expected.reverse();
        }
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let order = Order::Time {
                newest_first,
                from: Some(at(from)),
                until: Some(at(until)),
                after,
            };
            let page = found(&store, facility, &[], order, limit);
            let Some(last) = page.last() else { break };
            after = Some(position(last));
            paged.extend(tags(&page));
        }
        let expected: Vec<_> = expected.into_iter().map(|(_, record)| record).collect();
        prop_assert_eq!(paged, expected);
        Ok(())
    });
    assert_eq!(run, Ok(()));
}
