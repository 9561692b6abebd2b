//! A cursor opens for the same search under the same key, or not at all.

use crate::scripted::data_key;
use model::SeededRandom;
use proptest::prelude::*;
use sealing::CursorKey;

const AAD: &[u8] = b"st-mary\nPatient?name=x";

proptest! {
    #[test]
    fn what_is_sealed_opens_for_the_same_search_only(
        cursor in proptest::collection::vec(any::<u8>(), 0..200),
        aad in proptest::collection::vec(any::<u8>(), 0..100),
        seed: u64,
    ) {
        let key = CursorKey::new(&data_key(&[7; 32]));
        let text = key.seal(&aad, &cursor, &SeededRandom::new(seed)).unwrap();
        prop_assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c)));
        prop_assert_eq!(key.open(&aad, &text), Some(cursor));
        prop_assert_eq!(key.open(&[&aad[..], b"x"].concat(), &text), None);
        let other = CursorKey::new(&data_key(&[8; 32]));
        prop_assert_eq!(other.open(&aad, &text), None);
    }
}

#[test]
fn every_other_spelling_is_refused() {
    let key = CursorKey::new(&data_key(&[7; 32]));
    let text = key.seal(AAD, b"page 2", &SeededRandom::new(1)).unwrap();
    for (at, old) in text.char_indices() {
        for new in "Aa0-_=+/ é".chars().filter(|&new| new != old) {
            let mut other = text.clone();
            other.replace_range(at..=at, &new.to_string());
            assert_eq!(key.open(AAD, &other), None, "{other}");
        }
        assert_eq!(key.open(AAD, &text[..at]), None);
    }
    // 34 bytes end in a character whose last four bits carry nothing.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = text.chars().last().unwrap();
    for new in alphabet.chars().filter(|&new| new != last) {
        let other = format!("{}{new}", &text[..text.len() - 1]);
        assert_eq!(key.open(AAD, &other), None, "{other}");
    }
    for tail in ["=", "==", "\n", "A"] {
        assert_eq!(key.open(AAD, &format!("{text}{tail}")), None);
    }
}
