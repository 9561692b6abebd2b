//! The configuration file: TOML, one typed section a file below. The whole file
//! is checked, also the sections that a process does not use; unknown keys are
//! refused. Relative paths are relative to the file's folder.
//!
//! What is wrong is said with file, line and key, never with a secret: secrets are
//! named by file or environment variable and read only when they are used.

mod database;
mod gateway;
mod keys;
mod log;
mod operations;
mod signed;
mod telemetry;
mod urls;

pub use database::DatabaseSection;
pub use gateway::{GatewaySection, Listener};
pub use keys::KeysSection;
pub use log::LogSection;
pub use operations::OperationsSection;
pub use signed::SignedSection;
pub use telemetry::TelemetrySection;

use anchor_service::config::Config as AnchorSection;
use serde::Deserialize;
use std::{
    fs,
    path::{self, Path, PathBuf},
};

/// The file as it was read and checked.
#[derive(Debug)]
pub struct Config {
    file: PathBuf,
    sections: Sections,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of sections")]
struct Sections {
    database: DatabaseSection,
    keys: Option<KeysSection>,
    #[serde(default)]
    log: LogSection,
    gateway: Option<GatewaySection>,
    anchor: Option<AnchorSection>,
    signed: Option<SignedSection>,
    operations: Option<OperationsSection>,
    #[serde(default)]
    telemetry: TelemetrySection,
}

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(
        "the configuration `{file}` cannot be read: {problem}; check the path given with `--config`, and that this user may read the file"
    )]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        problem: std::io::ErrorKind,
    },
    /// It is not TOML, or not of the right form.
    #[error("`{file}`{place}: {problem}")]
    Form {
        /// The file.
        file: String,
        /// Line and key, if known.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// A value cannot work.
    #[error("`{file}`, `{key}`: {problem}")]
    Value {
        /// The file.
        file: String,
        /// Section and key.
        key: String,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// A section is missing.
    #[error(
        "`{file}` has no section `[{section}]`, which this command needs; \
         docs/operations.md says what stands in it"
    )]
    NoSection {
        /// The file.
        file: String,
        /// The section, such as `gateway`.
        section: &'static str,
    },
}

