//! The section `[keys]`: who keeps the root keys.

use super::below;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file KMS; other KMS come later.
#[derive(Debug, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the table `[keys]`"
)]
pub struct KeysSection {
    /// The file of the root keys, mode 0600.
    pub file: PathBuf,
}

impl KeysSection {
    pub(super) fn resolve(&mut self, folder: &Path) {
        below(folder, &mut self.file);
    }
}
