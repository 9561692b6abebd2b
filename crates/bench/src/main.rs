//! `bench`: the speed that is promised, measured beside the limits of the machine
//! that it is measured on; docs/performance.md says what bounds each figure.
//!
//! Nothing is switched off for it: the demo that is loaded seals, decides, audits,
//! anchors and waits for the disk as always, and the audit is counted afterwards.
//! A missed aim is printed, not an error; machines differ.

mod audits;
mod callers;
mod client;
mod connection;
mod crud;
mod data;
mod demo;
mod grown;
mod grown_rows;
mod hidden;
mod idle;
mod import;
mod installation;
mod limits;
mod load;
mod machine;
mod memory;
mod percentile;
mod processor;
mod proof_latency;
mod report;
mod root;
mod rows;
mod seeds;
mod sequencing;
mod silent_ledger;
mod synthea;
mod verification;

use demo::Demo;
use installation::Shape;
use report::Report;
use std::{error::Error, process::ExitCode};

/// Any failure; it ends the run.
type Failed = Box<dyn Error + Send + Sync>;

/// What can be measured, in the order in which it is.
const NAMES: [&str; 12] = [
    "limits", "root", "sequence", "idle", "proof", "verify", "synthea", "sqlite", "postgres",
    "two", "grown", "hidden",
];

fn main() -> ExitCode {
    // The HTTP client wants a TLS provider even for plain HTTP.
    drop(rustls::crypto::ring::default_provider().install_default());
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| !NAMES.contains(&name.as_str())) {
        let known = NAMES.join(", ");
        report::complain(&format!("`{unknown}` is not measured; choose of: {known}"));
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let done = runtime
        .map_err(Failed::from)
        .and_then(|runtime| runtime.block_on(measure(&wanted)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            report::complain(&problem.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Measures what is named, or all of it.
async fn measure(wanted: &[String]) -> Result<(), Failed> {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|other| other == name);
    let report = Report::default();
    report.note(&machine::describe()?);
    if is_wanted("limits") {
        limits::measure(&report)?;
    }
    if is_wanted("root") {
        root::measure(&report)?;
    }
    if is_wanted("sequence") {
        sequencing::measure(&report).await?;
    }
    if ["idle", "proof", "verify"].into_iter().any(is_wanted) {
        let folder = tempfile::tempdir()?;
        let demo = Demo::start(folder.path(), &[]).await?;
        if is_wanted("idle") {
            idle::measure(&report, &demo).await?;
        }
        if is_wanted("proof") {
            proof_latency::measure(&report, &demo).await?;
        }
        if is_wanted("verify") {
            verification::measure(&report, &demo).await?;
        }
        demo.stop()?;
    }
    if is_wanted("synthea") {
        for in_flight in [1, 4] {
            synthea::measure(&report, in_flight).await?;
        }
    }
    for (name, shape) in [
        ("sqlite", Shape::Sqlite),
        ("postgres", Shape::Postgres(1)),
        ("two", Shape::Postgres(2)),
    ] {
        if is_wanted(name) {
            load::measure(&report, shape).await?;
        }
    }
    if is_wanted("grown") {
        grown::measure(&report)?;
    }
    if is_wanted("hidden") {
        hidden::measure(&report).await?;
    }
    report.note(&machine::load()?);
    Ok(())
}
