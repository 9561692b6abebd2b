//! The section `[log]`: who may read the log itself, and by what its leaves are known.

use super::below;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The log holds commitments only, but its growth tells how busy a facility is.
#[derive(Debug, Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "the table `[log]`"
)]
pub struct LogSection {
    /// Whether `/log/<facility>/` is open to anyone.
    pub public: bool,
    /// File of the leaf keys. Left out, `leaf.key` beside the folder of the logs' keys, or,
    /// where no anchor-service is configured, beside the file of the root keys.
    pub leaf_key: Option<PathBuf>,
}

impl LogSection {
    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(path) = &mut self.leaf_key {
            below(folder, path);
        }
    }
}
