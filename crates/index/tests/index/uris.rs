//! Form 8 against the plain evaluator.

use crate::dice::{Dice, cases};
use index::{Uri, UriCriterion, UriMode, uri_query, uri_rows};

#[test]
fn no_token_of_a_uri_misses_a_match() {
    let parts = [
        "http://x", "http://", "urn:a", "/a", "/b", "/", "?q=1", "#f", "|1", ":", "ab",
    ];
    let mut matches = 0;
    for case in cases() {
        let mut dice = Dice::new(case);
        let uri = |dice: &mut Dice| -> String {
            let start = dice.pick(&parts[..3]);
            (0..dice.below(4)).fold(start.to_owned(), |uri, _| uri + dice.pick(&parts[3..]))
        };
        let text = uri(&mut dice);
        let value = if dice.one_in(2) {
            uri(&mut dice)
        } else {
            text.chars().take(dice.below(text.len() + 1)).collect()
        };
        let canonical = dice.one_in(2);
        let value = Uri {
            text: value,
            canonical,
        };
        let mode = dice.pick(&[UriMode::Above, UriMode::Exact]);
        let asked = UriCriterion { mode, text };
        let query = uri_query(&asked).unwrap();
        let is_candidate = uri_rows([&value]).iter().any(|row| query.contains(row));
        let is_match = asked.holds(&value);
        assert!(
            is_candidate || !is_match,
            "case {case}: {asked:?} misses {value:?}"
        );
        matches += u64::from(is_match);
    }
    assert!(matches > cases().end / 20, "hardly anything was tried");
}
