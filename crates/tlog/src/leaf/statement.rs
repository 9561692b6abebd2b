//! What a leaf says of a record version or of an audit record: the kinds
//! `version` and `audit` of docs/proof-format.md, section 3.
//!
//! A statement travels as its exact string; that string is what is hashed.
//! This file writes it and reads it strictly. It holds no salt and no content.

use crate::leaf::canonical::{self, Member};
use model::{
    Digest, FacilityName, LeafKind, LogicalId, ResourceType, Tag, Timestamp, VersionInteraction,
};
use std::collections::BTreeMap;

/// A statement of kind `version` or `audit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Salted hash of the version's bytes, or root of the audit record's events.
    pub content: Digest,
    /// The facility whose log holds the leaf.
    pub facility: FacilityName,
    /// How the version came about, or the interaction of the audited request.
    pub interaction: String,
    /// [`LeafKind::Version`] or [`LeafKind::Audit`].
    pub kind: LeafKind,
    /// The policy set in force; [`Digest::ZERO`] when none was valid.
    pub policy: Digest,
    /// `Type/id`.
    pub reference: String,
    /// SHA-256 of the finished envelope.
    pub seal: Digest,
    /// The patient's tag, when exactly one patient is concerned.
    pub subject: Option<Tag>,
    /// The version's `meta.lastUpdated`, or the audit record's time.
    pub time: Timestamp,
    /// The version number, from 1; 1 for audit.
    pub version: u32,
}

/// Why a string is not a statement. Never holds text of the statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not the one spelling of a JSON object.
    #[error("the statement is not canonical JSON; take its string unchanged from the proof bundle")]
    NotCanonical,
    /// A member is missing.
    #[error("the statement lacks `{0}`")]
    Missing(&'static str),
    /// A member breaks its rule.
    #[error("`{0}` in the statement breaks its rule")]
    Invalid(&'static str),
    /// A member that the kind does not have.
    #[error("the statement has a member that its kind does not have")]
    Unknown,
    /// A kind other than `version` and `audit` where one of these was asked for.
    #[error("the statement is neither of a version nor of an audit record")]
    OtherKind,
}

impl Statement {
    /// The exact string that is hashed.
    #[must_use]
    pub fn encode(&self) -> String {
        let subject = self.subject.map(|tag| tag.to_string()).unwrap_or_default();
        let texts = [
            ("content", self.content.to_string()),
            ("facility", self.facility.to_string()),
            ("interaction", self.interaction.clone()),
            ("kind", self.kind.to_string()),
            ("policy", self.policy.to_string()),
            ("reference", self.reference.clone()),
            ("seal", self.seal.to_string()),
            ("subject", subject),
            ("time", self.time.to_string()),
        ];
        let numbers = [("v", 1), ("version", u64::from(self.version))];
        let texts = texts.map(|(name, text)| (name.to_owned(), Member::Text(text)));
        let numbers = numbers.map(|(name, number)| (name.to_owned(), Member::Number(number)));
        canonical::write_object(&texts.into_iter().chain(numbers).collect())
    }

    /// Reads a statement that stands in its one spelling.
    ///
    /// # Errors
    /// When anything differs from what [`Statement::encode`] writes.
    pub fn decode(source: &str) -> Result<Self, StatementError> {
        let members = canonical::read_object(source).ok_or(StatementError::NotCanonical)?;
        Self::from_members(&Members(&members))
    }

    pub(crate) fn from_members(members: &Members<'_>) -> Result<Self, StatementError> {
        let kind = match members.text("kind")? {
            "version" => LeafKind::Version,
            "audit" => LeafKind::Audit,
            _ => return Err(StatementError::OtherKind),
        };
        members.v()?;
        let subject = match members.text("subject")? {
            "" => None,
            tag => Some(
                tag.parse()
                    .map_err(|_| StatementError::Invalid("subject"))?,
            ),
        };
        let version = u32::try_from(members.number("version")?)
            .map_err(|_| StatementError::Invalid("version"))?;
        let statement = Self {
            content: members.parsed("content")?,
            facility: members.parsed("facility")?,
            interaction: members.text("interaction")?.to_owned(),
            kind,
            policy: members.parsed("policy")?,
            reference: members.text("reference")?.to_owned(),
            seal: members.parsed("seal")?,
            subject,
            time: members.parsed("time")?,
            version,
        };
        if members.0.len() != 11 {
            return Err(StatementError::Unknown);
        }
        statement.checked()
    }

    /// Type and id of the reference.
    #[must_use]
    pub fn reference_parts(&self) -> Option<(&str, &str)> {
        self.reference.split_once('/')
    }

    fn checked(self) -> Result<Self, StatementError> {
        let (record_type, id) = self
            .reference_parts()
            .ok_or(StatementError::Invalid("reference"))?;
        let audit = self.kind == LeafKind::Audit;
        let reference = record_type.parse::<ResourceType>().is_ok()
            && id.parse::<LogicalId>().is_ok()
            && (!audit || (record_type == "AuditEvent" && id.len() <= 50));
        let interaction = if audit {
            !self.interaction.is_empty()
        } else {
            self.interaction.parse::<VersionInteraction>().is_ok()
        };
        if !reference {
            Err(StatementError::Invalid("reference"))
        } else if !interaction {
            Err(StatementError::Invalid("interaction"))
        } else if self.version == 0 || (audit && self.version != 1) {
            Err(StatementError::Invalid("version"))
        } else {
            Ok(self)
        }
    }
}

/// Typed access to the members of a statement.
pub(crate) struct Members<'a>(pub(crate) &'a BTreeMap<String, Member>);

impl Members<'_> {
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, StatementError> {
        match self.0.get(name) {
            Some(Member::Text(text)) => Ok(text),
            Some(_) => Err(StatementError::Invalid(name)),
            None => Err(StatementError::Missing(name)),
        }
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<u64, StatementError> {
        match self.0.get(name) {
            Some(Member::Number(number)) => Ok(*number),
            Some(_) => Err(StatementError::Invalid(name)),
            None => Err(StatementError::Missing(name)),
        }
    }

    pub(crate) fn parsed<T: std::str::FromStr>(
        &self,
        name: &'static str,
    ) -> Result<T, StatementError> {
        self.text(name)?
            .parse()
            .map_err(|_| StatementError::Invalid(name))
    }

    /// The version of the format itself, `v`, which is 1.
    pub(crate) fn v(&self) -> Result<(), StatementError> {
        match self.number("v")? {
            1 => Ok(()),
            _ => Err(StatementError::Invalid("v")),
        }
    }
}
