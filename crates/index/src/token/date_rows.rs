//! Form 6, the tokens that a record has for its dates. Values without a zone count by the
//! day that their clock shows.

use super::{
    TokenValue,
    bucket::{Bucket, MAX, MIN, cover, day_of},
};
use crate::value::DateRange;
use sealing::Form;
use std::collections::BTreeSet;

/// More different first days than this are not told apart.
const MAX_DAYS: usize = 64;

/// The tokens of the values that a record has under one parameter, without repetition.
#[must_use]
pub fn date_rows(values: &[DateRange]) -> Vec<TokenValue> {
    let days: Vec<Days> = values.iter().filter_map(Days::of).collect();
    let starts: BTreeSet<i32> = days.iter().map(|days| days.first).collect();
    let Some(earliest) = starts.first().copied() else {
        return Vec::new();
    };
    if starts.len() > MAX_DAYS {
        return vec![token("*")];
    }
    let mut rows = BTreeSet::new();
    for bucket in starts.iter().flat_map(|day| Bucket::of(*day)) {
        rows.insert(format!("^{bucket}"));
    }
    let open_end = days.iter().any(|days| days.last.is_none());
    if open_end {
        let [.., decade] = Bucket::of(earliest);
        rows.extend([">".to_owned(), format!(">{decade}")]);
    }
    if days.iter().any(|days| days.no_start) {
        rows.insert("<".to_owned());
    }
    let latest = days.iter().map(|days| days.last.unwrap_or(MAX)).max();
    if let Some(latest) = latest.filter(|latest| earliest < *latest) {
        match cover(earliest, latest) {
            Some(buckets) => rows.extend(buckets.iter().map(|bucket| format!("={bucket}"))),
            // `>` stands for them already.
            None if open_end => {}
            None => {
                rows.insert("<".to_owned());
            }
        }
    }
    rows.iter().map(|row| token(row)).collect()
}

/// The days that a value touches.
struct Days {
    first: i32,
    no_start: bool,
    last: Option<i32>,
}

impl Days {
    fn of(value: &DateRange) -> Option<Self> {
        let (from, until) = (value.from, value.until);
        if from.is_none() && until.is_none() {
            return None;
        }
        let first = from.map_or(MIN, |moment| day_of(moment.millis));
        let last = until.map(|moment| day_of(moment.millis.saturating_sub(1)));
        Some(Self {
            first,
            no_start: from.is_none(),
            last: last.map(|last| last.max(first)),
        })
    }
}

pub(super) fn token(text: &str) -> TokenValue {
    TokenValue::new(Form::DateBucket, text)
}
