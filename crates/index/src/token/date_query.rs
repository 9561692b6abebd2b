//! Form 6, the tokens of a query for dates.

use super::{
    TokenValue,
    bucket::{Bucket, MAX, MIN, cut, day_of},
    date_rows::token,
};
use crate::criterion::{DateCriterion, Prefix, Reading};

/// The days of the bounds of a query: of each the earliest and the latest that the clocks
/// of the facility or UTC can show.
struct Days {
    low: [i32; 2],
    high: [i32; 2],
}

impl Days {
    fn of(asked: &DateCriterion, reading: &Reading<'_>) -> Self {
        let span = asked.span(reading);
        let days = |millis| reading.zone.shown(millis).map(day_of);
        Self {
            low: days(span.from),
            high: days(span.until.saturating_sub(1)),
        }
    }
}

/// The tokens any of which makes a candidate. `periods` says whether elements of the
/// parameter can be periods; where they can only be date, dateTime or instant no record
/// has an open end.
#[must_use]
pub fn date_query(asked: &DateCriterion, reading: &Reading<'_>, periods: bool) -> Vec<TokenValue> {
    let days = Days::of(asked, reading);
    let ([l1, l2], [h1, h2]) = (days.low, days.high);
    let mut query = Query::new(periods);
    match asked.prefix {
        Prefix::Eq => query.cut(l1, h2),
        Prefix::Lt | Prefix::Eb => query.cut(MIN, l2),
        Prefix::Le => query.cut(MIN, h2),
        Prefix::Sa => query.cut(h1, MAX),
        Prefix::Gt => query.from(h1),
        Prefix::Ge => query.from(l1),
        Prefix::Ap => query.range(l1, h2),
        Prefix::Ne => query.cut(MIN, MAX),
    }
    query.tokens
}

/// The tokens of two criteria of one parameter taken together: a lower bound, `ge` or
/// `gt`, and an upper, `le` or `lt`. A record may meet one by another value than the
/// other. `None` for other prefixes, and where the lower is above the upper: then each is
/// asked by itself.
#[must_use]
pub fn date_pair_query(
    lower: &DateCriterion,
    upper: &DateCriterion,
    reading: &Reading<'_>,
    periods: bool,
) -> Option<Vec<TokenValue>> {
    let is_pair = matches!(lower.prefix, Prefix::Ge | Prefix::Gt)
        && matches!(upper.prefix, Prefix::Le | Prefix::Lt);
    let in_order = lower.span(reading).from < upper.span(reading).until;
    if !is_pair || !in_order {
        return None;
    }
    let ([l1, _], [_, h2]) = (Days::of(lower, reading).low, Days::of(upper, reading).high);
    let mut query = Query::new(periods);
    query.range(l1, h2);
    Some(query.tokens)
}

struct Query {
    periods: bool,
    tokens: Vec<TokenValue>,
}

impl Query {
    fn new(periods: bool) -> Self {
        let tokens = vec![token("*")];
        Self { periods, tokens }
    }

    fn add(&mut self, text: &str) {
        self.tokens.push(token(text));
    }

    /// Values that start on one of these days.
    fn cut(&mut self, first: i32, last: i32) {
        for bucket in cut(first, last) {
            self.add(&format!("^{bucket}"));
        }
    }

    /// Values of several days, one of which is this.
    fn stab(&mut self, day: i32) {
        for bucket in Bucket::of(day) {
            self.add(&format!("={bucket}"));
        }
        self.add("<");
    }

    /// Values that reach this day or a later one.
    fn from(&mut self, day: i32) {
        self.cut(day, MAX);
        self.stab(day);
        if self.periods {
            self.add(">");
        }
    }

    /// Values of which one reaches the first day, and one starts on the last or before.
    fn range(&mut self, first: i32, last: i32) {
        self.cut(first, last);
        self.stab(first);
        if self.periods {
            let [.., end] = Bucket::of(last);
            for decade in Bucket::decades(super::Direction::Forward) {
                if decade <= end {
                    self.add(&format!(">{decade}"));
                }
            }
        }
    }
}
