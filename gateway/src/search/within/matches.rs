//! The matches of a search by their cards, in the order of the answer.

use super::{asked::Within, held::Conditions, hits};
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    search::{
        order::{Position, Sort},
        overlay::Batch,
        parameter::OpenRecord,
        query::Search,
    },
};
use cards::Source;
use fhir::IssueCode;
use index::{Answer, SortKey};
use model::{ResourceType, Tag, Timestamp, VersionNumber};
use std::{cmp::Ordering, collections::HashMap};

/// The matches of a search, as far as cards tell.
pub(crate) struct CardMatches {
    pub(super) conditions: Conditions,
    pub(super) kind: ResourceType,
    sort: Sort,
    /// Whether the order is that of parameters.
    by_parameters: bool,
    /// In the order of the answer.
    pub(super) entries: Vec<Entry>,
    /// Where each record stands among them.
    places: HashMap<Tag, usize>,
    /// Cards that were damaged or missing.
    pub(crate) damaged: u32,
}

/// A record that matches as far as its card tells.
pub(super) struct Entry {
    pub(super) record: Tag,
    pub(super) number: VersionNumber,
    pub(super) time: Timestamp,
    pub(super) keys: Vec<Option<SortKey>>,
    /// Whether the record itself has to tell.
    pub(super) is_open: bool,
}

impl CardMatches {
    /// Those of a search that is within a patient, or that only cards answer; `None` for
    /// another, and as long as not every record of the facility has its card.
    ///
    /// # Errors
    /// Unavailable when only cards could answer and not every record has one; too costly;
    /// damaged when the cards are not those that the patient's head adds up.
    pub(crate) async fn of(
        exchange: &Exchange<'_>,
        search: &Search,
    ) -> Result<Option<Self>, Failure> {
        let (facility, within) = (exchange.facility(), &search.within);
        let kind = search.criteria.kind();
        if within.patient.is_none() && !within.needs_cards() {
            return Ok(None);
        }
        if !facility.index_status.read().complete {
            return if within.needs_cards() {
                Err(not_indexed())
            } else {
                Ok(None)
            };
        }
        let mut matches = Self {
            conditions: Conditions::of(kind, within, &facility.tags, search.began()),
            kind: kind.clone(),
            sort: search.page.sort(search.criteria.moments().is_some()),
            by_parameters: !within.sort.is_empty(),
            entries: Vec::new(),
            places: HashMap::new(),
            damaged: 0,
        };
        match &within.patient {
            Some(id) => {
                let patient = facility.tags.record_tag("Patient", id.as_str());
                let gathered = matches.gather_of_patient(exchange, within, patient);
                gathered.await?;
            }
            None => matches.gather_of_type(exchange, search).await?,
        }
        matches.put_in_order(within);
        Ok(Some(matches))
    }

    fn put_in_order(&mut self, within: &Within) {
        let (sort, by) = (self.sort, &within.sort);
        self.entries.sort_by(|one, other| {
            let mut keys = by.iter().zip(one.keys.iter().zip(&other.keys));
            let by_keys = keys.find_map(|(by, (one, other))| {
                let order = by.compare(one.as_ref(), other.as_ref());
                (order != Ordering::Equal).then_some(order)
            });
            by_keys.unwrap_or_else(|| sort.compare(&one.position(), &other.position()))
        });
        let records = self.entries.iter().map(|entry| entry.record);
        self.places = records.zip(0..).collect();
    }

    /// The next matches after a place, at most `limit`.
    ///
    /// # Errors
    /// When they cannot be read; gone when the record at which the page before ended is
    /// none of the matches any more and the order is not that of time.
    pub(crate) async fn next(
        &self,
        exchange: &Exchange<'_>,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Batch, Failure> {
        let start = self.start(after)?;
        let rest = self.entries.get(start..).unwrap_or_default();
        let some = rest.get(..limit as usize).unwrap_or(rest);
        let mut hits =
            hits::hits(exchange, &self.kind, some.iter().map(|entry| entry.record)).await?;
        let end = some.last().filter(|_| some.len() < rest.len());
        Ok(Batch {
            rows: some
                .iter()
                .filter_map(|entry| hits.remove(&entry.record))
                .collect(),
            end: end.map(Entry::position),
        })
    }

    fn start(&self, after: Option<Position>) -> Result<usize, Failure> {
        let Some(after) = after else { return Ok(0) };
        if let Some(at) = self.places.get(&after.record) {
            return Ok(at + 1);
        }
        if self.by_parameters {
            return Err(moved());
        }
        let before = |entry: &Entry| self.sort.compare(&entry.position(), &after).is_le();
        Ok(self.entries.partition_point(before))
    }

    /// Number of the matches.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// Whether a record that was read is a match, where its card does not tell: something was
    /// cut from it, or there is a newer version by now.
    pub(crate) fn holds(
        &self,
        exchange: &Exchange<'_>,
        number: VersionNumber,
        record: &OpenRecord<'_>,
    ) -> bool {
        let Some(id) = record.resource.id() else {
            return false;
        };
        let facility = exchange.facility();
        let kind = record.resource.resource_type();
        let tag = facility.tags.record_tag(kind.as_str(), id.as_str());
        let told = self.places.get(&tag).and_then(|at| self.entries.get(*at));
        if told.is_some_and(|entry| !entry.is_open && entry.number == number) {
            return true;
        }
        let card = cards::whole(&Source {
            resource: record.resource,
            local: record.local,
            time: record.written,
            record_tag: &|kind, id| facility.tags.record_tag(kind.as_str(), id.as_str()),
        });
        self.conditions.answer(id.as_str(), &card) == Answer::Holds
    }
}

impl Entry {
    const fn position(&self) -> Position {
        Position {
            time: self.time,
            record: self.record,
        }
    }
}

pub(super) fn not_indexed() -> Failure {
    let mut failure = Failure::new(
        Category::Unavailable,
        IssueCode::Transient,
        "the index of this facility is still being made; until then records are searched by \
         `_id`, `_lastUpdated`, `identifier`, `patient` and `subject` alone",
    );
    failure.retry_after = Some(60);
    failure
}

fn moved() -> Failure {
    Failure::new(
        Category::Gone,
        IssueCode::Expired,
        "the record at which the page before ended is no match any more; start the search again",
    )
}
