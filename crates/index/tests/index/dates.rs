//! Form 6 against the plain evaluator.

use crate::dice::{Dice, cases};
use index::{
    DateCriterion, DateRange, Prefix, Reading, Zone, ZoneChange, date_pair_query, date_query,
    date_rows,
};
use std::collections::HashSet;
use time::{Date, Duration};

const HOUR: i64 = 3_600_000;

/// A date text around a day.
fn date_text(dice: &mut Dice, pivot: Date) -> String {
    let scale = dice.pick(&[0, 1, 3, 40, 400, 4_000, 40_000]);
    let moved = pivot.saturating_add(Duration::days(dice.between(-scale, scale)));
    let first = Date::from_calendar_date(1, time::Month::January, 1).unwrap();
    let date = moved.clamp(first, Date::MAX);
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    match dice.below(6) {
        0 => return format!("{year:04}"),
        1 => return format!("{year:04}-{month:02}"),
        2 | 3 => return format!("{year:04}-{month:02}-{day:02}"),
        _ => {}
    }
    let hour = dice.pick(&[0, 1, 9, 12, 22, 23]);
    let (minute, second) = (dice.pick(&[0, 30, 59]), dice.pick(&[0, 1, 59]));
    let clock = match dice.below(4) {
        0 => format!("{hour:02}:{minute:02}"),
        1 => format!("{hour:02}:{minute:02}:{second:02}"),
        2 => format!("{hour:02}:{minute:02}:{second:02}.{}", dice.below(10)),
        _ => format!("{hour:02}:{minute:02}:{second:02}.{:03}", dice.below(1_000)),
    };
    let zones = [
        "", "", "Z", "Z", "+02:00", "-05:00", "+14:00", "-11:30", "+05:45",
    ];
    format!("{year:04}-{month:02}-{day:02}T{clock}{}", dice.pick(&zones))
}

fn pivot(dice: &mut Dice) -> Date {
    let year = match dice.below(10) {
        0 => dice.between(1, 9_999),
        1 => dice.pick(&[1, 1_899, 1_900, 2_099, 2_100, 9_999]),
        _ => dice.between(1_905, 2_095),
    };
    let date = Date::from_ordinal_date(i32::try_from(year).unwrap(), 1).unwrap();
    date.saturating_add(Duration::days(dice.between(0, 364)))
}

fn value(dice: &mut Dice, pivot: Date, periods: bool) -> DateRange {
    if !periods || dice.one_in(2) {
        return DateRange::of_date(&date_text(dice, pivot)).unwrap();
    }
    let (one, other) = (date_text(dice, pivot), date_text(dice, pivot));
    let (start, end) = match dice.below(6) {
        0 => (Some(one.as_str()), None),
        1 => (None, Some(other.as_str())),
        _ => (Some(one.as_str()), Some(other.as_str())),
    };
    DateRange::of_period(start, end).unwrap()
}

fn zone(dice: &mut Dice) -> Zone {
    let offset = dice.between(-48, 56) * HOUR / 4;
    match dice.below(4) {
        0 | 1 => Zone::utc(),
        2 => Zone::fixed(offset),
        _ => {
            let change = |dice: &mut Dice| ZoneChange {
                from: dice.between(-3_000_000_000_000, 5_000_000_000_000),
                offset: offset + dice.pick(&[-HOUR, 0, HOUR]),
            };
            let changes = (0..5).map(|_| change(dice)).collect();
            Zone::changing(offset, changes)
        }
    }
}

/// `ge` and `le` as many servers read them: what overlaps the range from its start on, or
/// up to its end.
fn servers_reading(asked: &DateCriterion, value: &DateRange, reading: &Reading<'_>) -> bool {
    let with = |prefix| {
        let mut other = *asked;
        other.prefix = prefix;
        other
    };
    match asked.prefix {
        Prefix::Ge => !with(Prefix::Eb).holds(value, reading),
        Prefix::Le => !with(Prefix::Sa).holds(value, reading),
        _ => false,
    }
}

struct Case {
    zone: Zone,
    periods: bool,
    values: Vec<DateRange>,
    rows: HashSet<Vec<u8>>,
}

impl Case {
    fn new(dice: &mut Dice, pivot: Date) -> Self {
        let periods = !dice.one_in(3);
        let count = dice.pick(&[1, 1, 1, 2, 3, 4]);
        let values: Vec<_> = (0..count).map(|_| value(dice, pivot, periods)).collect();
        let rows = date_rows(&values);
        Self {
            zone: zone(dice),
            periods,
            rows: rows.iter().map(|row| row.bytes().to_vec()).collect(),
            values,
        }
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            zone: &self.zone,
            now: 1_795_000_000_000,
        }
    }

    fn matches(&self, asked: &DateCriterion) -> bool {
        let reading = self.reading();
        self.values
            .iter()
            .any(|value| asked.holds(value, &reading) || servers_reading(asked, value, &reading))
    }
}

/// A million by hand: `INDEX_CASES=1000000 cargo test --release -p index`.
#[test]
fn no_token_of_a_date_misses_a_match() {
    let (mut matches, mut candidates, mut tokens) = (0, 0, 0);
    for case in cases() {
        let mut dice = Dice::new(case);
        let pivot = pivot(&mut dice);
        let record = Case::new(&mut dice, pivot);
        let prefix = dice.pick(&Prefix::ALL);
        let text = format!("{}{}", prefix.as_str(), date_text(&mut dice, pivot));
        let asked = DateCriterion::parse(&text).unwrap();
        let query = date_query(&asked, &record.reading(), record.periods);
        let is_candidate = query
            .iter()
            .any(|token| record.rows.contains(token.bytes()));
        let is_match = record.matches(&asked);
        assert!(
            is_candidate || !is_match,
            "case {case}: {text} misses {:?} in {:?}",
            record.values,
            record.zone
        );
        matches += u64::from(is_match);
        candidates += u64::from(is_candidate);
        tokens += query.len() as u64;
    }
    let count = cases().end;
    assert!(matches > count / 4, "hardly anything was tried");
    println!("{count} queries, {matches} matches, {candidates} candidates, {tokens} tokens");
}

#[test]
fn no_tokens_of_two_bounds_together_miss_a_match() {
    let (mut matches, mut pairs, mut candidates, mut tokens) = (0, 0, 0, 0);
    for case in cases() {
        let mut dice = Dice::new(!case);
        let pivot = pivot(&mut dice);
        let record = Case::new(&mut dice, pivot);
        let bound = |dice: &mut Dice, prefixes: [&str; 2]| {
            let text = format!("{}{}", dice.pick(&prefixes), date_text(dice, pivot));
            DateCriterion::parse(&text).unwrap()
        };
        let lower = bound(&mut dice, ["ge", "gt"]);
        let upper = bound(&mut dice, ["le", "lt"]);
        let Some(query) = date_pair_query(&lower, &upper, &record.reading(), record.periods) else {
            continue;
        };
        let is_candidate = query
            .iter()
            .any(|token| record.rows.contains(token.bytes()));
        let is_match = record.matches(&lower) && record.matches(&upper);
        assert!(
            is_candidate || !is_match,
            "case {case}: {lower:?} and {upper:?} miss {:?} in {:?}",
            record.values,
            record.zone
        );
        pairs += 1;
        matches += u64::from(is_match);
        candidates += u64::from(is_candidate);
        tokens += query.len() as u64;
    }
    assert!(matches > cases().end / 8, "hardly anything was tried");
    println!("{pairs} pairs, {matches} matches, {candidates} candidates, {tokens} tokens");
}
