//! Forms 1 and 2: strings in their normal form, and its first code points.

use super::TokenValue;
use crate::criterion::{TextCriterion, TextMode};
use sealing::{Form, longest_prefix, normal_form, prefixes, single_prefix};
use std::collections::BTreeSet;

/// The tokens of the whole strings that a record has under one parameter, without
/// repetition: each whole, and its first 2, 4 and 6 code points; the first alone where it
/// can be a name.
#[must_use]
pub fn text_rows(values: &[&str]) -> Vec<TokenValue> {
    let mut rows = BTreeSet::new();
    for value in values {
        let normal = normal_form(value);
        rows.extend(single_prefix(&normal).map(|first| TokenValue::new(Form::Prefix, first)));
        for prefix in prefixes(value) {
            rows.insert(TokenValue::new(Form::Prefix, prefix));
        }
        rows.insert(TokenValue::new(Form::Exact, normal));
    }
    rows.into_iter().collect()
}

/// The token of every candidate; `None` where no token finds them: a single letter,
/// `:contains`.
#[must_use]
pub fn text_query(asked: &TextCriterion) -> Option<TokenValue> {
    match asked.mode {
        TextMode::Exact => Some(TokenValue::new(Form::Exact, asked.normal())),
        TextMode::Contains => None,
        TextMode::Starts => {
            let prefix = longest_prefix(asked.received());
            let prefix = prefix.or_else(|| single_prefix(asked.normal()).map(str::to_owned));
            prefix.map(|prefix| TokenValue::new(Form::Prefix, prefix))
        }
    }
}
