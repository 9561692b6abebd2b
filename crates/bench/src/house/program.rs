//! The program that is measured: the one built beside this, or another that is named.

use crate::Failed;
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// A `chartseal`, and which one it is.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    version: String,
}

impl Program {
    /// The one that `CHARTSEAL_BIN` names, or the one beside this.
    pub fn usual() -> Result<Self, Failed> {
        match env::var_os("CHARTSEAL_BIN") {
            Some(path) => Self::at(path.into()),
            None => Self::at(env::current_exe()?.with_file_name("chartseal")),
        }
    }

    /// The one of this file, asked for its version.
    pub fn at(path: PathBuf) -> Result<Self, Failed> {
        let shown = path.display();
        let done = Command::new(&path)
            .arg("--version")
            .output()
            .map_err(|error| {
                format!("`{shown}`: {error}; build it, or name it in CHARTSEAL_BIN")
            })?;
        let text = String::from_utf8(done.stdout)?;
        let version = text.trim().strip_prefix("chartseal ");
        let version = version.ok_or_else(|| format!("`{shown}` says no version"))?;
        Ok(Self {
            version: version.to_owned(),
            path,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which release it is of.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether it is of the first release. That one has no rates and no lifetime of
    /// tokens to be set, and does not check an issuer when it is installed.
    pub fn is_first_release(&self) -> bool {
        self.version.starts_with("0.1.")
    }
}