/// What is wrong with a value of a section: its key, and what to do.
pub type Fault = (&'static str, String);

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read or something in it cannot work.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(file).map_err(|error| ConfigError::Unreadable {
            file: file.display().to_string(),
            problem: error.kind(),
        })?;
        let mut config = Self {
            sections: parse(file, &text)?,
            file: file.to_owned(),
        };
        // Of the path as it was given: behind it may be a link into a folder of
        // versions, as Kubernetes makes them.
        let whole = path::absolute(file).unwrap_or_else(|_| file.to_owned());
        config
            .sections
            .resolve(whole.parent().unwrap_or_else(|| Path::new(".")));
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let sections = &self.sections;
        sections
            .database
            .check()
            .map_err(|fault| self.value(fault))?;
        sections
            .telemetry
            .check()
            .map_err(|fault| self.value(fault))?;
        if let Some(gateway) = &sections.gateway {
            gateway.check().map_err(|fault| self.value(fault))?;
        }
        if let Some(anchor) = &sections.anchor {
            anchor
                .validate()
                .map_err(|error| self.value(("anchor", error.to_string())))?;
            if anchor.signed.is_some() && sections.signed.is_some() {
                let problem = "is a file, and `[signed]` a table; give one of them";
                return Err(self.value(("anchor.signed", problem.to_owned())));
            }
        }
        Ok(())
    }

    /// A fault as an error that names this file.
    pub fn value(&self, (key, problem): Fault) -> ConfigError {
        ConfigError::Value {
            file: self.file.display().to_string(),
            key: key.to_owned(),
            problem,
        }
    }

    /// `[database]`.
    pub const fn database(&self) -> &DatabaseSection {
        &self.sections.database
    }

    /// `[log]`.
    pub const fn log(&self) -> &LogSection {
        &self.sections.log
    }

    /// The file of the leaf keys; `None` where nothing says where it is.
    pub fn leaf_key(&self) -> Option<PathBuf> {
        let sections = &self.sections;
        let beside = || {
            let logs = sections.anchor.as_ref().map(|anchor| &anchor.log_keys);
            let root = sections.keys.as_ref().map(|keys| &keys.file);
            Some(logs.or(root)?.parent()?.join("leaf.key"))
        };
        sections.log.leaf_key.clone().or_else(beside)
    }

    /// [`Self::leaf_key`], where it is needed.
    ///
    /// # Errors
    /// When nothing says where it is.
    pub fn needed_leaf_key(&self) -> Result<PathBuf, ConfigError> {
        let problem = "must name the file of the leaf key, which gateways and anchor-service share";
        self.leaf_key()
            .ok_or_else(|| self.value(("log.leafKey", problem.to_owned())))
    }

    /// `[telemetry]`.
    pub const fn telemetry(&self) -> &TelemetrySection {
        &self.sections.telemetry
    }

    /// `[signed]`, where there is one.
    pub const fn signed(&self) -> Option<&SignedSection> {
        self.sections.signed.as_ref()
    }

    /// `[operations]`, where there is one.
    pub const fn operations(&self) -> Option<&OperationsSection> {
        self.sections.operations.as_ref()
    }

    /// `[keys]`.
    ///
    /// # Errors
    /// When it is missing.
    pub fn keys(&self) -> Result<&KeysSection, ConfigError> {
        self.needed("keys", self.sections.keys.as_ref())
    }

    /// `[gateway]`.
    ///
    /// # Errors
    /// When it is missing.
    pub fn gateway(&self) -> Result<&GatewaySection, ConfigError> {
        self.needed("gateway", self.sections.gateway.as_ref())
    }

    /// `[anchor]`.
    ///
    /// # Errors
    /// When it is missing.
    pub fn anchor(&self) -> Result<&AnchorSection, ConfigError> {
        self.needed("anchor", self.sections.anchor.as_ref())
    }

    fn needed<'a, T>(
        &self,
        section: &'static str,
        found: Option<&'a T>,
    ) -> Result<&'a T, ConfigError> {
        found.ok_or_else(|| ConfigError::NoSection {
            file: self.file.display().to_string(),
            section,
        })
    }
}

impl Sections {
    fn resolve(&mut self, folder: &Path) {
        self.database.resolve(folder);
        self.log.resolve(folder);
        if let Some(keys) = &mut self.keys {
            keys.resolve(folder);
        }
        if let Some(gateway) = &mut self.gateway {
            gateway.resolve(folder);
        }
        if let Some(signed) = &mut self.signed {
            signed.resolve(folder);
        }
        if let Some(anchor) = &mut self.anchor {
            anchor.rpc_url.resolve(folder);
            below(folder, &mut anchor.submitter_key);
            below(folder, &mut anchor.log_keys);
            if let Some(signed) = &mut anchor.signed {
                below(folder, signed);
            }
        }
    }
}

/// Makes a relative path one from the folder of the configuration.
fn below(folder: &Path, path: &mut PathBuf) {
    *path = folder.join(&*path);
}

fn parse(file: &Path, text: &str) -> Result<Sections, ConfigError> {
    let form = |key: Option<String>, error: &toml::de::Error| {
        let mut place = String::new();
        if let Some(span) = error.span() {
            let before = text.get(..span.start).unwrap_or(text);
            place = format!(", line {}", before.matches('\n').count() + 1);
        }
        if let Some(key) = key.filter(|key| key != ".") {
            place = format!("{place}, `{key}`");
        }
        ConfigError::Form {
            file: file.display().to_string(),
            place,
            // Not its own display, which shows the line of the file.
            problem: error.message().to_owned(),
        }
    };
    let document = toml::Deserializer::parse(text).map_err(|error| form(None, &error))?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let key = error.path().to_string();
        form(Some(key), error.inner())
    })
}

#[cfg(test)]
mod tests;
