//! The candidates of a search: records that may match, read in the order of the
//! answer, a batch at a time, still sealed. The writes of the request itself are
//! among them.

use crate::{
    exchange::{Exchange, reach::SEARCH},
    failure::Failure,
    search::{
        condition::Condition,
        order::{Position, Sort},
        overlay::{Batch, Overlay, Span},
        query::Search,
    },
};
use fhir::ReferenceParameter;
use model::{ResourceType, Tag, VersionNumber};
use std::sync::Arc;
use store::{Access, CardHit, FacilityId, Hit, Order, Reader, TimePosition, Versions};

/// What to read, and how to go on.
pub struct Candidates {
    found_by: Arc<FoundBy>,
    overlay: Overlay,
}

/// By what records are found in the database, and in what order.
pub(crate) struct FoundBy {
    facility: FacilityId,
    kind: ResourceType,
    conditions: Vec<Condition>,
    sort: Sort,
    /// In the order of the answer.
    spans: Vec<Span>,
}

impl Candidates {
    /// The candidates of a search.
    #[must_use]
    pub fn of(exchange: &Exchange<'_>, search: &Search) -> Self {
        let sort = search.page.sort(search.criteria.moments().is_some());
        let found_by = FoundBy::of(exchange, search, sort);
        let (kind, conditions) = (&found_by.kind, &found_by.conditions);
        let written = exchange.written();
        Self {
            overlay: Overlay::of(written, kind, conditions, &found_by.spans, sort),
            found_by: Arc::new(found_by),
        }
    }

    /// The next candidates, at most `limit`. A batch may be empty and not the last.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn read(
        &self,
        exchange: &Exchange<'_>,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Batch, Failure> {
        let found_by = Arc::clone(&self.found_by);
        let read = move |reader: &mut Reader| found_by.read(reader.versions(), after, limit);
        let stored = exchange.search("search", read).await??;
        Ok(self.overlay.merge(exchange.written(), stored, after, limit))
    }

    /// What finds the stored ones.
    pub(crate) fn found_by(&self) -> Arc<FoundBy> {
        Arc::clone(&self.found_by)
    }

    /// Whether a write of the request itself is among them.
    pub(crate) fn has_written(&self) -> bool {
        self.overlay.count() > 0
    }

    /// The most candidates that there can be, stored ones counted up to `limit`: what
    /// is stored of a record that the request wrote counts too.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub async fn count(&self, exchange: &Exchange<'_>, limit: u32) -> Result<u32, Failure> {
        let found_by = Arc::clone(&self.found_by);
        let count = move |reader: &mut Reader| found_by.count(reader, limit);
        let stored = exchange.search("search count", count).await??;
        Ok(stored.saturating_add(self.overlay.count()))
    }
}

/// The condition that leaves a search the caller's own compartment, where the caller
/// could see nothing else.
fn own_compartment(exchange: &Exchange<'_>, kind: &ResourceType) -> Option<Condition> {
    if exchange.reaches_all(SEARCH, kind) || exchange.may_reach(SEARCH, kind, None) {
        return None;
    }
    let own = exchange.own_patient().into_iter().collect();
    Some(Condition::Links(ReferenceParameter::Patient.as_str(), own))
}

impl FoundBy {
    /// The conditions of a search, with that of the caller's own compartment.
    pub(super) fn of(exchange: &Exchange<'_>, search: &Search, sort: Sort) -> Self {
        let (criteria, kind) = (&search.criteria, search.criteria.kind());
        let mut conditions = criteria.conditions(exchange.facility());
        conditions.extend(own_compartment(exchange, kind));
        let mut spans: Vec<Span> = match criteria.moments() {
            Some(moments) => moments.spans().collect(),
            None => vec![(None, None)],
        };
        if sort == Sort::Newest {
            spans.reverse();
        }
        Self {
            facility: exchange.facility().id,
            kind: kind.clone(),
            conditions,
            sort,
            spans,
        }
    }

    fn order(&self, (from, until): Span, after: Option<Position>) -> Order {
        match self.sort {
            Sort::Record => Order::Record {
                after: after.map(|place| place.record),
            },
            sort => Order::Time {
                newest_first: sort == Sort::Newest,
                from,
                until,
                after: after.map(|place| TimePosition {
                    time: place.time,
                    record: place.record,
                }),
            },
        }
    }

    /// The first stored candidates, at most `limit`, with the versions that are current.
    pub(crate) fn current(
        &self,
        versions: Versions<'_, impl Access>,
        limit: u32,
    ) -> Result<Vec<(Tag, VersionNumber)>, store::Error> {
        let hits = self.read(versions, None, limit)?;
        Ok(hits.iter().map(|hit| (hit.record, hit.number)).collect())
    }

    fn read(
        &self,
        mut versions: Versions<'_, impl Access>,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Hit>, store::Error> {
        let criteria: Vec<_> = self.conditions.iter().map(Condition::criterion).collect();
        self.in_spans(after, limit, |order, left| {
            versions.search(self.facility, &self.kind, &criteria, order, left)
        })
    }

    /// The cards of the next records, at most `limit`.
    pub(super) fn cards(
        &self,
        reader: &mut Reader,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<CardHit>, store::Error> {
        let criteria: Vec<_> = self.conditions.iter().map(Condition::criterion).collect();
        let mut versions = reader.versions();
        self.in_spans(after, limit, |order, left| {
            versions.search_cards(self.facility, &self.kind, &criteria, order, left)
        })
    }

    fn in_spans<T>(
        &self,
        after: Option<Position>,
        limit: u32,
        mut read: impl FnMut(Order, u32) -> Result<Vec<T>, store::Error>,
    ) -> Result<Vec<T>, store::Error> {
        let (mut rows, mut left) = (Vec::new(), limit);
        for span in &self.spans {
            if left == 0 {
                break;
            }
            rows.extend(read(self.order(*span, after), left)?);
            left = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        }
        Ok(rows)
    }

    /// Number of the records, those of each span counted up to `limit`.
    pub(super) fn count(&self, reader: &mut Reader, limit: u32) -> Result<u32, store::Error> {
        let criteria: Vec<_> = self.conditions.iter().map(Condition::criterion).collect();
        let (mut versions, mut count) = (reader.versions(), 0_u32);
        for span in &self.spans {
            let order = self.order(*span, None);
            let more = versions.count(self.facility, &self.kind, &criteria, order, limit)?;
            count = count.saturating_add(more);
        }
        Ok(count)
    }
}
