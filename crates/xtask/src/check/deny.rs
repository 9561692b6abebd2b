//! cargo-deny over the packages of a Linux build: licences, sources and bans by
//! `deny.toml`, and advisories when their data is on this machine.
//!
//! It is built from the registry once for a target folder, unless PATH has this version.

use super::advisories;
use crate::{
    metadata::{self, Metadata},
    workspace,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const VERSION: &str = "0.20.2";

/// Everything that `deny.toml` says, without the network.
pub fn check() -> Result<(), String> {
    let text = metadata::ask(&["--all-features"])?;
    let tools = Metadata::parse(&text)?.target_directory.join("tools");
    let program = ready(&tools)?;
    // Only what a Linux build uses; and cargo-deny then asks for nothing more.
    let packages = tools.join("metadata.json");
    fs::write(&packages, text).map_err(|error| format!("{}: {error}", packages.display()))?;

    let mut deny = Command::new(program);
    deny.current_dir(workspace::root())
        .args(["--offline", "--color", "never", "--metadata-path"])
        .arg(packages)
        .args(["check", "--hide-inclusion-graph"])
        .args(["licenses", "sources", "bans"]);
    match advisories::ready(&tools)? {
        Some(data) => {
            println!("advisories: checked with data of {}", data.newest);
            deny.arg("advisories").env(advisories::FOLDER, data.folder);
        }
        None => println!(
            "advisories: not checked, no data (name a copy of the RustSec database in {})",
            advisories::NAMED
        ),
    }
    workspace::output(&mut deny).map(drop)
}

fn ready(tools: &Path) -> Result<PathBuf, String> {
    let built = tools.join("bin/cargo-deny");
    let candidates = [workspace::in_path("cargo-deny"), Some(built.clone())];
    if let Some(found) = candidates
        .into_iter()
        .flatten()
        .find(|program| is_ours(program))
    {
        return Ok(found);
    }
    eprintln!("xtask: building cargo-deny {VERSION}, once, for about a minute");
    // Without optimisation: that is twice as long to build, and saves seconds.
    let build = tools.join("build");
    let mut install = workspace::cargo();
    install
        .args(["install", "--quiet", "--locked", "--debug", "--force"])
        .arg(format!("cargo-deny@{VERSION}"))
        .arg("--root")
        .arg(tools)
        .arg("--target-dir")
        .arg(&build)
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    workspace::output(&mut install)?;
    fs::remove_dir_all(&build).map_err(|error| format!("{}: {error}", build.display()))?;
    Ok(built)
}

fn is_ours(program: &Path) -> bool {
    let version = workspace::output(Command::new(program).arg("--version"));
    version.is_ok_and(|text| text.trim() == format!("cargo-deny {VERSION}"))
}
