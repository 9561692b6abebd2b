//! The cards of a patient as they are stored, and those that the request itself has written.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    limits::sizes::records_of_cards,
    record::{
        damage::{Damage, RowPlace},
        index_card::{head, writes::CardWrites},
    },
};
use fhir::IssueCode;
use model::{ResourceType, Tag};
use std::collections::HashMap;
use store::{Card, FacilityId, NewVersion, PatientCards, PatientCount, Reader};

/// Rows without a card that a search within a patient reads at most, for each card that it
/// may read: members of the head, and links to the patient.
const ROWS_PER_CARD: u64 = 10;
/// What is read with its number at once, in records: more is counted and paid for first.
const READ_AT_ONCE: u64 = 48;

/// Of which records the cards are read.
#[derive(Clone)]
pub(super) enum CardsOf {
    /// Of this type those that refer to the patient by `patient` or `subject`.
    Named(ResourceType),
    /// Of these types those of the patient.
    Around {
        kinds: Vec<ResourceType>,
        /// Whether also those of no single patient.
        others: bool,
    },
}

/// Reads them, all of one moment; they are paid for, whatever becomes of them.
///
/// # Errors
/// Too costly when there are too many, or the request has read enough.
pub(super) async fn read(
    exchange: &Exchange<'_>,
    wanted: &CardsOf,
    patient: Tag,
) -> Result<PatientCards, Failure> {
    if !exchange.budget.opens_more() {
        return Err(exchange.budget.spent());
    }
    let most = exchange.app().limits.searched_cards;
    let rows = most.saturating_mul(ROWS_PER_CARD);
    let at_once = READ_AT_ONCE.min(exchange.budget.records_left());
    let facility = exchange.facility().id;
    let own = wanted.clone();
    let look = move |reader: &mut Reader| {
        let count = own.count(reader, facility, patient, (most + 1, rows + 1))?;
        let read = (cost(count) <= at_once).then(|| own.read(reader, facility, patient, most));
        Ok::<_, store::Error>((count, read.transpose()?))
    };
    let (count, found) = exchange.search("patient cards", look).await??;
    if count.own > most || count.members > rows || count.links > rows {
        return Err(wanted.too_many(most));
    }
    exchange
        .pay_cards(count.own, count.members + count.links)
        .await?;
    let found = match found {
        Some(found) => found,
        None => {
            let own = wanted.clone();
            let read = move |reader: &mut Reader| own.read(reader, facility, patient, most);
            exchange.search("patient cards", read).await??
        }
    };
    let number = found.own.len().saturating_add(found.others.len()) as u64;
    if number > most {
        return Err(wanted.too_many(most));
    }
    // Of named records those under others were counted as links.
    let uncounted = number.saturating_sub(count.own);
    exchange.pay_cards(uncounted, 0).await?;
    Ok(found)
}

const fn cost(count: PatientCount) -> u64 {
    records_of_cards(count.own, count.members.saturating_add(count.links))
}

impl CardsOf {
    fn count(
        &self,
        reader: &mut Reader,
        facility: FacilityId,
        patient: Tag,
        bounds: (u64, u64),
    ) -> Result<PatientCount, store::Error> {
        let mut cards = reader.cards();
        match self {
            Self::Named(kind) => cards.count_of_patient(facility, patient, kind, bounds),
            Self::Around { kinds, others } => {
                let others = if *others { bounds.0 } else { 0 };
                cards.count_around(facility, patient, kinds, others, bounds)
            }
        }
    }

    fn read(
        &self,
        reader: &mut Reader,
        facility: FacilityId,
        patient: Tag,
        most: u64,
    ) -> Result<PatientCards, store::Error> {
        let mut cards = reader.cards();
        let most = most.saturating_add(1);
        match self {
            // A record may refer by both parameters.
            Self::Named(kind) => cards.of_patient(facility, patient, kind, most.saturating_mul(2)),
            Self::Around { kinds, others } => {
                let others = if *others { most } else { 0 };
                cards.around(facility, patient, kinds, others)
            }
        }
    }

    fn kinds(&self) -> &[ResourceType] {
        match self {
            Self::Named(kind) => std::slice::from_ref(kind),
            Self::Around { kinds, .. } => kinds,
        }
    }

    fn too_many(&self, most: u64) -> Failure {
        let text = match self {
            Self::Named(_) => format!(
                "the patient has more than {most} records of this type, or too many in all; ask \
                 for fewer by `_lastUpdated` without other parameters"
            ),
            Self::Around { .. } => format!(
                "of these types there are more than {most} records of the patient and of no \
                 single patient, or the patient has too many in all; ask for fewer types, as by \
                 `_type`, or search one by `patient=<id>`"
            ),
        };
        Failure::new(Category::Unprocessable, IssueCode::TooCostly, text)
    }
}

/// Compares the patient's head with the cards, and these with the records under the patient.
pub(super) async fn check_head(
    exchange: &Exchange<'_>,
    patient: Tag,
    found: &PatientCards,
) -> Result<(), Failure> {
    let facility = exchange.facility();
    let cause = match &found.head {
        // A head that was begun after the cards were cut fits.
        _ if !found.own_without.is_empty() => "records of a patient lost their cards",
        None if found.members.is_empty() && found.without.is_empty() => return Ok(()),
        None => "there is no head of a patient who has cards, or records that lost theirs",
        Some(head) => {
            let fits = head::fits(facility, patient, head, &found.members).await;
            if fits.unwrap_or(false) {
                return Ok(());
            }
            "the cards of a patient are not those that its head adds up"
        }
    };
    let kind: ResourceType = "Patient".parse().map_err(Failure::fault)?;
    let place = RowPlace::of_record(&kind, patient);
    Err(facility.refuse_row(Damage::Missing, place, Failure::fault(cause)))
}

/// Lays what the request itself has written over what is stored of a patient.
pub(super) fn overlay(
    exchange: &Exchange<'_>,
    wanted: &CardsOf,
    patient: Tag,
    stored: &mut Vec<Card>,
) {
    let newest = newest(exchange);
    stored.retain(|card| !newest.contains_key(&card.record));
    let refers = |card: &Card| {
        let version = newest.get(&card.record);
        version.is_some_and(|version| version.links.iter().any(|link| link.target == patient))
    };
    let mut own = written(exchange, wanted.kinds());
    own.retain(|card| match (wanted, card.subject) {
        (_, Some(own)) if own == patient => true,
        (CardsOf::Named(_), _) => refers(card),
        (CardsOf::Around { .. }, own) => own.is_none(),
    });
    stored.append(&mut own);
}

/// The newest version of each record that the request has written.
pub(super) fn newest<'e>(exchange: &'e Exchange<'_>) -> HashMap<Tag, &'e NewVersion> {
    let written = exchange.written().iter();
    written.map(|write| (write.version.record, write)).collect()
}

/// The cards of these types that the request has written.
pub(super) fn written(exchange: &Exchange<'_>, kinds: &[ResourceType]) -> Vec<Card> {
    let writes = exchange.parts.get::<CardWrites>();
    let cards = writes.into_iter().flat_map(CardWrites::cards);
    let cards = cards.filter_map(|new| new.card.as_ref());
    cards
        .filter(|card| kinds.contains(&card.resource_type))
        .cloned()
        .collect()
}
