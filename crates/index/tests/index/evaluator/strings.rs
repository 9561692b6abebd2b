//! Strings (<https://hl7.org/fhir/R4/search.html#string>).

use index::{Answer, Text, TextCriterion, TextMode};

fn text_answer(mode: TextMode, asked: &str, value: &str) -> Answer {
    TextCriterion::new(mode, asked).answer(&Text::new(value))
}

#[test]
fn strings() {
    for (mode, asked, value, expected) in [
        (TextMode::Starts, "eve", "Eve", Answer::Holds),
        (TextMode::Starts, "eve", "Evelyn", Answer::Holds),
        (TextMode::Starts, "eve", "Steve", Answer::Fails),
        (TextMode::Starts, "EVÉ", "evelyn", Answer::Holds),
        (TextMode::Contains, "eve", "Severine", Answer::Holds),
        (TextMode::Contains, "EVE", "Sévérine", Answer::Holds),
        (TextMode::Contains, "evy", "Severine", Answer::Fails),
        (TextMode::Exact, "Eve", "Eve", Answer::Holds),
        (TextMode::Exact, "eve", "Eve", Answer::Fails),
        (TextMode::Exact, "EVE", "Eve", Answer::Fails),
        (TextMode::Exact, "Eve", "Evelyn", Answer::Fails),
        (TextMode::Exact, "Eve", "Evé", Answer::Fails),
    ] {
        assert_eq!(
            text_answer(mode, asked, value),
            expected,
            "{mode:?} {asked} {value}"
        );
    }
    let long = format!("{}b", "a".repeat(64));
    for (mode, asked, expected) in [
        (TextMode::Starts, "aaa".to_owned(), Answer::Holds),
        (TextMode::Starts, "ab".to_owned(), Answer::Fails),
        (TextMode::Starts, long.clone(), Answer::Unknown),
        (TextMode::Contains, "ab".to_owned(), Answer::Unknown),
        (TextMode::Exact, "a".repeat(64), Answer::Fails),
        (TextMode::Exact, long.clone(), Answer::Unknown),
    ] {
        assert_eq!(
            text_answer(mode, &asked, &long),
            expected,
            "{mode:?} {asked}"
        );
    }
}
