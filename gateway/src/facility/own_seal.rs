//! What the gateway seals of its own: audit records and query texts, kept answers and
//! queries, URLs, policy sets, registrations, changes, statements
//! (docs/storage-format.md, "Envelopes").

use crate::{
    facility::{
        Facility,
        keyring::{HeldKey, Keyring},
    },
    failure::Failure,
};
use model::{DataKeyId, FacilityName, Random, ResourceType, Scope, Tag, Timestamp, VersionNumber};
use sealing::{ClearFacts, IdRoot, Opened, Place, Sealed};

/// Seals for one facility under one key.
pub(crate) struct OwnSeal<'a> {
    /// The facility.
    pub facility: &'a FacilityName,
    /// Makes its tags.
    pub tags: &'a IdRoot,
    /// The key.
    pub key: &'a HeldKey,
    /// Makes salts and nonces.
    pub random: &'a dyn Random,
}

/// Where an envelope of this kind belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnPlace<'a> {
    /// The type under which it is sealed, such as `#policyset`.
    pub kind: &'a str,
    /// What names it within the type.
    pub record: Tag,
    /// Which of several under that tag.
    pub version: VersionNumber,
    /// What its row says in clear.
    pub clear: ClearFacts<'a>,
}

impl<'a> OwnPlace<'a> {
    /// The only row under its tag, one that says nothing in clear but its time.
    pub(crate) const fn only(kind: &'a str, record: Tag, time: Timestamp) -> Self {
        Self {
            kind,
            record,
            version: VersionNumber::FIRST,
            clear: ClearFacts::at(time),
        }
    }

    /// One of several rows under a tag, by its number from 1.
    ///
    /// # Errors
    /// When the number is 0.
    pub(crate) fn numbered(
        kind: &'a str,
        record: Tag,
        number: u32,
        time: Timestamp,
    ) -> Result<Self, Failure> {
        let version = VersionNumber::new(number)
            .ok_or_else(|| Failure::fault(format!("a `{kind}` has the number 0")))?;
        Ok(Self {
            version,
            ..Self::only(kind, record, time)
        })
    }

    fn with<T>(
        &self,
        facility: &FacilityName,
        run: impl FnOnce(&Place<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let kind: ResourceType = self.kind.parse().map_err(Failure::fault)?;
        run(&Place {
            facility,
            resource_type: &kind,
            record: self.record,
            version: self.version,
            clear: self.clear,
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

/// Seals an id and a content under the key of a scope, which is made if there is none.
///
/// # Errors
/// When the key cannot be had, or sealing fails.
pub(crate) async fn seal(
    random: &dyn Random,
    facility: &Facility,
    place: &OwnPlace<'_>,
    scope: Scope,
    (id, content): (&str, &[u8]),
) -> Result<(DataKeyId, Sealed), Failure> {
    let key = facility.keys.for_scope(scope).await?;
    let sealed = facility.own_seal(&key, random).seal(place, id, content)?;
    Ok((key.id, sealed))
}

/// Opens an envelope of one of these.
///
/// # Errors
/// When its key is gone, the envelope does not belong here, or the row says something
/// else than when it was sealed.
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
