//! Node.js and the published programs under `e2e/node`: the Solidity compiler,
//! anvil, a FHIR client, an OpenID provider.

use crate::{debian, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

const OLDEST: u32 = 20;

/// What was found or installed.
pub struct Node {
    /// `e2e/node/node_modules`.
    pub modules: PathBuf,
}

/// Finds Node.js and npm, installs them if it can, and brings `node_modules` to
/// what the lock file says.
pub fn ready() -> Result<Node, String> {
    if version().is_none() || workspace::in_path("npm").is_none() {
        debian::install(&["nodejs", "npm"], "Node.js with npm")?;
    }
    let version = version().ok_or("`node --version` gives no version")?;
    if version < OLDEST {
        return Err(format!(
            "Node.js {OLDEST} or newer is needed, `node` is {version}"
        ));
    }
    let folder = workspace::root().join("e2e/node");
    if !current(&folder) {
        eprintln!("xtask: npm ci in e2e/node");
        // Without scripts: no package of ours needs one, and none may run.
        workspace::output(Command::new("npm").current_dir(&folder).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]))?;
    }
    Ok(Node {
        modules: folder.join("node_modules"),
    })
}

impl Node {
    /// The anvil program of this platform, tried once.
    pub fn anvil(&self) -> Result<PathBuf, String> {
        let system = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let machine = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let package = format!("@foundry-rs/anvil-{system}-{machine}");
        let anvil = self.modules.join(&package).join("bin/anvil");
        if !anvil.is_file() {
            return Err(format!(
                "npm package `{package}` is missing: remove e2e/node/node_modules and try again, \
                 or add it to e2e/node/package.json when this is another platform"
            ));
        }
        workspace::output(Command::new(&anvil).arg("--version"))?;
        Ok(anvil)
    }
}

fn version() -> Option<u32> {
    let text = workspace::output(Command::new("node").arg("--version")).ok()?;
    let digits = text.trim().strip_prefix('v')?.split('.').next()?;
    digits.parse().ok()
}

/// npm writes its own copy of the lock file last of all.
fn current(folder: &Path) -> bool {
    let changed = |file: &str| -> Option<SystemTime> {
        fs::metadata(folder.join(file)).ok()?.modified().ok()
    };
    match (
        changed("node_modules/.package-lock.json"),
        changed("package-lock.json"),
    ) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    }
}
