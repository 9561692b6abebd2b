//! What a leaf says of the system itself: the system kinds (`policy`, `key`,
//! `erased`, `resealed`, `day`, `continues`, and what comes) of
//! docs/proof-format.md, section 3.
//!
//! Any kind is read, so that a verifier can check the leaf of a kind that it
//! does not know; what the members mean is for whoever knows the kind.

use crate::leaf::canonical::{self, Member};
use crate::leaf::statement::{Members, Statement, StatementError};
use model::{FacilityName, Timestamp};
use std::collections::BTreeMap;

const OWN: [&str; 5] = ["facility", "kind", "number", "time", "v"];
const FORBIDDEN: [&str; 2] = ["content", "seal"];

/// A statement of a system kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemStatement {
    facility: FacilityName,
    kind: String,
    number: u64,
    time: Timestamp,
    members: BTreeMap<String, Member>,
}

/// A statement of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnyStatement {
    /// Kind `version` or `audit`.
    Record(Box<Statement>),
    /// Any other kind.
    System(SystemStatement),
}

impl SystemStatement {
    /// A statement with the kind's own `members`.
    ///
    /// # Errors
    /// When `kind` is empty or one of `version` and `audit`, `number` is 0 or
    /// has more than 19 digits, or a member has a name that is taken or barred.
    pub fn new(
        facility: FacilityName,
        kind: &str,
        number: u64,
        time: Timestamp,
        members: BTreeMap<String, Member>,
    ) -> Result<Self, StatementError> {
        if matches!(kind, "" | "version" | "audit") {
            return Err(StatementError::Invalid("kind"));
        }
        if number == 0 || number >= 10_u64.pow(19) {
            return Err(StatementError::Invalid("number"));
        }
        let barred =
            |name: &String| OWN.contains(&name.as_str()) || FORBIDDEN.contains(&name.as_str());
        if members.keys().any(barred) {
            return Err(StatementError::Unknown);
        }
        let kind = kind.to_owned();
        Ok(Self {
            facility,
            kind,
            number,
            time,
            members,
        })
    }

    /// The exact string that is hashed.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut all = self.members.clone();
        all.insert("facility".into(), Member::Text(self.facility.to_string()));
        all.insert("kind".into(), Member::Text(self.kind.clone()));
        all.insert("number".into(), Member::Number(self.number));
        all.insert("time".into(), Member::Text(self.time.to_string()));
        all.insert("v".into(), Member::Number(1));
        canonical::write_object(&all)
    }

    /// The facility whose log holds the leaf.
    #[must_use]
    pub const fn facility(&self) -> &FacilityName {
        &self.facility
    }

    /// The kind, known or not.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its number among the leaves of its kind, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// When it was said.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// The kind's own members.
    #[must_use]
    pub const fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    fn from_members(all: &BTreeMap<String, Member>) -> Result<Self, StatementError> {
        let read = Members(all);
        read.v()?;
        let mut own = all.clone();
        own.retain(|name, _| !OWN.contains(&name.as_str()));
        Self::new(
            read.parsed("facility")?,
            read.text("kind")?,
            read.number("number")?,
            read.parsed("time")?,
            own,
        )
    }
}

impl AnyStatement {
    /// Reads a statement of any kind that stands in its one spelling.
    ///
    /// # Errors
    /// When it is not canonical or breaks the rules of its kind.
    pub fn decode(source: &str) -> Result<Self, StatementError> {
        let all = canonical::read_object(source).ok_or(StatementError::NotCanonical)?;
        match Statement::from_members(&Members(&all)) {
            Ok(statement) => Ok(Self::Record(Box::new(statement))),
            Err(StatementError::OtherKind) => SystemStatement::from_members(&all).map(Self::System),
            Err(error) => Err(error),
        }
    }

    /// The facility whose log holds the leaf.
    #[must_use]
    pub const fn facility(&self) -> &FacilityName {
        match self {
            Self::Record(statement) => &statement.facility,
            Self::System(statement) => statement.facility(),
        }
    }
}
