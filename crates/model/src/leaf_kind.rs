//! What a leaf of the log is about.

use crate::Invalid;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The kinds of leaf (docs/proof-format.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeafKind {
    /// One version of one record.
    Version,
    /// One audit record.
    Audit,
    /// A policy set was put in force.
    Policy,
    /// A key was made, rotated or destroyed.
    Key,
}

impl LeafKind {
    /// The word as it stands in rows and statements.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Audit => "audit",
            Self::Policy => "policy",
            Self::Key => "key",
        }
    }
}

impl fmt::Display for LeafKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LeafKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "version" => Ok(Self::Version),
            "audit" => Ok(Self::Audit),
            "policy" => Ok(Self::Policy),
            "key" => Ok(Self::Key),
            _ => Err(Invalid {
                what: "leaf kind",
                rule: "a kind that this release knows",
            }),
        }
    }
}
