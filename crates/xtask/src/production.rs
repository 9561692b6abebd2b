//! `cargo xtask production`: the program without the feature `demo`, of which packages are
//! made, is built once, and shown to know neither the dev issuer nor the dev L2.

use crate::{
    test::{program_in, shown},
    workspace,
};
use std::{fs, path::Path, process::Command};

/// Builds, looks and runs the tests of the dev parts with it.
pub fn run() -> Result<(), String> {
    let built = build(&["--no-default-features"])?;
    // The next build puts another in its place.
    let program = built.with_file_name("chartseal-production");
    fs::copy(&built, &program).map_err(|error| error.to_string())?;
    let looked = has_no_demo(&program).and_then(|()| refuses_dev_parts(&program));
    build(&[])?;
    looked
}

/// The program, with these features. Of the whole workspace, so that little more than the
/// program itself is built.
fn build(features: &[&str]) -> Result<std::path::PathBuf, String> {
    let mut command = workspace::cargo();
    command.args(["build", "--release", "--workspace", "--bin", "chartseal"]);
    let messages = shown(command.args(features))?;
    program_in(&messages).ok_or_else(|| "cargo named no program `chartseal`".to_owned())
}

fn has_no_demo(program: &Path) -> Result<(), String> {
    let output = Command::new(program)
        .args(["demo", "--empty"])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(2) if said.contains("unrecognized subcommand 'demo'") => Ok(()),
        _ => Err(format!("`chartseal demo` is in a build without it: {said}")),
    }
}

fn refuses_dev_parts(program: &Path) -> Result<(), String> {
    let mut tests = workspace::cargo();
    tests
        .args(["test", "--release", "--workspace", "--test", "services"])
        .args(["--", "dev_parts::"])
        .env("CHARTSEAL_BIN", program);
    workspace::run(&mut tests)
}
