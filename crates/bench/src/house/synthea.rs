//! The Synthea Bundles posted to a demo, over HTTP, each as one transaction; then
//! the audit is counted, because speed without it would be worth nothing.

use crate::{
    Failed,
    house::{
        data,
        demo::{self, Demo},
        memory,
    },
    measures::{audits, import, proof_latency},
    report::{Aim, Report},
};
use std::time::Instant;

const AIM: Aim = Aim::AtLeast(1_500.0);

/// Posts all with so many in flight, to a demo of its own.
pub async fn measure(report: &Report, in_flight: usize) -> Result<(), Failed> {
    let bundles = data::synthea()?;
    let resources: usize = bundles.iter().map(|bundle| bundle.resources).sum();
    let folder = tempfile::tempdir()?;
    Demo::start(folder.path(), &["--empty"]).await?.stop()?;
    let before = audits::count(&demo::database_of(folder.path()))?;

    let demo = Demo::start(folder.path(), &["--empty"]).await?;
    let target = demo.target("system")?;
    let start = Instant::now();
    let versions = import::post_all(&target, bundles, in_flight).await?;
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let clinician = demo.client("clinician")?;
    let last = versions.last().ok_or("no versions")?;
    proof_latency::finalized(&clinician, last).await?;
    let behind = start.elapsed().as_secs_f64();
    let resident = memory::resident(demo.process())?;
    demo.stop()?;

    let requests = target.requests() + clinician.requests();
    audits::check(report, &demo::database_of(folder.path()), before, requests)?;
    let what = format!("{resources} Synthea resources, {in_flight} in flight");
    report.figure(&what, resources as f64 / seconds, "resources/s", AIM);
    report.aside(&format!("{what}: last version final after"), behind, "s");
    report.aside(&format!("{what}: RSS afterwards"), resident, "MB");
    Ok(())
}
