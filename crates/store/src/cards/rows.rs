//! Cards and heads as values: those that are stored, and those that are to be.

use crate::{Error, RowName};
use model::{DataKeyId, ResourceType, Tag, Timestamp, VersionNumber};
use std::sync::Arc;

/// A card as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// FHIR resource type.
    pub resource_type: ResourceType,
    /// The record.
    pub record: Tag,
    /// The version whose values it holds.
    pub number: VersionNumber,
    /// By whose definitions it was made.
    pub index_epoch: u32,
    /// `meta.lastUpdated` of the version.
    pub time: Timestamp,
    /// The patient under whom the version is sealed, if one.
    pub subject: Option<Tag>,
    /// The key from which that of the card is made.
    pub data_key: DataKeyId,
    /// The sealed card.
    pub sealed: Vec<u8>,
}

/// What a new version of a record makes of its card.
#[derive(Clone)]
pub struct NewCard {
    /// The record.
    pub record: Tag,
    /// Its card from now on; none after a delete.
    pub card: Option<Card>,
    /// Keepers of the heads of the patient under whom it is sealed, and of the one under
    /// whom the version before was.
    pub heads: Vec<Arc<dyn KeepsHead>>,
}

/// A record that a head adds up, in the version of its card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadMember {
    /// The record.
    pub record: Tag,
    /// The version.
    pub number: VersionNumber,
}

/// What changes in a head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeadChange {
    /// New members.
    pub added: Vec<HeadMember>,
    /// Members that are none any more.
    pub removed: Vec<HeadMember>,
}

/// A head as it is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHead {
    /// The key from which that of the head is made.
    pub data_key: DataKeyId,
    /// The sealed head.
    pub sealed: Vec<u8>,
}

/// Who can open and seal the head of a patient.
pub trait KeepsHead: Send + Sync {
    /// The patient.
    fn patient(&self) -> Tag;

    /// The head with a change, from the sealed one if there is one. `None` leaves it as it
    /// stands: one that does not open is nobody's to replace.
    ///
    /// # Errors
    /// When it cannot be sealed.
    fn changed(
        &self,
        sealed: Option<&[u8]>,
        change: &HeadChange,
    ) -> Result<Option<StoredHead>, Error>;
}

/// A card that was replaced or went.
pub(crate) struct Replaced {
    pub(crate) member: HeadMember,
    pub(crate) subject: Option<Tag>,
}

/// A card beside the versions of its record.
#[derive(Debug, Clone)]
pub struct SweptCard {
    /// Record and version of the card, as they stand there.
    pub name: RowName,
    /// The card, when its row can be read.
    pub card: Result<Card, Error>,
    /// Whether its record has a newer version, to which its link to itself leads, or no such
    /// link.
    pub is_old: bool,
}

/// The head of a patient beside the cards that it adds up; all of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweptHead {
    /// The head.
    pub head: Option<StoredHead>,
    /// Every card of the patient.
    pub members: Vec<HeadMember>,
}
