//! The index cards of the versions that a request writes, a part of it, with the heads of
//! their patients (docs/storage-format.md, "Index card" and "Patient head"). A card is
//! replaced in the transaction of its version.

use crate::{
    exchange::{
        Exchange,
        part::{Part, Step},
    },
    failure::Failure,
    record::index_card::made::{Carded, Carding, Ended},
};
use fhir::Resource;
use model::Tag;
use std::collections::HashMap;
use store::{FacilityId, NewCard, Tx};

/// The cards that a request writes, the last of each record.
#[derive(Default)]
pub(crate) struct CardWrites {
    cards: Vec<NewCard>,
    /// Where the card of a record stands among them.
    places: HashMap<Tag, usize>,
}

impl CardWrites {
    /// Each is the newest that the request wrote of its record.
    pub(crate) fn cards(&self) -> &[NewCard] {
        &self.cards
    }

    /// Bytes of the sealed card of a record; none after a delete.
    pub(crate) fn bytes_of(&self, record: Tag) -> usize {
        let place = self.places.get(&record).copied();
        let new = place.and_then(|place| self.cards.get(place));
        let card = new.and_then(|new| new.card.as_ref());
        card.map_or(0, |card| card.sealed.len())
    }

    /// Another version of the same record takes the place of the one before: what stood in
    /// the tables before the request is still to be taken from its patient.
    fn put(&mut self, mut new: NewCard) {
        let place = self.places.get(&new.record).copied();
        let Some(before) = place.and_then(|place| self.cards.get_mut(place)) else {
            self.places.insert(new.record, self.cards.len());
            self.cards.push(new);
            return;
        };
        for head in std::mem::take(&mut before.heads) {
            let patient = head.patient();
            if new.heads.iter().all(|own| own.patient() != patient) {
                new.heads.push(head);
            }
        }
        *before = new;
    }
}

impl Part for CardWrites {
    fn step(&self) -> Step {
        Step::Cards
    }

    fn apply(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        tx.cards().put_many(facility, &self.cards)
    }

    fn give_up(&mut self) {
        *self = Self::default();
    }
}

impl Exchange<'_> {
    /// Writes the card of a version with the commit of the request; a delete, which has no
    /// resource, takes it away.
    ///
    /// # Errors
    /// When it cannot be sealed, or the key of the patient before cannot be read.
    pub(crate) async fn write_card(
        &mut self,
        version: Carded<'_>,
        resource: Option<&Resource>,
        ended: Option<Ended>,
    ) -> Result<(), Failure> {
        let facility = self.facility();
        let carding = Carding::of(facility, &self.context.app.random);
        let mut heads = Vec::new();
        if let Some(patient) = version.subject {
            heads.push(carding.head(patient, version.key));
        }
        let ended = ended.filter(|ended| ended.subject != version.subject);
        if let Some(Ended {
            subject: Some(patient),
            data_key,
        }) = ended
        {
            let key = facility.keys.by_id(data_key).await?;
            heads.push(carding.head(patient, &key));
        }
        let card = match resource {
            Some(resource) => Some(carding.card(&version, resource)?),
            None => None,
        };
        let new = NewCard {
            record: version.record,
            card,
            heads,
        };
        self.parts.change(|cards: &mut CardWrites| cards.put(new));
        Ok(())
    }
}
