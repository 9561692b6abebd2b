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
use store::{Card, NewVersion, PatientCards, PatientCount, Reader};

/// Rows without a card that a search within a patient reads at most, for each card that it
/// may read: members of the head, and links to the patient.
const ROWS_PER_CARD: u64 = 10;
/// What is read with its number at once, in records: more is counted and paid for first.
const READ_AT_ONCE: u64 = 48;

/// Reads them, all of one moment; they are paid for, whatever becomes of them.
///
/// # Errors
/// Too costly when there are too many, or the request has read enough.
pub(super) async fn read(
    exchange: &Exchange<'_>,
    kind: &ResourceType,
    patient: Tag,
) -> Result<PatientCards, Failure> {
    if !exchange.budget.opens_more() {
        return Err(exchange.budget.spent());
    }
    let most = exchange.app().limits.searched_cards;
    let rows = most.saturating_mul(ROWS_PER_CARD);
    let at_once = READ_AT_ONCE.min(exchange.budget.records_left());
    let (facility, own_kind) = (exchange.facility().id, kind.clone());
    // A record may refer by both parameters.
    let others = most.saturating_add(1).saturating_mul(2);
    let look = move |reader: &mut Reader| {
        let (mut cards, bounds) = (reader.cards(), (most + 1, rows + 1));
        let count = cards.count_of_patient(facility, patient, &own_kind, bounds)?;
        let read = (cost(count) <= at_once)
            .then(|| cards.of_patient(facility, patient, &own_kind, others));
        Ok::<_, store::Error>((count, read.transpose()?))
    };
    let (count, found) = exchange.search("patient cards", look).await??;
    if count.own > most || count.members > rows || count.links > rows {
        return Err(too_many(most));
    }
    exchange
        .pay_cards(count.own, count.members + count.links)
        .await?;
    let found = match found {
        Some(found) => found,
        None => {
            let kind = kind.clone();
            let read = move |reader: &mut Reader| {
                let mut cards = reader.cards();
                cards.of_patient(facility, patient, &kind, others)
            };
            exchange.search("patient cards", read).await??
        }
    };
    let others = found.others.len() as u64;
    if others.saturating_add(found.own.len() as u64) > most {
        return Err(too_many(most));
    }
    exchange.pay_cards(others, 0).await?;
    Ok(found)
}

const fn cost(count: PatientCount) -> u64 {
    records_of_cards(count.own, count.members.saturating_add(count.links))
}

fn too_many(most: u64) -> Failure {
    let text = format!(
        "the patient has more than {most} records of this type, or too many in all; ask for fewer \
         by `_lastUpdated` without other parameters"
    );
    Failure::new(Category::Unprocessable, IssueCode::TooCostly, text)
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
    kind: &ResourceType,
    patient: Tag,
    stored: &mut Vec<Card>,
) {
    let newest = newest(exchange);
    stored.retain(|card| !newest.contains_key(&card.record));
    let refers = |card: &Card| {
        let version = newest.get(&card.record);
        version.is_some_and(|version| version.links.iter().any(|link| link.target == patient))
    };
    let mut own = written(exchange, kind);
    own.retain(|card| card.subject == Some(patient) || refers(card));
    stored.append(&mut own);
}

/// The newest version of each record that the request has written.
pub(super) fn newest<'e>(exchange: &'e Exchange<'_>) -> HashMap<Tag, &'e NewVersion> {
    let written = exchange.written().iter();
    written.map(|write| (write.version.record, write)).collect()
}

/// The cards of the type that the request has written.
pub(super) fn written(exchange: &Exchange<'_>, kind: &ResourceType) -> Vec<Card> {
    let writes = exchange.parts.get::<CardWrites>();
    let cards = writes.into_iter().flat_map(CardWrites::cards);
    let cards = cards.filter_map(|new| new.card.as_ref());
    cards
        .filter(|card| card.resource_type == *kind)
        .cloned()
        .collect()
}
