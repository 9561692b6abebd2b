//! Values of date search parameters (<https://hl7.org/fhir/R4/search.html#date>), as
//! the set of moments that they name.
//!
//! What is compared with a date is a moment (`meta.lastUpdated`), so `sa` is `gt` and `eb`
//! is `lt` here.

use crate::dates::range::{self, Span};
use model::Timestamp;

/// A set of moments: spans that are apart, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moments(Vec<Span>);

impl Moments {
    /// Reads the value of a parameter: one date or several with commas, any of which
    /// is enough, each with an optional prefix. `now` is what `ap` measures from.
    #[must_use]
    pub fn parse(value: &str, now: Timestamp) -> Option<Self> {
        let mut spans = Vec::new();
        for one in value.split(',') {
            spans.extend(spans_of(one, now.as_millis())?);
        }
        Some(Self(united(spans)))
    }

    /// The moments that are in both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let both = |one: &Span| {
            let (from, until) = *one;
            other
                .0
                .iter()
                .map(move |(start, end)| (from.max(*start), until.min(*end)))
        };
        Self(united(self.0.iter().flat_map(both).collect()))
    }

    /// Whether a moment is one of them.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        let millis = moment.as_millis();
        self.0
            .iter()
            .any(|(from, until)| (*from..*until).contains(&millis))
    }

    /// The spans in their order, each from a moment to before another; none is no
    /// bound.
    pub fn spans(
        &self,
    ) -> impl DoubleEndedIterator<Item = (Option<Timestamp>, Option<Timestamp>)> + '_ {
        let moment = |millis: i64| Timestamp::from_millis(millis).ok();
        self.0
            .iter()
            .map(move |(from, until)| (moment(*from), moment(*until)))
    }
}

/// The first moment that a date may mean, such as the value of `_since`.
#[must_use]
pub fn first_moment(text: &str) -> Option<Timestamp> {
    Timestamp::from_millis(range::of(text)?.0).ok()
}

/// The first moment that a date may mean, and the one after the last; `None` where that is
/// past the calendar.
#[must_use]
pub fn period(text: &str) -> Option<(Timestamp, Option<Timestamp>)> {
    let (from, until) = range::of(text)?;
    let from = Timestamp::from_millis(from).ok()?;
    Some((from, Timestamp::from_millis(until).ok()))
}

/// Spans in their order, those that touch made one, empty ones left out.
fn united(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|(from, until)| from < until);
    spans.sort_unstable();
    let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, until) in spans {
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => apart.push((from, until)),
        }
    }
    apart
}

