//! The head of a patient, as the transaction of a write keeps it.

use crate::{
    facility::{Facility, keyring::HeldKey},
    failure::Failure,
};
use model::{DataKeyId, FacilityName, Random, Scope, Tag};
use sealing::{HeadKey, HeadPlace, PatientHead};
use std::sync::Arc;
use store::{HeadChange, HeadMember, KeepsHead, StoredHead};

/// Opens and seals the head of one patient.
pub(crate) struct Head {
    facility: FacilityName,
    patient: Tag,
    data_key: DataKeyId,
    key: HeadKey,
    random: Arc<dyn Random>,
}

impl Head {
    /// With the key of the patient.
    pub(crate) fn new(
        facility: &FacilityName,
        patient: Tag,
        key: &HeldKey,
        random: &Arc<dyn Random>,
    ) -> Self {
        Self {
            facility: facility.clone(),
            patient,
            data_key: key.id,
            key: HeadKey::new(key.id, &key.key),
            random: Arc::clone(random),
        }
    }

    const fn place(&self) -> HeadPlace<'_> {
        HeadPlace {
            facility: &self.facility,
            patient: self.patient,
        }
    }
}

/// Whether the stored head of a patient opens, and adds up these members and no others.
///
/// # Errors
/// Unavailable when its key cannot be read now.
pub(crate) async fn fits(
    facility: &Facility,
    patient: Tag,
    stored: &StoredHead,
    members: &[HeadMember],
) -> Result<bool, Failure> {
    let held = Failure::settled(facility.keys.by_id(stored.data_key).await)?;
    let held = held.ok();
    let Some(held) = held.filter(|held| held.scope == Scope::Patient(patient)) else {
        return Ok(false);
    };
    let key = HeadKey::new(held.id, &held.key);
    let place = HeadPlace {
        facility: &facility.name,
        patient,
    };
    let Ok(head) = key.open(&place, &stored.sealed) else {
        return Ok(false);
    };
    let sum = sum(&key, PatientHead::default(), members);
    Ok(sum.count == head.count && sum.sum == head.sum)
}

fn sum(key: &HeadKey, head: PatientHead, members: &[HeadMember]) -> PatientHead {
    members.iter().fold(head, |head, member| {
        key.add(head, member.record, member.number)
    })
}

impl KeepsHead for Head {
    fn patient(&self) -> Tag {
        self.patient
    }

    fn changed(
        &self,
        sealed: Option<&[u8]>,
        change: &HeadChange,
    ) -> Result<Option<StoredHead>, store::Error> {
        let before = match sealed.map(|sealed| self.key.open(&self.place(), sealed)) {
            None => PatientHead::default(),
            Some(Ok(head)) => head,
            Some(Err(error)) => {
                tracing::error!(facility = %self.facility, patient = %self.patient, %error,
                    "a patient head is damaged; searches within the patient are refused");
                return Ok(None);
            }
        };
        let without = change.removed.iter().fold(before, |head, member| {
            self.key.remove(head, member.record, member.number)
        });
        let mut head = sum(&self.key, without, &change.added);
        head.counter = head.counter.saturating_add(1);
        let sealed = self.key.seal(&self.place(), head, &*self.random);
        Ok(Some(StoredHead {
            data_key: self.data_key,
            // Nothing but the source of randomness can fail.
            sealed: sealed.map_err(|_| store::Error::Unavailable)?,
        }))
    }
}
