//! The part of `cargo metadata` that the checks read
//! (<https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>).
//!
//! For Linux only: that is what is shipped, and what the checks answer for.

use crate::workspace;
use serde::Deserialize;
use std::path::PathBuf;

const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The packages of the lock file that a Linux build may use.
#[derive(Deserialize)]
pub struct Metadata {
    /// Ours and other people's.
    pub packages: Vec<Package>,
    /// Where cargo puts what it builds.
    pub target_directory: PathBuf,
}

/// One version of one package.
#[derive(Deserialize)]
pub struct Package {
    /// As in its Cargo.toml.
    pub name: String,
    /// Its Cargo.toml.
    pub manifest_path: PathBuf,
    /// Where it comes from; nothing for a folder.
    pub source: Option<String>,
    /// What it names, not what it was resolved to.
    pub dependencies: Vec<Dependency>,
}

/// One line of a dependency table.
#[derive(Deserialize)]
pub struct Dependency {
    /// The package, whatever name it is imported under.
    pub name: String,
    /// `dev`, `build` or nothing.
    pub kind: Option<String>,
    /// Behind a feature.
    pub optional: bool,
    /// A package of this workspace.
    pub path: Option<String>,
}

impl Dependency {
    /// Only for tests and examples.
    pub fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

impl Metadata {
    /// With the features that are on when nothing is said.
    pub fn read() -> Result<Self, String> {
        Self::parse(&ask(&[])?)
    }

    /// From what cargo has said.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("cargo metadata: {error}"))
    }

    /// The packages of this workspace.
    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| package.source.is_none())
    }
}

/// Asks cargo; the lock file must be current.
pub fn ask(more: &[&str]) -> Result<String, String> {
    let mut command = workspace::cargo();
    command
        .args(["metadata", "--format-version=1", "--locked"])
        .args(["--filter-platform", PLATFORM])
        .args(more);
    workspace::output(&mut command)
}
