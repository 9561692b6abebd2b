//! Form 7 against the plain evaluator.

use crate::dice::{Dice, cases};
use index::{Number, NumberCriterion, Prefix, number_query, number_rows};
use std::collections::HashSet;

/// A decimal as it may stand in a resource: whole, with places, with a power, near others.
fn decimal(dice: &mut Dice, pivot: i64) -> String {
    let sign = if dice.one_in(4) { "-" } else { "" };
    let scale = dice.pick(&[0, 1, 3]);
    let near = (pivot + dice.between(-scale, scale)).unsigned_abs();
    match dice.below(10) {
        0 => format!(
            "{sign}{}",
            dice.pick(&["0", "0.0", "0.00001", "0.0001", "0.00009999"])
        ),
        1 => format!("{sign}{}e{}", dice.between(1, 9), dice.between(-20, 20)),
        2 => {
            let (power, places) = (dice.between(-6, 11), dice.between(0, 99));
            format!("{sign}{}.{places:02}E{power:+}", dice.between(1, 9))
        }
        3 => format!("{sign}{}", dice.between(0, 3_000_000_000_000)),
        4 => format!(
            "{sign}{}.{:015}",
            near % 100,
            dice.between(0, 999_999_999_999_999)
        ),
        5 => format!("{sign}0.{:05}", near % 100_000),
        6 | 7 => format!("{sign}{near}"),
        _ => format!(
            "{sign}{near}.{}",
            dice.pick(&["0", "5", "49", "50", "999", "000"])
        ),
    }
}

fn value(dice: &mut Dice, pivot: i64, ranges: bool) -> Number {
    let (one, other) = (decimal(dice, pivot), decimal(dice, pivot));
    if !ranges || dice.one_in(2) {
        return Number::range(Some(&one), Some(&one))
            .and_then(|_| NumberCriterion::parse(&one))
            .map(|read| Number::Point(read.number))
            .unwrap();
    }
    match dice.below(6) {
        0 => Number::compared(dice.pick(&["<", "<=", ">=", ">"]), &one),
        1 => Number::range(Some(&one), None),
        2 => Number::range(None, Some(&one)),
        _ => Number::range(Some(&one), Some(&other)),
    }
    .unwrap()
}

#[test]
fn no_token_of_a_number_misses_a_match() {
    let (mut matches, mut candidates, mut tokens) = (0, 0, 0);
    for case in cases() {
        let mut dice = Dice::new(case);
        let pivot =
            10_i64.pow(u32::try_from(dice.below(11)).unwrap()) * dice.pick(&[1, 1, 1, 2, 5, 9]);
        let ranges = !dice.one_in(3);
        let count = dice.pick(&[1, 1, 2, 3]);
        let values: Vec<_> = (0..count)
            .map(|_| value(&mut dice, pivot, ranges))
            .collect();
        let rows: HashSet<_> = number_rows(&values).into_iter().collect();
        let prefix = dice.pick(&Prefix::ALL);
        let text = format!("{}{}", prefix.as_str(), decimal(&mut dice, pivot));
        let asked = NumberCriterion::parse(&text).unwrap();
        let query = number_query(&asked, ranges);
        let is_candidate = query.iter().any(|token| rows.contains(token));
        let is_match = values.iter().any(|value| asked.holds(value));
        assert!(
            is_candidate || !is_match,
            "case {case}: {text} misses {values:?}"
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
fn very_many_numbers_are_not_told_apart() {
    let numbers = |count: usize| -> Vec<Number> {
        let point = |n: usize| NumberCriterion::parse(&(n * 7).to_string()).unwrap().number;
        (10..10 + count).map(|n| Number::Point(point(n))).collect()
    };
    assert!(number_rows(&numbers(20)).len() > 20);
    let many: Vec<_> = number_rows(&numbers(2_000))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(many, ["*"]);
}
