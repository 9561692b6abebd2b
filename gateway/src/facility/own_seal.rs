//! The one seal and the one open of what the gateway has of its own ([`Own`]).

use crate::{
    facility::{
        keyring::{HeldKey, Keyring},
        own::Own,
    },
    failure::Failure,
};
use model::{DataKeyId, FacilityName, Random, Tag, Timestamp, VersionNumber};
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

/// Where an own envelope belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnPlace<'a> {
    /// Its kind.
    pub kind: Own,
    /// What names it within the kind.
    pub record: Tag,
    /// Its number under that tag, from 1.
    pub version: VersionNumber,
    /// What its row says in clear.
    pub clear: ClearFacts<'a>,
}

/// What is sealed.
#[derive(Clone, Copy)]
pub(crate) struct OwnContent<'a> {
    /// The id.
    pub id: &'a str,
    /// The rest.
    pub bytes: &'a [u8],
}

/// A stored envelope, and the key that its row names.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub data_key: DataKeyId,
    pub bytes: &'a [u8],
}

impl<'a> OwnPlace<'a> {
    /// The only row under its tag, one that says nothing in clear but its time.
    pub(crate) const fn only(kind: Own, record: Tag, time: Timestamp) -> Self {
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
        kind: Own,
        record: Tag,
        number: u32,
        time: Timestamp,
    ) -> Result<Self, Failure> {
        let version = VersionNumber::new(number).ok_or_else(|| {
            let word = kind.sealed_type().as_str();
            Failure::fault(format!("a `{word}` has the number 0"))
        })?;
        Ok(Self {
            version,
            ..Self::only(kind, record, time)
        })
    }

    const fn at<'p>(&self, facility: &'p FacilityName) -> Place<'p>
    where
        'a: 'p,
    {
        Place {
            facility,
            sealed_type: self.kind.sealed_type(),
            record: self.record,
            version: self.version,
            clear: self.clear,
        }
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
        content: OwnContent<'_>,
    ) -> Result<Sealed, Failure> {
        let (place, key) = (place.at(self.facility), self.key);
        let OwnContent { id, bytes } = content;
        Ok(sealing::seal(
            &place,
            key.id,
            &key.key,
            id,
            bytes,
            self.random,
        )?)
    }
}

/// Opens an own envelope.
///
/// # Errors
/// When its key is gone, the envelope does not belong here, or the row says something
/// else than when it was sealed.
pub(crate) async fn open(
    facility: &FacilityName,
    keys: &Keyring,
    place: &OwnPlace<'_>,
    envelope: Envelope<'_>,
) -> Result<Opened, Failure> {
    let held = keys.by_id(envelope.data_key).await?;
    Ok(sealing::open(
        &place.at(facility),
        &held.key,
        envelope.bytes,
    )?)
}
