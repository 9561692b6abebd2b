//! Forms 1 and 2 against the plain evaluator, and what the cut start of a string tells.

use crate::dice::{Dice, cases};
use index::{Answer, Text, TextCriterion, TextMode, text_query, text_rows};
use sealing::normal_form;
use std::collections::HashSet;

const SCRIPTS: [&str; 12] = [
    "abcdefgijkmnoprsstuvwyz -'.",
    "ABCDEFGHIJKLMNOPRSTUVWYZ",
    "äöüßéèêçñøåÅIİıſ",
    "e\u{301}o\u{308}u\u{30a}n\u{303}A\u{30a}\u{327}",
    "ﬁﬂﬃ①Ⅷ㎏ªº²ｱﾞＡｂ",
    "ΑΒΓαβγςσΣΐΰᾳᾼ",
    "АБВГабвгёйЁЙ",
    "王小明李國龍豈",
    "김이박최하한글ㅎㅏㄴ",
    "あいうえおがぎアイウガギー",
    "אבגדהוזשׁ",
    "ابتثجحآأؤคกำชสมरामशित",
];

fn string(dice: &mut Dice, longest: usize) -> String {
    let script = dice.pick(&SCRIPTS);
    let mixed = dice.one_in(5);
    let length = 1 + dice.below(longest);
    let mut text = String::new();
    for _ in 0..length {
        let script = if mixed { dice.pick(&SCRIPTS) } else { script };
        let characters: Vec<char> = script.chars().collect();
        text.push(dice.pick(&characters));
    }
    text
}

/// A text that is often found in the value, in one way or another.
fn asked(dice: &mut Dice, value: &str) -> String {
    let characters: Vec<char> = value.chars().collect();
    let start = if dice.one_in(3) {
        dice.below(characters.len())
    } else {
        0
    };
    let end = start + 1 + dice.below(characters.len() - start);
    let part: String = characters[start..end].iter().collect();
    match dice.below(8) {
        0 => part.to_uppercase(),
        1 => part.to_lowercase(),
        2 => normal_form(&part),
        3 => string(dice, 3),
        4 => value.to_owned(),
        5 => format!("{part}{}", string(dice, 2)),
        _ => part,
    }
}

#[test]
fn no_token_of_a_string_misses_a_match() {
    let (mut matches, mut found, mut candidates) = (0, 0, 0);
    for case in cases() {
        let mut dice = Dice::new(case);
        let longest = dice.pick(&[1, 3, 8, 20, 90]);
        let value = string(&mut dice, longest);
        let rows: HashSet<_> = text_rows(&[&value]).into_iter().collect();
        let text = asked(&mut dice, &value);
        let mode = dice.pick(&[TextMode::Starts, TextMode::Starts, TextMode::Exact]);
        let criterion = TextCriterion::new(mode, &text);
        let is_match = match mode {
            TextMode::Exact => value == text,
            _ => normal_form(&value).starts_with(&normal_form(&text)),
        };
        matches += u64::from(is_match);
        let Some(token) = text_query(&criterion) else {
            continue;
        };
        let is_candidate = rows.contains(&token);
        assert!(
            is_candidate || !is_match,
            "case {case}: {mode:?} {text} misses {value}"
        );
        found += u64::from(is_match);
        candidates += u64::from(is_candidate);
    }
    let count = cases().end;
    assert!(found > count / 4, "hardly anything was tried");
    println!("{count} queries, {matches} matches, {found} with a token, {candidates} candidates");
}

#[test]
fn the_start_of_a_string_never_says_more_than_the_string() {
    let (mut holds, mut unknown) = (0, 0);
    for case in cases() {
        let mut dice = Dice::new(case);
        let value = string(&mut dice, 130);
        let text = asked(&mut dice, &value);
        let mode = dice.pick(&[TextMode::Starts, TextMode::Exact, TextMode::Contains]);
        let truth = match mode {
            TextMode::Exact => value == text,
            TextMode::Starts => normal_form(&value).starts_with(&normal_form(&text)),
            TextMode::Contains => normal_form(&value).contains(&normal_form(&text)),
        };
        match TextCriterion::new(mode, &text).answer(&Text::new(&value)) {
            Answer::Holds => assert!(truth, "case {case}: {mode:?} {text} in {value}"),
            Answer::Fails => assert!(!truth, "case {case}: {mode:?} {text} in {value}"),
            Answer::Unknown => unknown += 1,
        }
        holds += u64::from(truth);
    }
    assert!(holds > cases().end / 4 && unknown > 0 && unknown < cases().end / 3);
}
