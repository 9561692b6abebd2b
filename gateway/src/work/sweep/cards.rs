//! Index cards and patient heads, which have no leaves: a card opens and is that of the current
//! version, a current version has one, a head adds up the cards of its patient.

use super::{
    BATCH, Sweep,
    fault::{Fault, FaultKind, SweptTable},
    progress::{Batch, Pass, Place},
};
use crate::{
    facility::Facility,
    failure::Failure,
    record::index_card::{head, made},
};
use ::cards::INDEX_EPOCH;
use model::Tag;
use sealing::CardKey;
use store::{Card, Reader, RowName, SweptHead};

/// Cards of a step; one can have many values.
const CARDS: u32 = 64;
/// Patients of a step.
const PATIENTS: u32 = 64;
/// Members of heads of a step; those of the first patient are read whatever their number.
const MEMBERS: usize = 10_000;

/// A patient by the tag in the tables, and the head where it can be read.
type Found = (Vec<u8>, Result<SweptHead, store::Error>);

impl Sweep {
    pub(super) async fn cards(&self, after: Option<&Place>) -> Result<Batch, Failure> {
        let (id, from) = (self.facility.id, record_of(after));
        let read = move |reader: &mut Reader| reader.cards().swept(id, from.as_deref(), CARDS);
        let rows = self.store.search("sweep: cards", read).await?;
        let cards = rows.iter().filter_map(|row| row.card.as_ref().ok());
        self.hold_keys(cards.map(|card| card.data_key)).await?;
        let mut batch = Batch::of(match rows.last() {
            Some(row) => Pass::Cards {
                after: Some(Place::from(&row.name)),
            },
            None => Pass::Heads { after: None },
        });
        for row in rows {
            let opens = match &row.card {
                Ok(card) => opens(&self.facility, card).await?,
                Err(_) => false,
            };
            if !opens || row.is_old {
                let fault = Fault::of_name(FaultKind::Card, SweptTable::Card, &row.name, None);
                batch.faults.push(fault);
            }
        }
        Ok(batch)
    }

    pub(super) async fn heads(&self, after: Option<&Place>) -> Result<Batch, Failure> {
        let (id, from) = (self.facility.id, record_of(after));
        let read = move |reader: &mut Reader| {
            let mut cards = reader.cards();
            let (mut found, mut members) = (Vec::<Found>::new(), 0);
            for patient in cards.swept_patients(id, from.as_deref(), PATIENTS)? {
                let head = match Tag::from_slice(&patient) {
                    Ok(tag) => cards.swept_head(id, tag),
                    Err(_) => Err(store::Error::Corrupt("patient")),
                };
                if let Err(error @ (store::Error::Unavailable | store::Error::TooCostly)) = head {
                    return Err(error);
                }
                members += head.as_ref().map_or(0, |head| head.members.len());
                found.push((patient, head));
                if members >= MEMBERS {
                    break;
                }
            }
            Ok(found)
        };
        let found = self.store.search("sweep: heads", read).await?;
        let name = |patient: &[u8]| RowName {
            record: patient.to_vec(),
            version: 0,
        };
        let mut batch = Batch::of(match found.last() {
            Some((patient, _)) => Pass::Heads {
                after: Some(Place::from(&name(patient))),
            },
            None if self.is_indexed => Pass::Uncarded { after: None },
            None => Pass::Audits { after: None },
        });
        for (patient, head) in found {
            if !self.fits(&patient, head).await? {
                batch.faults.push(Fault {
                    version: None,
                    ..Fault::of_name(
                        FaultKind::Head,
                        SweptTable::PatientHead,
                        &name(&patient),
                        None,
                    )
                });
            }
        }
        Ok(batch)
    }

    async fn fits(
        &self,
        patient: &[u8],
        head: Result<SweptHead, store::Error>,
    ) -> Result<bool, Failure> {
        let (Ok(tag), Ok(SweptHead { head, members })) = (Tag::from_slice(patient), head) else {
            return Ok(false);
        };
        match head {
            Some(stored) => head::fits(&self.facility, tag, &stored, &members).await,
            None => Ok(members.is_empty()),
        }
    }

    pub(super) async fn uncarded(&self, after: Option<&Place>) -> Result<Batch, Failure> {
        let id = self.facility.id;
        let from = record_of(after).and_then(|record| Tag::from_slice(&record).ok());
        let read = move |reader: &mut Reader| reader.cards().uncarded(id, from, INDEX_EPOCH, BATCH);
        let looked = self
            .store
            .search("sweep: versions without cards", read)
            .await?;
        let name = |record: Tag, version: u32| RowName {
            record: record.as_bytes().to_vec(),
            version: i64::from(version),
        };
        let mut batch = Batch::of(match looked.last {
            Some(last) => Pass::Uncarded {
                after: Some(Place::from(&name(last, 0))),
            },
            None => Pass::Audits { after: None },
        });
        for member in looked.missing {
            let name = name(member.record, member.number.get());
            let fault = Fault::of_name(FaultKind::NoCard, SweptTable::Card, &name, None);
            batch.faults.push(fault);
        }
        Ok(batch)
    }
}

fn record_of(place: Option<&Place>) -> Option<Vec<u8>> {
    Some(place?.name()?.record)
}

/// Whether a card opens as that of its row.
///
/// # Errors
/// Unavailable when its key cannot be read now.
pub(in crate::work) async fn opens(facility: &Facility, card: &Card) -> Result<bool, Failure> {
    let held = Failure::settled(facility.keys.by_id(card.data_key).await)?;
    Ok(held.is_ok_and(|key| {
        let key = CardKey::new(key.id, &key.key);
        made::open(&facility.name, card, &key).is_ok()
    }))
}
