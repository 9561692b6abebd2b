//! The records of a patient's compartment, of several types, in the order of the answer.
//! What is sealed under the patient is in it; of what is sealed under no single patient, what
//! names the patient by a parameter of R4's patient compartment.
//!
//! As in a search of one type, the patient's head is compared with the cards before one is
//! believed.

use super::{
    asked::Within,
    gather::{Sight, open_each},
    held::Conditions,
    hits,
    matches::not_indexed,
    stored::{self, CardsOf},
};
use crate::{
    exchange::Exchange,
    failure::Failure,
    search::{
        order::{Position, Sort},
        overlay::Batch,
        parameter::{OpenRecord, Reading},
    },
};
use cards::Source;
use index::{Answer, Card, DateRange, Fact};
use model::{LogicalId, ResourceType, Tag, Timestamp, VersionNumber};
use sealing::OpenedCard;
use std::collections::{BTreeMap, HashMap};

/// What is asked of the records around a patient.
pub(crate) struct CompartmentAsked {
    pub(crate) patient: LogicalId,
    /// The types, those alone that the caller may search.
    pub(crate) kinds: Vec<ResourceType>,
    /// Parameters that all types have, each of which must hold.
    pub(crate) parameters: Vec<(String, String)>,
    /// The dates of care.
    pub(crate) during: Option<During>,
    pub(crate) sort: Sort,
    /// When the first page was asked for.
    pub(crate) began: Timestamp,
}

/// A range of clinical dates, each end of which may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct During {
    pub(crate) start: Option<DateRange>,
    pub(crate) end: Option<DateRange>,
}

impl During {
    /// Whether what happened then is in it; what has no date is.
    fn holds(&self, date: Option<DateRange>) -> bool {
        let Some(date) = date else { return true };
        let millis = |moment: Option<index::Moment>| moment.map(|moment| moment.millis);
        let start = self.start.and_then(|start| millis(start.from));
        let end = self.end.and_then(|end| millis(end.until));
        let is_before = millis(date.until).zip(start).is_some_and(|(a, b)| a <= b);
        let is_after = millis(date.from).zip(end).is_some_and(|(a, b)| a >= b);
        !is_before && !is_after
    }
}

/// Those that match, as far as cards tell.
pub(crate) struct CompartmentMatches {
    conditions: BTreeMap<ResourceType, OfKind>,
    during: Option<During>,
    sort: Sort,
    entries: Vec<Entry>,
    places: HashMap<Tag, usize>,
    /// Cards that were damaged.
    pub(crate) damaged: u32,
}

/// The conditions on records of a type.
struct OfKind {
    /// Sealed under the patient.
    own: Conditions,
    /// Sealed under no single patient.
    others: Conditions,
}

struct Entry {
    kind: ResourceType,
    record: Tag,
    number: VersionNumber,
    time: Timestamp,
    is_own: bool,
    /// Whether the record itself has to tell.
    is_open: bool,
}

impl CompartmentMatches {
    /// Those of a patient.
    ///
    /// # Errors
    /// Unavailable as long as not every record has its card; too costly; damaged when the
    /// cards are not those that the patient's head adds up; invalid for a value that is not
    /// read.
    pub(crate) async fn of(
        exchange: &Exchange<'_>,
        asked: &CompartmentAsked,
    ) -> Result<Self, Failure> {
        let facility = exchange.facility();
        if !facility.index_status.read().complete {
            return Err(not_indexed());
        }
        let mut matches = Self {
            conditions: BTreeMap::new(),
            during: asked.during,
            sort: asked.sort,
            entries: Vec::new(),
            places: HashMap::new(),
            damaged: 0,
        };
        for kind in &asked.kinds {
            let of_kind = OfKind::of(exchange, asked, kind)?;
            matches.conditions.insert(kind.clone(), of_kind);
        }
        let patient = facility.tags.record_tag("Patient", asked.patient.as_str());
        matches.gather(exchange, &asked.kinds, patient).await?;
        matches.entries.sort_by(|one, other| {
            let order = asked.sort.compare(&one.position(), &other.position());
            one.rank(asked.sort)
                .cmp(&other.rank(asked.sort))
                .then(order)
        });
        let records = matches.entries.iter().map(|entry| entry.record);
        matches.places = records.zip(0..).collect();
        Ok(matches)
    }

    async fn gather(
        &mut self,
        exchange: &Exchange<'_>,
        kinds: &[ResourceType],
        patient: Tag,
    ) -> Result<(), Failure> {
        let mut sights = BTreeMap::new();
        let (mut own, mut others) = (false, false);
        for kind in kinds {
            let mut sight = Sight::of(exchange, kind);
            let sees_own = sight.reaches(exchange, kind, Some(patient));
            let sees_others = sight.reaches(exchange, kind, None);
            (own, others) = (own || sees_own, others || sees_others);
            if sees_own || sees_others {
                sights.insert(kind.clone(), sight);
            }
        }
        if sights.is_empty() {
            return Ok(());
        }
        let wanted = CardsOf::Around {
            kinds: sights.keys().cloned().collect(),
            others,
        };
        let mut found = stored::read(exchange, &wanted, patient).await?;
        if own {
            stored::check_head(exchange, patient, &found).await?;
        }
        if others {
            self.damaged = u32::try_from(found.without.len()).unwrap_or(u32::MAX);
        }
        let mut cards = found.own;
        cards.append(&mut found.others);
        stored::overlay(exchange, &wanted, patient, &mut cards);
        cards.retain(|card| {
            let kind = &card.resource_type;
            let sight = sights.get_mut(kind);
            sight.is_some_and(|sight| sight.reaches(exchange, kind, card.subject))
        });
        let mut entries = Vec::new();
        let opened = open_each(exchange, &cards, |card, opened| {
            entries.extend(self.entry(card, opened, patient)?);
            Some(())
        });
        let damaged = opened.await?;
        self.damaged = self.damaged.saturating_add(damaged);
        self.entries = entries;
        Ok(())
    }

