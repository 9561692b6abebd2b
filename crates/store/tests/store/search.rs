//! Search: pages stay whole while others write, and criteria are met together.

use crate::{
    rows::{delete, insert, observation, tag, token, version},
    world::{World, on_both},
};
use model::Tag;
use proptest::prelude::*;
use store::{Criterion, FacilityId, Link, NewVersion, Order, Store};

on_both! {
    pages_stay_whole_while_others_write,
    any_of_several_values_is_enough,
    all_criteria_must_be_met,
    other_types_and_facilities_are_not_found,
    searches_agree_with_a_plain_filter,
}

fn found(
    store: &Store,
    facility: FacilityId,
    criteria: &[Criterion<'_>],
    after: Option<Tag>,
    limit: u32,
) -> Vec<Tag> {
    store
        .read_blocking("search", |reader| {
            reader.versions().search(
                facility,
                &observation(),
                criteria,
                Order::Record { after },
                limit,
            )
        })
        .expect("a read")
        .iter()
        .map(|version| version.record)
        .collect()
}

fn pages_stay_whole_while_others_write(world: &World) {
    let (store, facility) = world.with_facility();
    for record in (10..30).step_by(2) {
        insert(&store, facility, version(record, 1));
    }
    let subject = Criterion::Links {
        param: "subject",
        targets: &[tag(1)],
    };
    let mut fresh = 0;
    for criteria in [&[][..], &[subject], &[Criterion::Tokens(&[token(1)])]] {
        let (mut all, mut after, mut ahead) = (Vec::new(), None, Vec::new());
        loop {
            let page = found(&store, facility, criteria, after, 3);
            let Some(last) = page.last() else { break };
            after = Some(*last);
            all.extend(page);
            // One where the pages have been, one where they have yet to come.
            if ahead.len() < 3 {
                insert(&store, facility, version(fresh, 1));
                insert(&store, facility, version(1000 + fresh, 1));
                ahead.push(1000 + fresh);
                fresh += 1;
            }
        }
        for record in (10..30).step_by(2).chain(ahead) {
            let times = all.iter().filter(|found| **found == tag(record)).count();
            assert_eq!(times, 1, "record {record}");
        }
        assert!(all.is_sorted());
    }
}

fn with(record: u32, subject: u32, tokens: &[u32]) -> NewVersion {
    let mut new = version(record, 1);
    new.links = vec![
        Link {
            param: "subject".into(),
            target: tag(subject),
        },
        Link {
            param: "encounter".into(),
            target: tag(subject + 50),
        },
    ];
    new.tokens = tokens.iter().copied().map(token).collect();
    new
}

fn any_of_several_values_is_enough(world: &World) {
    let (store, facility) = world.with_facility();
    for new in [
        with(10, 1, &[1, 2]),
        with(11, 2, &[2]),
        with(12, 3, &[3]),
        with(13, 1, &[]),
    ] {
        insert(&store, facility, new);
    }
    let targets = [tag(3), tag(1)];
    let links = Criterion::Links {
        param: "subject",
        targets: &targets,
    };
    assert_eq!(
        found(&store, facility, &[links], None, 10),
        [tag(10), tag(12), tag(13)]
    );
    assert_eq!(
        found(&store, facility, &[links], Some(tag(10)), 1),
        [tag(12)]
    );
    let both = [token(1), token(2)];
    let tokens = Criterion::Tokens(&both);
    assert_eq!(
        found(&store, facility, &[tokens], None, 10),
        [tag(10), tag(11)]
    );
    assert_eq!(
        found(&store, facility, &[Criterion::Tokens(&[])], None, 10),
        []
    );
}

fn all_criteria_must_be_met(world: &World) {
    let (store, facility) = world.with_facility();
    for new in [
        with(10, 1, &[1, 2]),
        with(11, 2, &[1]),
        with(12, 1, &[2]),
        with(13, 1, &[1]),
    ] {
        insert(&store, facility, new);
    }
    insert(&store, facility, delete(13, 2));
    let subject = Criterion::Links {
        param: "subject",
        targets: &[tag(1)],
    };
    let encounter = Criterion::Links {
        param: "encounter",
        targets: &[tag(51)],
    };
    let (one, two) = ([token(1)], [token(2)]);
    let (one, two) = (Criterion::Tokens(&one), Criterion::Tokens(&two));
    for criteria in [[subject, one], [one, subject], [one, encounter], [one, two]] {
        assert_eq!(
            found(&store, facility, &criteria, None, 10),
            [tag(10)],
            "{criteria:?}"
        );
    }
    assert_eq!(
        found(&store, facility, &[subject, two, encounter], None, 10).len(),
        2
    );
}

fn other_types_and_facilities_are_not_found(world: &World) {
    let (store, facility) = world.with_facility();
    let other = crate::world::add_facility(&store, "south");
    insert(&store, facility, version(10, 1));
    insert(&store, other, version(11, 1));
    let mut patient = version(12, 1);
    patient.version.resource_type = "Patient".parse().expect("a type");
    patient.tokens.clear();
    insert(&store, facility, patient);
    let subject = Criterion::Links {
        param: "subject",
        targets: &[tag(1)],
    };
    for criteria in [&[][..], &[subject], &[Criterion::Tokens(&[token(1)])]] {
        assert_eq!(
            found(&store, facility, criteria, None, 10),
            [tag(10)],
            "{criteria:?}"
        );
        assert_eq!(
            found(&store, other, criteria, None, 10),
            [tag(11)],
            "{criteria:?}"
        );
    }
}

/// Random records and random criteria against a filter over the same records.
fn searches_agree_with_a_plain_filter(world: &World) {
    let (store, facility) = world.with_facility();
    let records: Vec<(u32, u32, Vec<u32>)> = (0..60)
        .map(|place| {
            (
                100 + place,
                place % 5,
                (0..6).filter(|t| (place * 7) >> t & 1 == 1).collect(),
            )
        })
        .collect();
    let all: Vec<_> = records
        .iter()
        .map(|(record, subject, tokens)| with(*record, *subject, tokens))
        .collect();
    store
        .run_tx_blocking("many", &[], move |tx| {
            tx.versions().insert_many(facility, &all)
        })
        .expect("free version numbers");
    let criteria = (
        proptest::collection::vec(0_u32..6, 0..3),
        proptest::collection::vec(0_u32..7, 0..3),
        100_u32..160,
        1_u32..20,
        any::<bool>(),
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(60));
    let run = runner.run(&criteria, |(subjects, values, after, limit, swapped)| {
        let targets: Vec<_> = subjects.iter().copied().map(tag).collect();
        let tokens: Vec<_> = values.iter().copied().map(token).collect();
        let mut criteria = [
            Criterion::Links {
                param: "subject",
                targets: &targets,
            },
            Criterion::Tokens(&tokens),
        ];
        if swapped {
            criteria.reverse();
        }
        let expected: Vec<_> = records
            .iter()
            .filter(|(record, subject, has)| {
                *record > after
                    && subjects.contains(subject)
                    && values.iter().any(|value| has.contains(value))
            })
            .map(|(record, ..)| tag(*record))
            .take(limit as usize)
            .collect();
        prop_assert_eq!(
            found(&store, facility, &criteria, Some(tag(after)), limit),
            expected
        );
        Ok(())
    });
    assert_eq!(run, Ok(()));
}
