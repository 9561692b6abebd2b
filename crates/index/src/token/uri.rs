//! Form 8: URIs as received.

use super::TokenValue;
use crate::{
    criterion::{UriCriterion, UriMode},
    value::Uri,
};
use sealing::Form;
use std::collections::BTreeSet;

/// Tokens of one query; a path of more segments is scanned.
const MAX_TOKENS: usize = 64;

/// The tokens of the URIs that a record has under one parameter, without repetition: a
/// canonical with a version also without.
pub fn uri_rows<'a>(values: impl IntoIterator<Item = &'a Uri>) -> Vec<TokenValue> {
    let mut rows = BTreeSet::new();
    for value in values {
        rows.insert(token(&value.text));
        rows.extend(value.without_version().map(token));
    }
    rows.into_iter().collect()
}

/// The tokens any of which makes a candidate; `None` where no tokens find them: `:below`,
/// and `:above` of a URI with very many segments.
#[must_use]
pub fn uri_query(asked: &UriCriterion) -> Option<Vec<TokenValue>> {
    match asked.mode {
        UriMode::Exact => Some(vec![token(&asked.text)]),
        UriMode::Below => None,
        UriMode::Above => {
            let mut rows: BTreeSet<_> = [token(&asked.text)].into();
            if asked.text.contains("://") {
                // A segment ends before each of these, and a slash may end the URI.
                for (at, separator) in asked.text.match_indices(['/', '?', '#']) {
                    rows.extend(asked.text.get(..at).map(token));
                    let end = at + separator.len();
                    rows.extend(
                        asked
                            .text
                            .get(..end)
                            .filter(|_| separator == "/")
                            .map(token),
                    );
                }
            }
            (rows.len() <= MAX_TOKENS).then(|| rows.into_iter().collect())
        }
    }
}

fn token(text: &str) -> TokenValue {
    TokenValue::new(Form::Uri, text)
}
