//! The cards of a patient as they are stored, and what the request itself has written.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    record::{
        damage::{Damage, RowPlace},
        index_card::{head::Head, writes::CardWrites},
    },
};
use fhir::IssueCode;
use model::{ResourceType, Scope, Tag};
use std::collections::HashMap;
use store::{Card, NewVersion, PatientCards, Reader};

/// Cards of one type and patient that a search reads.
const MAX_CARDS: u32 = 20_000;

/// Reads them; all of one moment.
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
    let (facility, kind) = (exchange.facility().id, kind.clone());
    let read = move |reader: &mut Reader| {
        let mut cards = reader.cards();
        if cards.count_of_patient(facility, patient, &kind, MAX_CARDS + 1)? > MAX_CARDS {
            return Ok(None);
        }
        cards.of_patient(facility, patient, &kind).map(Some)
    };
    let found = exchange.search("patient cards", read).await??;
    found.ok_or_else(|| {
        let text = format!(
            "the patient has more than {MAX_CARDS} records of this type; ask for fewer by \
                 `_lastUpdated` without other parameters"
        );
        Failure::new(Category::Unprocessable, IssueCode::TooCostly, text)
    })
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
            let held = facility.keys.by_id(head.data_key).await;
            let key = held
                .ok()
                .filter(|held| held.scope == Scope::Patient(patient));
            let fits = key.is_some_and(|key| {
                let head_of = Head::new(&facility.name, patient, &key, &exchange.app().random);
                head_of.fits(&head.sealed, &found.members).unwrap_or(false)
            });
            if fits {
                return Ok(());
            }
            "the cards of a patient are not those that its head adds up"
        }
    };
    let kind: ResourceType = "Patient".parse().map_err(Failure::fault)?;
    let place = RowPlace::of_record(&kind, patient);
    Err(facility.refuse_row(Damage::Missing, place, Failure::fault(cause)))
}

/// Lays what the request itself has written over what is stored.
pub(super) fn overlay(
    exchange: &Exchange<'_>,
    kind: &ResourceType,
    patient: Tag,
    stored: &mut Vec<Card>,
) {
    let Some(writes) = exchange.parts.get::<CardWrites>() else {
        return;
    };
    let written = exchange.written().iter();
    let newest: HashMap<Tag, &NewVersion> =
        written.map(|write| (write.version.record, write)).collect();
    stored.retain(|card| !newest.contains_key(&card.record));
    for new in writes.cards() {
        let card = new.card.as_ref().filter(|card| card.resource_type == *kind);
        let refers = || {
            let version = newest.get(&new.record);
            version.is_some_and(|version| version.links.iter().any(|link| link.target == patient))
        };
        let is_about = |card: &&Card| card.subject == Some(patient) || refers();
        stored.extend(card.filter(is_about).cloned());
    }
}
