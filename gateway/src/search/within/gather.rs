//! The cards of a search: read, opened where the caller could be shown what they are of, and
//! compared.
//!
//! Order. Within a patient the head is compared with the cards before one is believed: where
//! they do not fit, a card was cut from the tables or put back, and the search is refused.
//! What stands in clear, type and subject, is decided over before a card is opened: of what it
//! stops nothing is looked at.

use super::{
    asked::{Extent, Within},
    matches::{CardMatches, Entry},
    of_type::OfType,
    stored::{self, CardsOf},
};
use crate::{
    exchange::{Exchange, reach::SEARCH},
    failure::Failure,
    record::{
        damage::{Damage, RowPlace},
        index_card::made,
    },
    search::query::Search,
};
use cards::INDEX_EPOCH;
use index::{Answer, Card};
use model::{DataKeyId, ResourceType, Tag};
use sealing::{CardKey, OpenedCard};
use std::{
    collections::{BTreeSet, HashMap},
    slice,
};
use store::CardHit;
use tokio::task::yield_now;

/// Cards that are opened before others have their turn.
const OPENED_TOGETHER: usize = 128;

/// What the caller could be shown, by type and subject.
pub(super) struct Sight {
    all: bool,
    by_subject: HashMap<Option<Tag>, bool>,
}

impl Sight {
    pub(super) fn of(exchange: &Exchange<'_>, kind: &ResourceType) -> Self {
        Self {
            all: exchange.reaches_all(SEARCH, kind),
            by_subject: HashMap::new(),
        }
    }

    /// Whether a record of this subject could be shown.
    pub(super) fn reaches(
        &mut self,
        exchange: &Exchange<'_>,
        kind: &ResourceType,
        subject: Option<Tag>,
    ) -> bool {
        let reach = || exchange.may_reach(SEARCH, kind, subject);
        self.all || *self.by_subject.entry(subject).or_insert_with(reach)
    }
}

impl CardMatches {
    /// Keeps what matches of a patient's records.
    pub(super) async fn gather_of_patient(
        &mut self,
        exchange: &Exchange<'_>,
        within: &Within,
        patient: Tag,
    ) -> Result<(), Failure> {
        let mut sight = Sight::of(exchange, &self.kind);
        let own = sight.reaches(exchange, &self.kind, Some(patient));
        let others = sight.reaches(exchange, &self.kind, None);
        if !own && !others {
            return Ok(());
        }
        let wanted = match within.extent {
            Extent::Named => CardsOf::Named(self.kind.clone()),
            Extent::Compartment | Extent::Beside => CardsOf::Around {
                kinds: vec![self.kind.clone()],
                others,
            },
        };
        let mut found = stored::read(exchange, &wanted, patient).await?;
        if own {
            stored::check_head(exchange, patient, &found).await?;
        }
        // A record that names the patient and others, and has no card, is not what was stored.
        let missing = if others { found.without.len() } else { 0 };
        self.damaged += u32::try_from(missing).unwrap_or(u32::MAX);
        let mut cards = found.own;
        if others {
            cards.append(&mut found.others);
        }
        stored::overlay(exchange, &wanted, patient, &mut cards);
        self.open(exchange, within, &mut sight, cards).await
    }

    /// Keeps what matches of all records of the type.
    pub(super) async fn gather_of_type(
        &mut self,
        exchange: &Exchange<'_>,
        search: &Search,
    ) -> Result<(), Failure> {
        let mut sight = Sight::of(exchange, &self.kind);
        let mut rest = OfType::begin(exchange, search).await?;
        let newest = stored::newest(exchange);
        while let Some(hits) = rest.next(exchange).await? {
            let is_stored = |hit: &CardHit| !newest.contains_key(&hit.record);
            let mut cards = Vec::with_capacity(hits.len());
            for hit in hits.into_iter().filter(is_stored) {
                match hit.card {
                    Some(card) => cards.push(card),
                    None => self.report_missing(exchange, &hit),
                }
            }
            self.open(exchange, &search.within, &mut sight, cards)
                .await?;
        }
        let own = stored::written(exchange, slice::from_ref(&self.kind));
        self.open(exchange, &search.within, &mut sight, own).await?;
        // In the order of time a record that was written meanwhile may have come twice.
        self.entries
            .sort_unstable_by(|a, b| (a.record, b.number).cmp(&(b.record, a.number)));
        self.entries.dedup_by_key(|entry| entry.record);
        Ok(())
    }

