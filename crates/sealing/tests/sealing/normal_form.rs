//! The normal form of strings, held for one Unicode version.

use crate::scripted::{elements, text, vectors};
use proptest::prelude::*;
use sealing::{longest_prefix, normal_form, prefixes};
use sha2::{Digest, Sha256};

#[test]
fn every_scalar_value_has_the_normal_form_of_unicode_18() {
    let vector = &vectors("golden.json")["normal_forms"];
    assert_eq!(text(vector, "unicode"), "18.0.0");
    let mut hash = Sha256::new();
    for c in '\0'..=char::MAX {
        let normal = normal_form(c.encode_utf8(&mut [0; 4]));
        hash.update(u32::try_from(normal.len()).unwrap().to_be_bytes());
        hash.update(normal.as_bytes());
    }
    // If this fails after an update, the Unicode version changed: stored tokens
    // need a new index epoch before the update is taken.
    assert_eq!(hex::encode(hash.finalize()), text(vector, "every_scalar"));
}

#[test]
fn texts_and_their_prefixes() {
    let vector = &vectors("golden.json")["normal_forms"];
    for case in elements(&vector["texts"]) {
        assert_eq!(normal_form(text(case, "value")), text(case, "normal"));
    }
    for case in elements(&vector["prefixes"]) {
        let expected: Vec<String> = serde_json::from_value(case["prefixes"].clone()).unwrap();
        let value = text(case, "value");
        assert_eq!(longest_prefix(value), expected.last().cloned());
        assert_eq!(prefixes(value), expected);
    }
}

proptest! {
    #[test]
    fn case_and_accents_make_no_difference(name in "[a-zA-ZéÉüÜñÑåÅçÇ' -]{0,30}") {
        let normal = normal_form(&name);
        prop_assert_eq!(normal_form(&name.to_uppercase()), normal.clone());
        prop_assert_eq!(normal_form(&name.to_lowercase()), normal.clone());
        prop_assert_eq!(normal_form(&normal), normal);
    }

    #[test]
    fn a_stored_value_is_found_by_the_start_of_it(value in "\\PC{0,12}", cut in 0_usize..12) {
        // What is typed is a start of the normal form; its prefix must be among
        // those of the stored value.
        let normal = normal_form(&value);
        let start: String = normal.chars().take(cut).collect();
        if let Some(prefix) = longest_prefix(&start)
            && normal_form(&start) == start
        {
            prop_assert!(prefixes(&value).contains(&prefix));
        }
    }
}
