//! From a version to its sealed card, and to the keeper of its patient's head.

use crate::{
    facility::{Facility, keyring::HeldKey},
    http::reply::VersionMark,
    record::index_card::head::Head,
};
use cards::{INDEX_EPOCH, Source};
use fhir::{LocalBase, Resource};
use model::{DataKeyId, FacilityName, LogicalId, Random, ResourceType, Tag};
use sealing::{CardError, CardKey, CardPlace, IdRoot, OpenedCard, SealError};
use std::sync::Arc;
use store::{Card, KeepsHead};

/// A version whose card is to be made.
#[derive(Clone, Copy)]
pub(crate) struct Carded<'a> {
    pub(crate) kind: &'a ResourceType,
    pub(crate) id: &'a LogicalId,
    pub(crate) record: Tag,
    pub(crate) mark: VersionMark,
    /// The patient that it is sealed under.
    pub(crate) subject: Option<Tag>,
    /// The key that it is sealed with.
    pub(crate) key: &'a HeldKey,
}

/// Under whom the version before was sealed, and by which key.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub(super) subject: Option<Tag>,
    pub(super) data_key: DataKeyId,
}

impl Ended {
    /// That of a stored version.
    #[must_use]
    pub const fn of(row: &store::Version) -> Self {
        Self {
            subject: row.subject,
            data_key: row.data_key,
        }
    }
}

/// What cards of a facility are made with.
pub(crate) struct Carding<'a> {
    facility: &'a FacilityName,
    tags: &'a IdRoot,
    local: &'a LocalBase,
    random: &'a Arc<dyn Random>,
}

impl<'a> Carding<'a> {
    /// With this randomness.
    pub(crate) fn of(facility: &'a Facility, random: &'a Arc<dyn Random>) -> Self {
        Self {
            facility: &facility.name,
            tags: &facility.tags,
            local: &facility.local,
            random,
        }
    }

    /// The card of a version with this content.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub(crate) fn card(
        &self,
        version: &Carded<'_>,
        resource: &Resource,
    ) -> Result<Card, SealError> {
        let card = cards::card(&Source {
            resource,
            local: self.local,
            time: version.mark.time,
            record_tag: &|kind, id| self.tags.record_tag(kind.as_str(), id.as_str()),
        });
        let place = CardPlace {
            facility: self.facility,
            resource_type: version.kind,
            record: version.record,
            version: version.mark.number,
            index_epoch: INDEX_EPOCH,
            subject: version.subject,
            time: version.mark.time,
        };
        let key = CardKey::new(version.key.id, &version.key.key);
        let id = version.id.as_str();
        let sealed = key.seal(&place, id, &card.encode(), &**self.random)?;
        Ok(Card {
            resource_type: version.kind.clone(),
            record: version.record,
            number: version.mark.number,
            index_epoch: INDEX_EPOCH,
            time: version.mark.time,
            subject: version.subject,
            data_key: version.key.id,
            sealed,
        })
    }

    /// The keeper of the head of the patient whose key it is.
    pub(crate) fn head(&self, patient: Tag, key: &HeldKey) -> Arc<dyn KeepsHead> {
        Arc::new(Head::new(self.facility, patient, key, self.random))
    }
}

/// Opens a stored card.
///
/// # Errors
/// When it is not what its row says.
pub(crate) fn open(
    facility: &FacilityName,
    stored: &Card,
    key: &CardKey,
) -> Result<OpenedCard, CardError> {
    let place = CardPlace {
        facility,
        resource_type: &stored.resource_type,
        record: stored.record,
        version: stored.number,
        index_epoch: stored.index_epoch,
        subject: stored.subject,
        time: stored.time,
    };
    key.open(&place, &stored.sealed)
}
