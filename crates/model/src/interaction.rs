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
    HistoryType,
    HistorySystem,
    SearchType,
    SearchSystem,
    Capabilities,
    Batch,
    Transaction,
}

impl Restful {
    /// Every interaction.
    pub const ALL: [Self; 14] = [
        Self::Read,
        Self::Vread,
        Self::Create,
        Self::Update,
        Self::Patch,
        Self::Delete,
        Self::HistoryInstance,
        Self::HistoryType,
        Self::HistorySystem,
        Self::SearchType,
        Self::SearchSystem,
        Self::Capabilities,
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
            Self::HistoryType => "history-type",
            Self::HistorySystem => "history-system",
            Self::SearchType => "search-type",
            Self::SearchSystem => "search-system",
            Self::Capabilities => "capabilities",
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

impl From<VersionInteraction> for Restful {
    fn from(interaction: VersionInteraction) -> Self {
        match interaction {
            VersionInteraction::Create => Self::Create,
            VersionInteraction::Update => Self::Update,
            VersionInteraction::Patch => Self::Patch,
            VersionInteraction::Delete => Self::Delete,
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

/// The interaction of a request or of an act of it, as an audit record names it: the code
/// of an interaction of FHIR, `operation:<name>`, `admin:<name>` or `unauthenticated`. Rows
/// and statements have the text, which is read without loss, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Interaction {
    /// An interaction of FHIR.
    Restful(Restful),
    /// The operation `$proof`.
    Proof,
    /// Another operation.
    Operation(Named),
    /// An act of an administrator.
    Admin(Named),
    /// Many requests of nobody who is known.
    Unauthenticated,
    /// A text of another release.
    Other(String),
}

/// A text with a name of our own behind its colon.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Named(String);

const OPERATION: &str = "operation:";
const PROOF: &str = "operation:proof";
const ADMIN: &str = "admin:";
const UNAUTHENTICATED: &str = "unauthenticated";

impl Named {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, name)| name)
    }
}

impl Interaction {
    /// As it stands in a row or a record.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        let restful = Restful::ALL.iter().find(|restful| restful.as_str() == text);
        if let Some(restful) = restful {
            Self::Restful(*restful)
        } else if text == PROOF {
            Self::Proof
        } else if text.starts_with(OPERATION) {
            Self::Operation(Named(text.to_owned()))
        } else if text.starts_with(ADMIN) {
            Self::Admin(Named(text.to_owned()))
        } else if text == UNAUTHENTICATED {
            Self::Unauthenticated
        } else {
            Self::Other(text.to_owned())
        }
    }

    /// An operation of FHIR, by its name without `$`.
    #[must_use]
    pub fn operation(name: &str) -> Self {
        Self::stored(&format!("{OPERATION}{name}"))
    }

    /// An act of an administrator.
    #[must_use]
    pub fn admin(name: &str) -> Self {
        Self::Admin(Named(format!("{ADMIN}{name}")))
    }

    /// The text in rows and statements.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Restful(restful) => restful.as_str(),
            Self::Proof => PROOF,
            Self::Operation(named) | Self::Admin(named) => &named.0,
            Self::Unauthenticated => UNAUTHENTICATED,
            Self::Other(text) => text,
        }
    }
}

impl From<Restful> for Interaction {
    fn from(restful: Restful) -> Self {
        Self::Restful(restful)
    }
}

impl From<String> for Interaction {
    fn from(text: String) -> Self {
        Self::stored(&text)
    }
}

impl From<Interaction> for String {
    fn from(interaction: Interaction) -> Self {
        interaction.as_str().to_owned()
    }
}

impl fmt::Display for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_read_without_loss() {
        let restful = Restful::ALL.map(Restful::as_str);
        let own = [
            "operation:proof",
            "operation:log",
            "operation:",
            "admin:client-list",
            "unauthenticated",
        ];
        let others = [
            "",
            "admin",
            "Read",
            "of-a-later-release",
            "history-instance ",
        ];
        for text in restful.into_iter().chain(own).chain(others) {
            let read = Interaction::stored(text);
            assert_eq!(read.as_str(), text);
            assert_eq!(
                matches!(read, Interaction::Other(_)),
                others.contains(&text)
            );
        }
        assert_eq!(
            Interaction::admin("init"),
            Interaction::stored("admin:init")
        );
        assert_eq!(Interaction::operation("proof"), Interaction::Proof);
        assert_eq!(
            Interaction::operation("validate"),
            Interaction::stored("operation:validate")
        );
        let Interaction::Admin(named) = Interaction::admin("init") else {
            panic!("an act of an administrator");
        };
        assert_eq!(named.name(), "init");
    }

    #[test]
    fn a_version_is_made_by_an_interaction_of_the_same_code() {
        use VersionInteraction::{Create, Delete, Patch, Update};
        for version in [Create, Update, Patch, Delete] {
            assert_eq!(Restful::from(version).as_str(), version.as_str());
        }
    }
}
