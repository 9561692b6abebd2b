//! `bench`: the speed that is promised, measured beside the limits of the machine
//! that it is measured on; docs/performance.md says what bounds each figure.
//!
//! Nothing is switched off for it: the demo that is loaded seals, decides, audits,
//! anchors and waits for the disk as always, and the audit is counted afterwards.
//! A missed aim is printed, not an error; machines differ.

mod callers;
mod house;
mod measures;
mod percentile;
mod report;

use callers::wanted::Wanted;
use house::demo::Demo;
use house::installation::Shape;
use report::Report;
use std::{env, error::Error, process::ExitCode};

/// Any failure; it ends the run.
type Failed = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    // The HTTP client wants a TLS provider even for plain HTTP.
    drop(rustls::crypto::ring::default_provider().install_default());
    let wanted = match Wanted::parse(env::args().skip(1).collect()) {
        Ok(wanted) => wanted,
        Err(problem) => {
            report::complain(&problem.to_string());
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let done = runtime
        .map_err(Failed::from)
        .and_then(|runtime| runtime.block_on(run(wanted)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            report::complain(&problem.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(wanted: Wanted) -> Result<(), Failed> {
    let report = Report::default();
    report.note(&house::machine::describe()?);
    match wanted {
        Wanted::Figures(names) => figures(&report, &names).await?,
        Wanted::Soak { minutes, shapes } => {
            for shape in shapes {
                measures::soak::measure(&report, shape, minutes).await?;
            }
        }
        Wanted::Turns {
            old,
            rounds,
            shapes,
        } => measures::turns::measure(&report, &old, &shapes, rounds).await?,
    }
    report.note(&house::machine::load()?);
    Ok(())
}

/// Measures what is named, or all of it.
async fn figures(report: &Report, wanted: &[String]) -> Result<(), Failed> {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|other| other == name);
    if is_wanted("limits") {
        measures::limits::measure(report)?;
    }
    if is_wanted("root") {
        house::root::measure(report)?;
    }
    if is_wanted("sequence") {
        measures::sequencing::measure(report).await?;
    }
    if ["idle", "proof", "verify", "delay"]
        .into_iter()
        .any(is_wanted)
    {
        let folder = tempfile::tempdir()?;
        let demo = Demo::start(folder.path(), &[]).await?;
        if is_wanted("idle") {
            measures::idle::measure(report, &demo).await?;
        }
        if is_wanted("proof") {
            measures::proof_latency::measure(report, &demo).await?;
        }
        if is_wanted("verify") {
            measures::verification::measure(report, &demo).await?;
        }
        if is_wanted("delay") {
            measures::anchor_delay::measure(report, &demo).await?;
        }
        demo.stop()?;
    }
    if is_wanted("synthea") {
        for in_flight in [1, 4] {
            house::synthea::measure(report, in_flight).await?;
        }
    }
    for (name, shape) in [
        ("sqlite", Shape::Sqlite),
        ("postgres", Shape::Postgres(1)),
        ("two", Shape::Postgres(2)),
    ] {
        if is_wanted(name) {
            callers::load::measure(report, shape).await?;
        }
    }
    if is_wanted("grown") {
        measures::grown::measure(report)?;
    }
    if is_wanted("hidden") {
        measures::hidden::measure(report).await?;
    }
    Ok(())
}
