//! What the gateway seals of a facility itself, under the facility's own key (scope
//! kind 2): policy sets, registrations, decisions, statements
//! (docs/storage-format.md, "Envelopes").

use crate::{
    failure::Failure,
    keyring::{HeldKey, Keyring},
};
use model::{DataKeyId, FacilityName, Random, ResourceType, Tag, Timestamp, VersionNumber};
use sealing::{ClearFacts, IdRoot, Opened, Place, Sealed};

/// Seals for one facility.
pub(crate) struct OwnSeal<'a> {
    /// The facility.
    pub facility: &'a FacilityName,
    /// Makes its tags.
    pub tags: &'a IdRoot,
    /// The key of its scope `Facility`.
    pub key: &'a HeldKey,
    /// Makes salts and nonces.
    pub random: &'a dyn Random,
}

/// Where an envelope of this kind belongs.
pub(crate) struct OwnPlace<'a> {
    /// The type, such as `#policyset`.
    pub kind: &'a str,
    /// What it stands for.
    pub record: Tag,
    /// Counts from 1.
    pub number: u32,
    /// The time that the row says.
    pub time: Timestamp,
}

impl OwnPlace<'_> {
    fn with<T>(
        &self,
        facility: &FacilityName,
        run: impl FnOnce(&Place<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let kind: ResourceType = self.kind.parse().map_err(Failure::fault)?;
        let version = VersionNumber::new(self.number)
            .ok_or_else(|| Failure::fault(format!("a `{}` has the number 0", self.kind)))?;
        run(&Place {
            facility,
            resource_type: &kind,
            record: self.record,
            version,
            clear: ClearFacts::at(self.time),
        })
    }
}

impl OwnSeal<'_> {
    /// Seals an id and a content.
    ///
    /// # Errors
    /// When sealing fails.
    pub(crate) fn seal(
        &self,
        place: &OwnPlace<'_>,
        id: &str,
        content: &[u8],
    ) -> Result<Sealed, Failure> {
        place.with(self.facility, |place| {
            let (key, random) = (self.key, self.random);
            Ok(sealing::seal(place, key.id, &key.key, id, content, random)?)
        })
    }
}

/// Opens an envelope of one of these.
///
/// # Errors
/// When its key is gone or the envelope does not belong here.
pub(crate) async fn open(
    facility: &FacilityName,
    keys: &Keyring,
    place: &OwnPlace<'_>,
    (data_key, envelope): (DataKeyId, &[u8]),
) -> Result<Opened, Failure> {
    let held = keys.by_id(data_key).await?;
    place.with(facility, |place| {
        Ok(sealing::open(place, &held.key, envelope)?)
    })
}