    fn report_missing(&mut self, exchange: &Exchange<'_>, hit: &CardHit) {
        let place = RowPlace {
            resource_type: &self.kind,
            record: hit.record,
            version: Some(hit.number),
            data_key: None,
        };
        let cause = "its index card is missing";
        exchange
            .facility()
            .report_row(Damage::Missing, place, cause);
        self.damaged = self.damaged.saturating_add(1);
    }

    /// Opens the cards and keeps what matches.
    async fn open(
        &mut self,
        exchange: &Exchange<'_>,
        within: &Within,
        sight: &mut Sight,
        mut stored: Vec<store::Card>,
    ) -> Result<(), Failure> {
        stored.retain(|card| sight.reaches(exchange, &self.kind, card.subject));
        let mut entries = Vec::new();
        let opened = open_each(exchange, &stored, |card, opened| {
            entries.extend(self.entry(within, card, opened)?);
            Some(())
        });
        let damaged = opened.await?;
        self.damaged = self.damaged.saturating_add(damaged);
        self.entries.append(&mut entries);
        Ok(())
    }

    /// `None` for a card that is not what was stored, `Some(None)` for no match.
    fn entry(
        &self,
        within: &Within,
        stored: &store::Card,
        opened: &OpenedCard,
    ) -> Option<Option<Entry>> {
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
}

/// Opens cards and shows each; the number of those that are not what was stored, each of
/// which is reported. `None` from `show` says that a card cannot be read.
pub(super) async fn open_each(
    exchange: &Exchange<'_>,
    stored: &[store::Card],
    mut show: impl FnMut(&store::Card, &OpenedCard) -> Option<()>,
) -> Result<u32, Failure> {
    let keys = card_keys(exchange, stored).await?;
    let mut damaged = 0_u32;
    for some in stored.chunks(OPENED_TOGETHER) {
        let bytes = some.iter().map(|card| card.sealed.len()).sum();
        exchange.pay_card_bytes(some.len(), bytes).await?;
        for card in some {
            let key = keys.get(&card.data_key);
            let opened = key.and_then(|key| open_one(exchange, key, card));
            if opened.and_then(|opened| show(card, &opened)).is_none() {
                report_shut(exchange, card);
                damaged = damaged.saturating_add(1);
            }
        }
        yield_now().await;
    }
    Ok(damaged)
}

fn open_one(exchange: &Exchange<'_>, key: &CardKey, stored: &store::Card) -> Option<OpenedCard> {
    let opened = made::open(&exchange.facility().name, stored, key).ok()?;
    (stored.index_epoch == INDEX_EPOCH).then_some(opened)
}

fn report_shut(exchange: &Exchange<'_>, card: &store::Card) {
    let place = RowPlace {
        resource_type: &card.resource_type,
        record: card.record,
        version: Some(card.number),
        data_key: Some(card.data_key),
    };
    let cause = "its index card does not open";
    exchange
        .facility()
        .report_row(Damage::Unreadable, place, cause);
}

/// The keys of these cards. One that is gone leaves its cards shut.
async fn card_keys(
    exchange: &Exchange<'_>,
    stored: &[store::Card],
) -> Result<HashMap<DataKeyId, CardKey>, Failure> {
    let ids: BTreeSet<DataKeyId> = stored.iter().map(|card| card.data_key).collect();
    let held = exchange.facility().keys.hold_all(ids).await?;
    let keys = held.into_iter();
    Ok(keys
        .map(|(id, held)| (id, CardKey::new(held.id, &held.key)))
        .collect())
}
