//! The order of a search and its bounds, as the columns hold them.

use super::bind::Bind;
use crate::find::criterion::{Order, TimePosition};
use model::Timestamp;

/// An order with its bounds.
pub(crate) enum Sequence {
    /// After this tag. Before the first there is nothing shorter than a tag.
    Record(Vec<u8>),
    /// Strictly between two places.
    Time {
        newest_first: bool,
        after: Bound,
        before: Bound,
    },
}

/// A time and a tag; an empty tag comes before all tags.
pub(crate) type Bound = (i64, Vec<u8>);

impl Sequence {
    pub(crate) fn of(order: Order) -> Self {
        let (newest_first, from, until, place) = match order {
            Order::Record { after } => {
                return Self::Record(after.map_or_else(Vec::new, |tag| tag.as_bytes().to_vec()));
            }
            Order::Time {
                newest_first,
                from,
                until,
                after,
            } => (newest_first, from, until, after.map(bound)),
        };
        let start = (from.map_or(i64::MIN, Timestamp::as_millis), Vec::new());
        let end = (until.map_or(i64::MAX, Timestamp::as_millis), Vec::new());
        let (after, before) = match place {
            None => (start, end),
            Some(place) if newest_first => (start, end.min(place)),
            Some(place) => (start.max(place), end),
        };
        Self::Time {
            newest_first,
            after,
            before,
        }
    }

    /// The strict bounds of time and tag.
    pub(crate) fn bounds(&self) -> (Vec<Bind<'_>>, Vec<Bind<'_>>) {
        match self {
            Self::Record(_) => (Vec::new(), Vec::new()),
            Self::Time { after, before, .. } => (binds(after), binds(before)),
        }
    }

    pub(crate) const fn is_newest_first(&self) -> bool {
        matches!(
            self,
            Self::Time {
                newest_first: true,
                ..
            }
        )
    }

    /// The order of the versions of a page.
    pub(crate) const fn of_versions(&self) -> &'static str {
        match self {
            Self::Record(_) => "n.record_tag",
            Self::Time {
                newest_first: false,
                ..
            } => "n.time_ms, n.record_tag",
            Self::Time { .. } => "n.time_ms DESC, n.record_tag DESC",
        }
    }

    /// Where a page has its times: the narrow rows are there also when the versions are
    /// not.
    pub(crate) const fn time_of_page(&self) -> &'static str {
        match self {
            Self::Record(_) => "v.time_ms",
            Self::Time { .. } => "n.time_ms",
        }
    }

    /// The same where cards are read in place of versions.
    pub(crate) const fn time_of_cards(&self) -> &'static str {
        match self {
            Self::Record(_) => "c.time_ms",
            Self::Time { .. } => "n.time_ms",
        }
    }
}

fn binds((time, tag): &Bound) -> Vec<Bind<'_>> {
    vec![Bind::BigInt(time), Bind::Binary(tag)]
}

fn bound(place: TimePosition) -> Bound {
    (place.time.as_millis(), place.record.as_bytes().to_vec())
}
