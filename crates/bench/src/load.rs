//! A gateway under load, over HTTP, on a database that begins with the Synthea
//! Bundles: their import, the crud loop, reads. At the end the audit is counted and
//! the anchor-service must have kept up, or nothing is worth a figure.

use crate::{
    Failed,
    callers::{self, Work},
    connection::Target,
    demo::Demo,
    import, memory,
    report::{Aim, Report},
    seeds::Seed,
    synthea,
};
use proof::{Bundle, Rung};
use std::time::{Duration, Instant};

/// The anchor-service may be this far behind the last answer.
const BEHIND: Duration = Duration::from_secs(2);

/// What is measured besides the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The crud loop.
    Crud,
    /// Reads only.
    Read,
}

/// Loads a demo of its own.
pub async fn measure(report: &Report, parts: &[Part]) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    Demo::start(folder.path(), &["--empty"]).await?.stop()?;
    let before = synthea::audits(folder.path())?;
    let demo = Demo::start(folder.path(), &["--empty"]).await?;
    let target = demo.target("system")?;

    let records = import::measure(report, &target).await?;
    if parts.contains(&Part::Crud) {
        crud(report, &demo, &target).await?;
    }
    if parts.contains(&Part::Read) {
        read(report, &demo, &target, records).await?;
    }
    kept_up(report, &target).await?;
    report.aside("RSS under load", memory::resident(demo.process())?, "MB");
    demo.stop()?;
    let audited = synthea::audits(folder.path())? - before;
    let requests = target.requests();
    if audited != requests {
        return Err(format!("{requests} requests left {audited} audit records").into());
    }
    report.note(&format!("{audited} audit records of {requests} requests"));
    Ok(())
}

async fn crud(report: &Report, demo: &Demo, target: &Target) -> Result<(), Failed> {
    let work = Work::Crud(Seed::all()?.into());
    for number in [1, 8, 32] {
        let run = callers::run(target, number, &work, &[demo.process()]).await?;
        let what = format!("crud loop, {number} callers");
        match number {
            32 => report.figure(&what, run.rate, "requests/s", Aim::AtLeast(3_000.0)),
            _ => report.aside(&what, run.rate, "requests/s"),
        }
        run.explain(report, &what, 60.0);
    }
    Ok(())
}

async fn read(
    report: &Report,
    demo: &Demo,
    target: &Target,
    records: Vec<String>,
) -> Result<(), Failed> {
    let work = Work::Read(records.into());
    for number in [1, 32] {
        let run = callers::run(target, number, &work, &[demo.process()]).await?;
        let what = format!("reads, {number} callers");
        match number {
            32 => report.figure(&what, run.rate, "requests/s", Aim::AtLeast(6_000.0)),
            _ => report.aside(&what, run.rate, "requests/s"),
        }
        run.explain(report, &what, 60.0);
    }
    Ok(())
}

/// Writes one more record and waits until the log holds it.
async fn kept_up(report: &Report, target: &Target) -> Result<(), Failed> {
    let mut connection = target.connect().await?;
    let start = Instant::now();
    let version = import::one(&mut connection).await?;
    loop {
        let bundle = import::get(&mut connection, &format!("{version}/$proof")).await?;
        if Bundle::parse(&bundle)?.rung != Rung::Pending {
            break;
        }
        if start.elapsed() > BEHIND {
            return Err("the anchor-service was more than 2 s behind".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let behind = start.elapsed().as_secs_f64();
    report.aside("last write is in the log after", behind, "s");
    Ok(())
}
