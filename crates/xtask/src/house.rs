//! `cargo xtask house`: whether the listing of each crate's folder can be read as its
//! architecture. Counts the files, the arrows between them, the floors they stand on and
//! the circles they run in, and names what is over the measure.
//!
//! An arrow is an import of one file by another; its end is the file of the innermost
//! module that the path names. Where that takes the item from another module by `use`, it
//! goes on to the file that the item was taken from, or circles would hide behind `pub use`
//! in a module above. What `*` takes is not followed.
//! A circle of a module's file and the files of its own modules is none, and its floors
//! are counted without the arrows up. The floors are the files of the longest chain of
//! imports, a circle taken as one.
//! Tests are left out, whether they stand in files of their own or in braces.

mod graph;
mod imports;
mod modules;
mod sizes;
mod sources;
#[cfg(test)]
mod tests;

use crate::{metadata::Metadata, workspace};
use modules::Modules;
use sources::Sources;
use std::collections::BTreeMap;

/// What was counted in one crate, and what is wrong with it.
#[derive(Debug)]
struct Verdict {
    files: usize,
    floors: usize,
    arrows: usize,
    circles: usize,
    faults: Vec<String>,
}

/// Every crate of the workspace: one table, then every fault.
pub fn run() -> Result<(), String> {
    let verdicts = verdicts()?;
    println!(
        "{:<28} {:>5} {:>6} {:>6} {:>7}",
        "", "files", "floors", "arrows", "circles"
    );
    for (folder, verdict) in &verdicts {
        let Verdict {
            files,
            floors,
            arrows,
            circles,
            ..
        } = verdict;
        println!("{folder:<28} {files:>5} {floors:>6} {arrows:>6} {circles:>7}");
    }
    without_faults(&verdicts).map_err(|faults| format!("\n{faults}"))
}

/// Every fault of every crate.
pub fn check() -> Result<(), String> {
    without_faults(&verdicts()?)
}

/// Each crate by its folder.
fn verdicts() -> Result<BTreeMap<String, Verdict>, String> {
    let root = workspace::root();
    let mut verdicts = BTreeMap::new();
    for package in Metadata::read()?.ours() {
        let folder = package.manifest_path.with_file_name("src");
        if !folder.is_dir() {
            continue;
        }
        let name = package.name.replace('-', "_");
        let verdict = judge(&name, &Sources::read(&folder)?)?;
        let folder = folder.strip_prefix(&root).unwrap_or(&folder).display();
        verdicts.insert(folder.to_string(), verdict);
    }
    Ok(verdicts)
}

fn without_faults(verdicts: &BTreeMap<String, Verdict>) -> Result<(), String> {
    let faults = verdicts.iter().flat_map(|(folder, verdict)| {
        let faults = verdict.faults.iter();
        faults.map(move |fault| format!("{folder}: {fault}"))
    });
    let faults: Vec<String> = faults.collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(faults.join("\n"))
}

/// One crate by the name it is imported by and its sources.
fn judge(name: &str, sources: &Sources) -> Result<Verdict, String> {
    let modules = Modules::read(name, sources)?;
    let graph = modules.graph();
    let circles = graph
        .without(|one, other| modules.are_kin(one, other))
        .circles();
    // A re-export above stands on what is below it, not the other way round.
    let upright = graph.without(|from, to| modules.is_above(to, from));
    let mut faults: Vec<String> = circles.iter().map(ToString::to_string).collect();
    faults.extend(sizes::faults(sources));
    Ok(Verdict {
        files: sources.production().count(),
        floors: upright.floors(),
        arrows: graph.arrows(),
        circles: circles.len(),
        faults,
    })
}
