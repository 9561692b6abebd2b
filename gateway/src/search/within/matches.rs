//! The matches of a search within a patient by their cards, in the order of the answer.
//!
//! Order. The head of the patient is compared with the cards before one is believed: where
//! they do not fit, a card was cut from the tables or put back, and the search is refused.

use super::{asked::Within, held::Conditions, hits, stored};
use crate::{
    exchange::{Exchange, reach::SEARCH},
    failure::{Category, Failure},
    record::damage::{Damage, RowPlace},
    search::{
        order::{Position, Sort},
        overlay::Batch,
        parameter::OpenRecord,
        query::Search,
    },
};
use cards::{INDEX_EPOCH, Source};
use fhir::IssueCode;
use index::{Answer, Card, SortKey};
use model::{ResourceType, Tag, Timestamp, VersionNumber};
use sealing::{CardKey, CardPlace};
use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};
use tokio::task::yield_now;

/// Cards that are opened before others have their turn.
const OPENED_TOGETHER: usize = 128;

/// The matches of a search within a patient, as far as cards tell.
pub(crate) struct CardMatches {
    conditions: Conditions,
    kind: ResourceType,
    sort: Sort,
    /// Whether the order is that of parameters.
    by_parameters: bool,
    /// In the order of the answer.
    entries: Vec<Entry>,
    /// Where each record stands among them.
    places: HashMap<Tag, usize>,
    /// Cards that were damaged.
    pub(crate) damaged: u32,
}

struct Entry {
    record: Tag,
    number: VersionNumber,
    time: Timestamp,
    keys: Vec<Option<SortKey>>,
    /// Whether the record itself has to tell.
    is_open: bool,
}

impl CardMatches {
    /// Those of a search that is within a patient; `None` for another, and as long as not
    /// every record of the facility has its card.
    ///
    /// # Errors
    /// Unavailable when only cards could answer and not every record has one; too costly;
    /// damaged when the cards are not those that the patient's head adds up.
    pub(crate) async fn of(
        exchange: &Exchange<'_>,
        search: &Search,
    ) -> Result<Option<Self>, Failure> {
        let facility = exchange.facility();
        let Some(id) = &search.within.patient else {
            return Ok(None);
        };
        if !facility.index_status.read().complete {
            return if search.within.needs_cards() {
                Err(not_indexed())
            } else {
                Ok(None)
            };
        }
        let patient = facility.tags.record_tag("Patient", id.as_str());
        let mut matches = Self {
            conditions: Conditions::of(&search.within, facility, search.began()),
            kind: search.criteria.kind().clone(),
            sort: search.page.sort(search.criteria.moments().is_some()),
            by_parameters: !search.within.sort.is_empty(),
            entries: Vec::new(),
            places: HashMap::new(),
            damaged: 0,
        };
        matches.gather(exchange, &search.within, patient).await?;
        matches.put_in_order(&search.within);
        Ok(Some(matches))
    }

    async fn gather(
        &mut self,
        exchange: &Exchange<'_>,
        within: &Within,
        patient: Tag,
    ) -> Result<(), Failure> {
        let all = exchange.reaches_all(SEARCH, &self.kind);
        let own = all || exchange.may_reach(SEARCH, &self.kind, Some(patient));
        let others = all || exchange.may_reach(SEARCH, &self.kind, None);
        if !own && !others {
            return Ok(());
        }
        let mut found = stored::read(exchange, &self.kind, patient).await?;
        if own {
            stored::check_head(exchange, patient, &found).await?;
        }
        // A record that names the patient and others, and has no card, is not what was stored.
        let missing = if others { found.without.len() } else { 0 };
        self.damaged += u32::try_from(missing).unwrap_or(u32::MAX);
        let mut own_and_others = Vec::new();
        if own {
            own_and_others.append(&mut found.own);
        }
        if others {
            own_and_others.append(&mut found.others);
        }
        stored::overlay(exchange, &self.kind, patient, &mut own_and_others);
        self.open(exchange, within, own_and_others).await
    }

    /// Opens the cards and keeps what matches.
    async fn open(
        &mut self,
        exchange: &Exchange<'_>,
        within: &Within,
        stored: Vec<store::Card>,
    ) -> Result<(), Failure> {
        let facility = exchange.facility();
        let ids: BTreeSet<_> = stored.iter().map(|card| card.data_key).collect();
        facility.keys.hold_all(ids.clone()).await?;
        let mut keys = HashMap::new();
        for id in ids {
            // A key that is gone leaves its cards shut.
            if let Ok(held) = facility.keys.by_id(id).await {
                keys.insert(id, CardKey::new(held.id, &held.key));
            }
        }
        for some in stored.chunks(OPENED_TOGETHER) {
            let bytes = some.iter().map(|card| card.sealed.len()).sum();
            exchange.pay_card_bytes(some.len(), bytes).await?;
            for card in some {
                match keys
                    .get(&card.data_key)
                    .and_then(|key| self.entry(exchange, within, key, card))
                {
                    Some(Some(entry)) => self.entries.push(entry),
                    Some(None) => {}
                    None => {
                        let place = RowPlace {
                            resource_type: &card.resource_type,
                            record: card.record,
                            version: Some(card.number),
                            data_key: Some(card.data_key),
                        };
                        facility.report_row(
                            Damage::Unreadable,
                            place,
                            "its index card does not open",
                        );
                        self.damaged = self.damaged.saturating_add(1);
                    }
                }
            }
            yield_now().await;
        }
        Ok(())
    }

    /// `None` for a card that is not what was stored, `Some(None)` for no match.
    fn entry(
        &self,
        exchange: &Exchange<'_>,
        within: &Within,
        key: &CardKey,
        stored: &store::Card,
    ) -> Option<Option<Entry>> {
        let place = CardPlace {
            facility: &exchange.facility().name,
            resource_type: &stored.resource_type,
            record: stored.record,
            version: stored.number,
            index_epoch: stored.index_epoch,
            subject: stored.subject,
            time: stored.time,
        };
        let opened = key.open(&place, &stored.sealed).ok()?;
        if stored.index_epoch != INDEX_EPOCH {
            return None;
        }
        let sorted_by = |number| within.sort.iter().any(|by| by.number == number);
        let wanted = |number| self.conditions.reads(number) || sorted_by(number);
        let card = Card::decode_of(&opened.content, wanted).ok()?;
        let is_open = match self.conditions.answer(&opened.id, &card) {
            Answer::Fails => return Some(None),
            Answer::Holds => false,
            Answer::Unknown => true,
        };
        Some(Some(Entry {
            record: stored.record,
            number: stored.number,
            time: stored.time,
            keys: within.sort.iter().map(|by| by.key(&card)).collect(),
            is_open,
        }))
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

fn not_indexed() -> Failure {
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
