//! What a request has written itself, laid over what a search finds: a transaction finds
//! its writes, though nothing is committed yet
//! (<https://hl7.org/fhir/R4/http.html#trules>).
//!
//! Nothing is opened here. A written version meets a condition of a search by the
//! links and tokens that it will be stored with.

use crate::{
    record::version::is_delete,
    search::{
        condition::Condition,
        order::{Position, Sort},
    },
};
use model::{ResourceType, Tag, Timestamp};
use std::collections::HashMap;
use store::{Hit, NewVersion};

/// From this moment on, until before that one.
pub type Span = (Option<Timestamp>, Option<Timestamp>);

/// The part of a search that the request answers from its own writes.
pub struct Overlay {
    sort: Sort,
    /// The place of the newest write of each record. What is stored of these is old.
    newest: HashMap<Tag, usize>,
    /// In the order of the answer, with their places among the writes.
    candidates: Vec<(Position, usize)>,
}

/// Candidates that follow each other in the order of the answer.
pub struct Batch {
    /// The candidates.
    pub rows: Vec<Hit>,
    /// Where to go on; `None` at the end.
    pub end: Option<Position>,
}

impl Overlay {
    /// The writes that are candidates of a search: of this type, meeting every
    /// condition, written in one of the half-open spans.
    #[must_use]
    pub fn of(
        writes: &[NewVersion],
        kind: &ResourceType,
        conditions: &[Condition],
        spans: &[Span],
        sort: Sort,
    ) -> Self {
        let newest: HashMap<Tag, usize> = writes
            .iter()
            .enumerate()
            .map(|(place, write)| (write.version.record, place))
            .collect();
        let within = |time: Timestamp| {
            spans.iter().any(|(from, until)| {
                from.is_none_or(|from| from <= time) && until.is_none_or(|until| time < until)
            })
        };
        let candidate = |&place: &usize| {
            let write = writes.get(place)?;
            let is = write.version.resource_type == *kind
                && !is_delete(&write.version)
                && within(write.version.time)
                && conditions.iter().all(|condition| condition.is_met(write));
            is.then(|| (Position::of(&write.version), place))
        };
        let mut candidates: Vec<_> = newest.values().filter_map(candidate).collect();
        candidates.sort_unstable_by(|(a, _), (b, _)| sort.compare(a, b));
        Self {
            sort,
            newest,
            candidates,
        }
    }

    /// Number of candidates among the writes.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.candidates.len()).unwrap_or(u32::MAX)
    }

    /// Lays the writes among the next `limit` stored candidates after a place. What
    /// is stored of a record that the request wrote is dropped.
    #[must_use]
    pub fn merge(
        &self,
        writes: &[NewVersion],
        stored: Vec<Hit>,
        after: Option<Position>,
        limit: u32,
    ) -> Batch {
        let limit = limit as usize;
        // Behind the last stored row may stand others that were not read.
        let last = stored.last().map(Position::of_hit);
        let horizon = last.filter(|_| stored.len() >= limit);
        let is_next = |place: &Position| {
            let follows = |after| self.sort.compare(&after, place).is_lt();
            let is_seen = |horizon| self.sort.compare(place, &horizon).is_lt();
            after.is_none_or(follows) && horizon.is_none_or(is_seen)
        };
        let own = self.candidates.iter().filter(|(place, _)| is_next(place));
        let own = own.filter_map(|(_, place)| writes.get(*place));
        let mut rows = stored;
        rows.retain(|row| !self.newest.contains_key(&row.record));
        rows.extend(
            own.take(limit + 1)
                .map(|write| write.version.clone().into()),
        );
        rows.sort_by(|a, b| {
            self.sort
                .compare(&Position::of_hit(a), &Position::of_hit(b))
        });
        let end = if rows.len() > limit {
            rows.truncate(limit);
            rows.last().map(Position::of_hit)
        } else {
            horizon
        };
        Batch { rows, end }
    }
}
