//! `cargo xtask check`: what must hold of the sources before they are tested.
//! One line per check; the details only of what fails, and all of that.

mod advisories;
mod arrows;
mod deny;
mod files;
mod npm_lock;

use crate::{contract, fhir_tables, house, node, workspace};
use std::time::Instant;

type Check = fn() -> Result<(), String>;

/// Quick ones first.
const CHECKS: [(&str, Check); 7] = [
    ("format", format),
    ("files", files::check),
    ("licences", licences),
    ("imports", arrows::check),
    ("house", house::check),
    ("clippy", clippy),
    ("generated", generated),
];

/// Runs all checks, or the one of this name.
pub fn run(only: Option<&str>) -> Result<(), String> {
    let mut ran = 0_usize;
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        ran += 1;
        let start = Instant::now();
        let verdict = check();
        let word = if verdict.is_ok() { "ok" } else { "FAILED" };
        let seconds = start.elapsed().as_secs_f32();
        println!("check {name:<10} {word:<7} {seconds:>6.1} s");
        if let Err(why) = verdict {
            println!("{}\n", why.trim_end());
            failed.push(name);
        }
    }
    if ran == 0 {
        let names: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "no check is named `{}`; there are {}",
            only.unwrap_or_default(),
            names.join(", ")
        ));
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("checks failed: {}", failed.join(", ")))
    }
}

fn format() -> Result<(), String> {
    workspace::output(workspace::cargo().args(["fmt", "--all", "--check"])).map(drop)
}

/// The profile and the targets of the tests, so that nothing is built twice for
/// it but what clippy itself reads.
fn clippy() -> Result<(), String> {
    workspace::output(workspace::cargo().args([
        "clippy",
        "--quiet",
        "--release",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
    .map(drop)
}

/// Of crates and of the tests' Node packages, which cargo-deny does not read.
fn licences() -> Result<(), String> {
    both(deny::check(), npm_lock::check())
}

/// Each generator compares what it would write with what is committed.
fn generated() -> Result<(), String> {
    node::ready()?;
    both(fhir_tables::run(true), contract::run(true))
}

fn both(one: Result<(), String>, other: Result<(), String>) -> Result<(), String> {
    match (one, other) {
        (Err(one), Err(other)) => Err(format!("{one}\n{other}")),
        (one, other) => one.and(other),
    }
}
