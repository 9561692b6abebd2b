//! Form 7, the tokens that a record has for its numbers. Units are no part of them.

use super::{
    TokenValue,
    line::{LAST, NumberBucket, cover, place},
};
use crate::value::{End, Number};
use sealing::Form;
use std::collections::BTreeSet;

/// More tokens than this are not told apart.
const MAX_ROWS: usize = 192;

/// The tokens of the numbers that a record has under one parameter, without repetition.
#[must_use]
pub fn number_rows(values: &[Number]) -> Vec<TokenValue> {
    let mut rows = BTreeSet::new();
    for value in values {
        let place_of = |end: &End| place(end.at.value());
        let (first, last) = match value {
            Number::Point(point) => (place(point.value()), None),
            Number::Between { low, high } => {
                let low = low.as_ref().map(place_of);
                let high = high.as_ref().map(place_of);
                let buckets = low.zip(high).and_then(|(low, high)| cover(low, high));
                (low.unwrap_or(-LAST), Some(buckets))
            }
        };
        for bucket in NumberBucket::of(first) {
            rows.insert(format!("^{bucket}"));
        }
        match last {
            Some(Some(buckets)) => {
                rows.extend(buckets.iter().map(|bucket| format!("={bucket}")));
            }
            Some(None) => {
                rows.insert("~".to_owned());
            }
            None => {}
        }
        if rows.len() > MAX_ROWS {
            return vec![token("*")];
        }
    }
    rows.iter().map(|row| token(row)).collect()
}

pub(super) fn token(text: &str) -> TokenValue {
    TokenValue::new(Form::NumberBucket, text)
}
