//! The Synthea Bundles posted to a demo, over HTTP, each as one transaction; then
//! the audit is counted, because speed without it would be worth nothing.

use crate::{
    Failed,
    client::Client,
    data::{self, Bundle},
    demo::{self, Demo},
    memory, proof_latency,
    report::{Aim, Report},
};
use serde_json::Value;
use std::time::Instant;
use store::{AuditPosition, Database, FacilityId, Reader, Store};
use tokio::task::JoinSet;

const AIM: Aim = Aim::AtLeast(1_500.0);
/// Audit records read at a time.
const PAGE: u32 = 1_000;

/// Posts all with so many in flight, to a demo of its own.
pub async fn measure(report: &Report, in_flight: usize) -> Result<(), Failed> {
    let bundles = data::synthea()?;
    let resources: usize = bundles.iter().map(|bundle| bundle.resources).sum();
    let folder = tempfile::tempdir()?;
    Demo::start(folder.path(), &["--empty"]).await?.stop()?;
    let before = audits(&demo::database_of(folder.path()))?;

    let demo = Demo::start(folder.path(), &["--empty"]).await?;
    let client = demo.client("system")?;
    let start = Instant::now();
    let last = post_all(&client, bundles, in_flight).await?;
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let clinician = demo.client("clinician")?;
    proof_latency::finalized(&clinician, &last).await?;
    let behind = start.elapsed().as_secs_f64();
    let resident = memory::resident(demo.process())?;
    demo.stop()?;

    let audited = audits(&demo::database_of(folder.path()))? - before;
    let requests = client.requests() + clinician.requests();
    if audited != requests {
        return Err(format!("{requests} requests left {audited} audit records").into());
    }
    let what = format!("{resources} Synthea resources, {in_flight} in flight");
    report.figure(&what, resources as f64 / seconds, "resources/s", AIM);
    report.aside(&format!("{what}: last version final after"), behind, "s");
    report.aside(&format!("{what}: RSS afterwards"), resident, "MB");
    report.note(&format!("{audited} audit records of {requests} requests"));
    Ok(())
}

/// Posts the first alone, because the others refer to it, and the rest by so many
/// callers; gives the version that the last answer names last.
async fn post_all(
    client: &Client,
    bundles: Vec<Bundle>,
    in_flight: usize,
) -> Result<String, Failed> {
    let mut rest = bundles.into_iter().map(|bundle| bundle.bytes);
    let first = rest.next().ok_or("no Bundles")?;
    let mut answer = client.post_bundle(first).await?;
    let mut calls = JoinSet::new();
    loop {
        while calls.len() < in_flight
            && let Some(bytes) = rest.next()
        {
            let client = client.clone();
            calls.spawn(async move { client.post_bundle(bytes).await });
        }
        match calls.join_next().await {
            Some(done) => answer = done??,
            None => break,
        }
    }
    last_version(&answer)
}

/// `Type/id/_history/version` of the last entry of a transaction-response.
fn last_version(answer: &[u8]) -> Result<String, Failed> {
    let answer: Value = serde_json::from_slice(answer)?;
    let location = answer
        .get("entry")
        .and_then(Value::as_array)
        .and_then(|entries| entries.last()?.pointer("/response/location")?.as_str())
        .ok_or("the answer names no version")?;
    let mut parts: Vec<&str> = location.rsplit('/').take(4).collect();
    parts.reverse();
    Ok(parts.join("/"))
}

/// How many audit records a database holds that nobody writes to, in all facilities.
pub fn audits(database: &Database) -> Result<u64, Failed> {
    let store = Store::open(database)?;
    let count = store.read_blocking("count of audit records", |reader| {
        let facilities = reader.facilities().list()?;
        facilities
            .iter()
            .try_fold(0, |sum, facility| Ok(sum + audits_of(reader, facility.id)?))
    })?;
    Ok(count)
}

fn audits_of(reader: &mut Reader, facility: FacilityId) -> Result<u64, store::Error> {
    let mut count = 0;
    let mut before = None;
    loop {
        let page = reader.audits().page(facility, None, before, PAGE)?;
        let Some(oldest) = page.last() else {
            return Ok(count);
        };
        count += page.len() as u64;
        before = Some(AuditPosition {
            time: oldest.audit.time,
            record: oldest.audit.record,
        });
    }
}
