//! A policy set as it is stored and digested: schema and policies as text.
//!
//! The digest is the one of docs/proof-format.md; it stands in every leaf.

use model::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// A policy set in source form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    /// The Cedar schema.
    pub schema: String,
    /// The text of each policy by its id, which its `@id` repeats.
    pub policies: BTreeMap<String, String>,
}

/// A stored policy set cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the policy set is not an object with `schema` and `policies`")]
pub struct SourceError(#[from] serde_json::Error);

macro_rules! shipped {
    ($($id:literal)*) => {
        [$(($id, include_str!(concat!("../../shipped/", $id, ".cedar")))),*]
    };
}

impl PolicySource {
    /// The set that a new facility starts with.
    #[must_use]
    pub fn shipped() -> Self {
        let policies = shipped!(
            "admin-administers"
            "admin-no-records"
            "auditor-audit-events"
            "auditor-no-records"
            "auditor-proof-without-content"
            "clinician-own-facility"
            "directory-is-readable"
            "log-is-monitored"
            "patient-may-search"
            "patient-own-compartment"
            "proof-for-readers"
            "share-for-treatment"
            "system-own-facility"
        );
        Self {
            schema: include_str!("../../schema.cedarschema").to_owned(),
            policies: policies
                .map(|(id, text)| (id.to_owned(), text.to_owned()))
                .into(),
        }
    }

    /// The form of the database.
    ///
    /// # Errors
    /// None that is known; text always has a JSON form.
    pub fn to_json(&self) -> Result<String, SourceError> {
        Ok(serde_json::to_string(self)?)
    }

    /// Reads the form of the database.
    ///
    /// # Errors
    /// When it is not that form.
    pub fn from_json(text: &str) -> Result<Self, SourceError> {
        Ok(serde_json::from_str(text)?)
    }

    /// `SHA-256("chartseal/1/policy\n" ‖ lp(schema) ‖ (lp(id) ‖ lp(text)) per
    /// policy, sorted by id)`.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update(b"chartseal/1/policy\n");
        let mut lp = |text: &str| {
            // Compiling refuses sets far below this length, so it is exact
            // wherever a digest is used.
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            hash.update(length.to_be_bytes());
            hash.update(text.as_bytes());
        };
        lp(&self.schema);
        for (id, text) in &self.policies {
            lp(id);
            lp(text);
        }
        Digest::new(hash.finalize().into())
    }
}
