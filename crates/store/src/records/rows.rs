//! Versions and audit records as values: those that are stored, and those that are to be.

use model::{
    Commitment, DataKeyId, Interaction, ResourceType, Tag, Timestamp, Token, VersionInteraction,
    VersionNumber,
};
use std::borrow::Cow;

/// The parameter of the link that every current version has to itself.
pub const ID_PARAM: &str = "_id";

/// A stored version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// FHIR resource type.
    pub resource_type: ResourceType,
    /// The record.
    pub record: Tag,
    /// Which of its versions.
    pub number: VersionNumber,
    /// How it came about.
    pub interaction: VersionInteraction,
    /// The policy set then in force; 0 when none was valid.
    pub policy_number: u32,
    /// `meta.lastUpdated`.
    pub time: Timestamp,
    /// The patient it is sealed under, if one.
    pub subject: Option<Tag>,
    /// Bytes of padded plaintext.
    pub padded_size: u32,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed content.
    pub envelope: Vec<u8>,
}

/// A reference from the current version of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Search parameter, such as `subject`.
    pub param: Cow<'static, str>,
    /// The record referred to.
    pub target: Tag,
}

/// A version to be stored, with what makes it findable and its leaf. The link of a
/// record to itself (`_id`) need not be given; a delete has no links and no tokens,
/// given or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// The row.
    pub version: Version,
    /// References.
    pub links: Vec<Link>,
    /// Search tokens.
    pub tokens: Vec<Token>,
    /// What the log will hold.
    pub commitment: Commitment,
}

/// A stored audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Tag of its record id.
    pub record: Tag,
    /// When it was recorded.
    pub time: Timestamp,
    /// What was asked for.
    pub interaction: Interaction,
    /// `AuditEvent.outcome`: 0, 4, 8 or 12.
    pub outcome: u8,
    /// Purpose of use, when the caller stated one.
    pub purpose: Option<String>,
    /// The policy set then in force; 0 when none was valid.
    pub policy_number: u32,
    /// Who asked.
    pub user: Option<Tag>,
    /// Through which client.
    pub client: Option<Tag>,
    /// The patient, when exactly one is concerned.
    pub subject: Option<Tag>,
    /// How many AuditEvents it renders to.
    pub events: u32,
    /// Bytes of padded plaintext.
    pub padded_size: u32,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed record.
    pub envelope: Vec<u8>,
    /// The sealed query texts, in the order of their numbers.
    pub queries: Vec<SealedQuery>,
}

/// A sealed query text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedQuery {
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed text.
    pub envelope: Vec<u8>,
}

/// An audit record to be stored. How many events it has follows from `patients`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// The row; `events` is set from `patients`.
    pub audit: Audit,
    /// The patient of each event, in order, [`Tag::ZERO`] for none; an empty list is one
    /// event without a patient.
    pub patients: Vec<Tag>,
    /// What the log will hold.
    pub commitment: Commitment,
}
