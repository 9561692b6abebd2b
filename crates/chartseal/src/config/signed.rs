//! The section `[signed]`: what the logs' keys signed last is in a table of another
//! PostgreSQL database, which hosts that share no disk share.

use super::Fault;
use anchor_service::keys::secret::Secret;
use serde::Deserialize;
use std::path::Path;
use zeroize::Zeroizing;

/// In the place of the file that `[anchor]` names.
#[derive(Debug, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the table `[signed]`"
)]
pub struct SignedSection {
    postgres: Secret,
}

impl SignedSection {
    pub(super) fn resolve(&mut self, folder: &Path) {
        self.postgres.resolve(folder);
    }

    /// The URL of the database; reads the secret.
    ///
    /// # Errors
    /// When the file of the secret cannot be read.
    pub fn url(&self) -> Result<Zeroizing<String>, Fault> {
        let url = self.postgres.read();
        url.map_err(|problem| ("signed.postgres", problem))
    }
}