    /// `None` for a card that is not what was stored, `Some(None)` for no match.
    fn entry(
        &self,
        stored: &store::Card,
        opened: &OpenedCard,
        patient: Tag,
    ) -> Option<Option<Entry>> {
        let of_kind = self.conditions.get(&stored.resource_type)?;
        let is_own = stored.subject == Some(patient);
        let conditions = of_kind.of_record(is_own);
        let card = Card::decode_of(&opened.content, |number| conditions.reads(number)).ok()?;
        let dated = match (&self.during, &card.facts.clinical_date) {
            (None, _) => Answer::Holds,
            (Some(_), Fact::Cut) => Answer::Unknown,
            (Some(during), Fact::Known(date)) => during.holds(*date).into(),
        };
        let answer = Answer::all([conditions.answer(&opened.id, &card), dated]);
        Some((answer != Answer::Fails).then(|| Entry {
            kind: stored.resource_type.clone(),
            record: stored.record,
            number: stored.number,
            time: stored.time,
            is_own,
            is_open: answer == Answer::Unknown,
        }))
    }

    /// The next matches after a place, at most `limit`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn next(
        &self,
        exchange: &Exchange<'_>,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Batch, Failure> {
        let rest = self.entries.get(self.start(after)..).unwrap_or_default();
        let some = rest.get(..limit as usize).unwrap_or(rest);
        let mut by_kind: BTreeMap<&ResourceType, Vec<Tag>> = BTreeMap::new();
        for entry in some {
            by_kind.entry(&entry.kind).or_default().push(entry.record);
        }
        let mut found = HashMap::new();
        for (kind, records) in by_kind {
            found.extend(hits::hits(exchange, kind, records.into_iter()).await?);
        }
        let end = some.last().filter(|_| some.len() < rest.len());
        Ok(Batch {
            rows: (some.iter())
                .filter_map(|entry| found.remove(&entry.record))
                .collect(),
            end: end.map(Entry::position),
        })
    }

    fn start(&self, after: Option<Position>) -> usize {
        let Some(after) = after else { return 0 };
        if let Some(at) = self.places.get(&after.record) {
            return at + 1;
        }
        // The Patient, which stands first, is there as long as anything is shown.
        let first = |entry: &Entry| entry.rank(self.sort) == 0;
        let before = |entry: &Entry| self.sort.compare(&entry.position(), &after).is_le();
        self.entries
            .partition_point(|entry| first(entry) || before(entry))
    }

    /// Number of the matches.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// The type of a record that was given.
    pub(crate) fn kind_of(&self, record: Tag) -> Option<&ResourceType> {
        let at = self.places.get(&record)?;
        self.entries.get(*at).map(|entry| &entry.kind)
    }

    /// Whether a record that was read is a match, where its card does not tell.
    pub(crate) fn holds(
        &self,
        exchange: &Exchange<'_>,
        number: VersionNumber,
        record: &OpenRecord<'_>,
    ) -> bool {
        let kind = record.resource.resource_type();
        let Some((id, of_kind)) = record.resource.id().zip(self.conditions.get(kind)) else {
            return false;
        };
        let facility = exchange.facility();
        let tag = facility.tags.record_tag(kind.as_str(), id.as_str());
        let told = self.places.get(&tag).and_then(|at| self.entries.get(*at));
        let Some(told) = told else { return false };
        if !told.is_open && told.number == number {
            return true;
        }
        let source = Source {
            resource: record.resource,
            local: record.local,
            time: record.written,
            record_tag: &|kind, id| facility.tags.record_tag(kind.as_str(), id.as_str()),
        };
        let dated = self.during.is_none_or(|during| {
            let date = cards::card(&source).facts.clinical_date;
            matches!(date, Fact::Known(date) if during.holds(date))
        });
        let conditions = of_kind.of_record(told.is_own);
        dated && conditions.answer(id.as_str(), &cards::whole(&source)) == Answer::Holds
    }
}

impl OfKind {
    fn of(
        exchange: &Exchange<'_>,
        asked: &CompartmentAsked,
        kind: &ResourceType,
    ) -> Result<Self, Failure> {
        let reading = Reading {
            now: asked.began,
            local: &exchange.context.local,
        };
        let mut within = Within::compartment(asked.patient.clone());
        for (name, value) in &asked.parameters {
            if !within.take(kind, (name, value), reading, false)? {
                return Err(Failure::fault("a parameter that not every type has"));
            }
        }
        let facility = exchange.facility();
        let others = Conditions::of(kind, &within, &facility.tags, asked.began);
        within.name_only();
        Ok(Self {
            own: Conditions::of(kind, &within, &facility.tags, asked.began),
            others,
        })
    }

    const fn of_record(&self, is_own: bool) -> &Conditions {
        if is_own { &self.own } else { &self.others }
    }
}

impl Entry {
    /// The Patient stands before all else, unless the order is that of time.
    fn rank(&self, sort: Sort) -> u8 {
        u8::from(sort != Sort::Record || self.kind.as_str() != "Patient")
    }

    const fn position(&self) -> Position {
        Position {
            time: self.time,
            record: self.record,
        }
    }
}