/// What one date with its prefix names
/// (<https://hl7.org/fhir/R4/search.html#prefix>).
fn spans_of(text: &str, now: i64) -> Option<Vec<Span>> {
    let (prefix, date) = match text.split_at_checked(2) {
        Some((prefix, date)) if prefix.bytes().all(|c| c.is_ascii_lowercase()) => (prefix, date),
        _ => ("eq", text),
    };
    let (start, end) = range::of(date)?;
    Some(match prefix {
        "eq" => vec![(start, end)],
        "ne" => vec![(i64::MIN, start), (end, i64::MAX)],
        "gt" | "sa" => vec![(end, i64::MAX)],
        "lt" | "eb" => vec![(i64::MIN, start)],
        "ge" => vec![(start, i64::MAX)],
        "le" => vec![(i64::MIN, end)],
        // The specification recommends a tenth of the distance to now.
        "ap" => {
            let distance = now.abs_diff(start).min(now.abs_diff(end)) / 10;
            let around = i64::try_from(distance).unwrap_or(i64::MAX);
            vec![(start.saturating_sub(around), end.saturating_add(around))]
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn now() -> Timestamp {
        at("2026-11-22T12:00:00.000Z")
    }

    fn holds(value: &str, moment: &str) -> bool {
        Moments::parse(value, now()).unwrap().contains(at(moment))
    }

    /// One text a line; the dates of search parameters (`index`) are tested by the same.
    const TEXTS: &str = include_str!("../../../model/tests/date_texts.txt");

    /// The parts of the lines that have this number of parts.
    fn texts<const PARTS: usize>() -> Vec<[&'static str; PARTS]> {
        let lines = TEXTS.lines().filter(|line| !line.starts_with('#'));
        let parts = lines.map(|line| line.split('|').collect::<Vec<_>>());
        parts.filter_map(|parts| parts.try_into().ok()).collect()
    }

    #[test]
    fn a_date_is_all_moments_that_it_may_mean() {
        let dates = texts::<4>();
        assert_eq!(dates.len(), 16);
        for [value, first, last, _] in dates {
            let (first, last) = (at(first), at(last));
            let moments = Moments::parse(value, now()).unwrap();
            assert!(moments.contains(first) && moments.contains(last), "{value}");
            assert!(!moments.contains(first.plus_millis(-1)), "{value}");
            if value != "9999" {
                assert!(!moments.contains(last.plus_millis(1)), "{value}");
            }
        }
    }

    #[test]
    fn prefixes_compare_with_the_range() {
        let (before, first, last, after) = (
            "2026-03-04T23:59:59.999Z",
            "2026-03-05T00:00:00.000Z",
            "2026-03-05T23:59:59.999Z",
            "2026-03-06T00:00:00.000Z",
        );
        for (prefix, expected) in [
            ("", [false, true, true, false]),
            ("eq", [false, true, true, false]),
            ("ne", [true, false, false, true]),
            ("gt", [false, false, false, true]),
            ("sa", [false, false, false, true]),
            ("lt", [true, false, false, false]),
            ("eb", [true, false, false, false]),
            ("ge", [false, true, true, true]),
            ("le", [true, true, true, false]),
        ] {
            let value = format!("{prefix}2026-03-05");
            let found = [before, first, last, after].map(|moment| holds(&value, moment));
            assert_eq!(found, expected, "{prefix}");
        }
        // A hundred days ago, give or take ten.
        let value = "ap2026-08-14T12:00:00.000Z";
        assert!(holds(value, "2026-08-04T13:00:00.000Z"));
        assert!(holds(value, "2026-08-24T11:00:00.000Z"));
        assert!(!holds(value, "2026-08-04T11:00:00.000Z"));
        assert!(!holds(value, "2026-08-24T13:00:00.000Z"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let texts = texts::<2>();
        assert_eq!(texts.len(), 26);
        let lists = ["GT2026", "xx2026", "gt", "gt gt2026", "2026,", ",2026"];
        let texts = texts.into_iter().map(|[text, _]| text);
        for value in texts.chain(lists) {
            assert_eq!(Moments::parse(value, now()), None, "{value}");
        }
    }

    #[test]
    fn commas_unite_and_repetition_intersects() {
        let either = Moments::parse("2026-01-01,2026-01-02,lt1990", now()).unwrap();
        assert_eq!(either.spans().count(), 2);
        let both = either.and(&Moments::parse("ge2026-01-01T12:00", now()).unwrap());
        let spans: Vec<_> = both.spans().collect();
        let span = (
            Some(at("2026-01-01T12:00:00.000Z")),
            Some(at("2026-01-03T00:00:00.000Z")),
        );
        assert_eq!(spans, [span]);
        let none = both.and(&Moments::parse("lt2026", now()).unwrap());
        assert_eq!(none.spans().count(), 0);
    }

    proptest! {
        #[test]
        fn sets_agree_with_their_members(
            one in proptest::collection::vec((0_i64..40, 0_i64..40), 0..6),
            other in proptest::collection::vec((0_i64..40, 0_i64..40), 0..6),
        ) {
            let within = |spans: &[Span], at: i64| {
                spans.iter().any(|(from, until)| (*from..*until).contains(&at))
            };
            let sets = (Moments(united(one.clone())), Moments(united(other.clone())));
            let both = sets.0.and(&sets.1);
            for millis in 0..40 {
                let moment = Timestamp::from_millis(millis).unwrap();
                prop_assert_eq!(sets.0.contains(moment), within(&one, millis));
                let expected = within(&one, millis) && within(&other, millis);
                prop_assert_eq!(both.contains(moment), expected);
            }
            prop_assert!(both.0.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }

        #[test]
        fn no_text_is_too_strange(value in ".{0,40}") {
            drop(Moments::parse(&value, now()));
        }
    }
}
