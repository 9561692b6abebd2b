//! Order by buckets against order by values.

use crate::dice::Dice;
use index::{Bucket, DateRange, Direction, SortKey, SortOrder, Value, Values, date_rows};
use std::collections::{BTreeMap, BTreeSet};

struct Record {
    key: i64,
    rows: BTreeSet<String>,
}

fn record(dice: &mut Dice, order: SortOrder) -> Record {
    let date = |dice: &mut Dice| {
        let year = dice.pick(&[
            1_850, 1_900, 1_999, 2_000, 2_019, 2_019, 2_019, 2_099, 2_200,
        ]);
        let (month, day, hour) = (
            dice.between(1, 12),
            dice.between(1, 28),
            dice.between(0, 23),
        );
        match dice.below(4) {
            0 => format!("{year}"),
            1 => format!("{year}-{month:02}"),
            2 => format!("{year}-{month:02}-{day:02}"),
            _ => format!("{year}-{month:02}-{day:02}T{hour:02}:30Z"),
        }
    };
    let values: Vec<DateRange> = (0..1 + dice.below(3))
        .map(|_| {
            let (one, other) = (date(dice), date(dice));
            match dice.below(5) {
                0 => DateRange::of_period(None, Some(&one)),
                1 => DateRange::of_period(Some(&one), None),
                2 => DateRange::of_period(Some(&one), Some(&other)),
                _ => DateRange::of_date(&one),
            }
            .unwrap()
        })
        .collect();
    let rows = date_rows(&values).iter().map(ToString::to_string).collect();
    let values: Values = values
        .into_iter()
        .map(Value::Date)
        .collect::<Vec<_>>()
        .into();
    let Some(SortKey::Date(key)) = SortKey::of(&values, order) else {
        panic!("every record has a date");
    };
    Record { key, rows }
}

/// Walks the buckets and gives the keys in the order in which the records are found.
fn walked(records: &[Record], direction: Direction) -> Vec<i64> {
    let mut of_bucket: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        for row in &record.rows {
            of_bucket.entry(row.clone()).or_default().push(at);
        }
    }
    let mut given = BTreeSet::new();
    let mut keys = Vec::new();
    let mut waiting = Bucket::decades(direction);
    waiting.reverse();
    while let Some(bucket) = waiting.pop() {
        let Some(found) = of_bucket.get(&format!("^{bucket}")) else {
            continue;
        };
        let parts = bucket.parts(direction);
        if parts.is_empty() {
            let mut of_day: Vec<i64> = (found.iter().filter(|at| given.insert(**at)))
                .map(|at| records[*at].key)
                .collect();
            of_day.sort_unstable();
            if direction == Direction::Backward {
                of_day.reverse();
            }
            keys.extend(of_day);
        }
        waiting.extend(parts.into_iter().rev());
    }
    keys
}

#[test]
fn a_walk_over_the_buckets_gives_the_order_of_the_values() {
    for case in 0..3_000 {
        let mut dice = Dice::new(case);
        let (order, direction) = if dice.one_in(2) {
            (SortOrder::Ascending, Direction::Forward)
        } else {
            (SortOrder::Descending, Direction::Backward)
        };
        let count = dice.pick(&[1, 3, 30]);
        let records: Vec<_> = (0..count).map(|_| record(&mut dice, order)).collect();
        let mut expected: Vec<i64> = records.iter().map(|record| record.key).collect();
        expected.sort_unstable();
        if order == SortOrder::Descending {
            expected.reverse();
        }
        assert_eq!(walked(&records, direction), expected, "case {case}");
    }
}

#[test]
fn records_without_a_value_have_no_key() {
    assert_eq!(SortKey::of(&Values::default(), SortOrder::Ascending), None);
}
