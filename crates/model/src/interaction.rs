//! What was done: the interaction of a version and of an audit record.

use crate::Invalid;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An interaction of FHIR, by its code in
/// <https://hl7.org/fhir/R4/valueset-type-restful-interaction.html> and
/// <https://hl7.org/fhir/R4/valueset-system-restful-interaction.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "each is described by the specification under its name"
)]
pub enum Restful {
    Read,
    Vread,
    Create,
    Update,
    Patch,
    Delete,
    HistoryInstance,
    SearchType,
    Batch,
    Transaction,
}

impl Restful {
    /// Every interaction.
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Vread,
        Self::Create,
        Self::Update,
        Self::Patch,
        Self::Delete,
        Self::HistoryInstance,
        Self::SearchType,
        Self::Batch,
        Self::Transaction,
    ];

    /// The code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Vread => "vread",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::HistoryInstance => "history-instance",
            Self::SearchType => "search-type",
            Self::Batch => "batch",
            Self::Transaction => "transaction",
        }
    }
}

/// How a version came about (docs/proof-format.md). Every PUT is an `update`; inside
/// a Bundle it is the interaction of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionInteraction {
    /// POST.
    Create,
    /// PUT.
    Update,
    /// PATCH.
    Patch,
    /// DELETE; the version has no content.
    Delete,
}

impl VersionInteraction {
    /// The code as it stands in rows and statements.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for VersionInteraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for VersionInteraction {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "create" => Ok(Self::Create),
            "update" => Ok(Self::Update),
            "patch" => Ok(Self::Patch),
            "delete" => Ok(Self::Delete),
            _ => Err(Invalid {
                what: "interaction",
                rule: "one of `create`, `update`, `patch`, `delete`",
            }),
        }
    }
}

/// The interaction of a request, as an audit record names it: the code of
/// <https://hl7.org/fhir/R4/valueset-type-restful-interaction.html>,
/// `operation:<name>`, `admin:<name>` or `unauthenticated`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditInteraction(String);

impl AuditInteraction {
    /// A FHIR restful-interaction code, such as `read` or `search-type`.
    #[must_use]
    pub fn restful(code: &str) -> Self {
        Self(code.to_owned())
    }

    /// An operation by its name without `$`.
    #[must_use]
    pub fn operation(name: &str) -> Self {
        Self(format!("operation:{name}"))
    }

    /// An act of an administrator.
    #[must_use]
    pub fn admin(name: &str) -> Self {
        Self(format!("admin:{name}"))
    }

    /// The code as it stands in rows and statements.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AuditInteraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
