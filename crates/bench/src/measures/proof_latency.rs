//! `$proof` over HTTP: how long one caller waits for a bundle of a finalized
//! version. Each request is decided, audited and on disk before its answer.

use crate::{
    Failed,
    callers::client::Client,
    house::demo::Demo,
    percentile,
    report::{Aim, Report},
};
use proof::{Bundle, Rung};
use serde_json::Value;
use std::time::{Duration, Instant};

const REQUESTS: usize = 500;
const WARMING: usize = 20;
const AIM: Aim = Aim::Below(5.0);
const FINAL_WITHIN: Duration = Duration::from_secs(60);

/// Asks for the proofs of the sample patients, one after another.
pub async fn measure(report: &Report, demo: &Demo) -> Result<(), Failed> {
    let client = demo.client("clinician")?;
    let patients = patients(&client).await?;
    for patient in &patients {
        finalized(&client, patient).await?;
    }
    let mut took = Vec::with_capacity(REQUESTS);
    for (count, patient) in (0..WARMING + REQUESTS).zip(patients.iter().cycle()) {
        let start = Instant::now();
        let bytes = client.get(&format!("{patient}/$proof")).await?;
        if count >= WARMING {
            took.push(start.elapsed());
        }
        if Bundle::parse(&bytes)?.rung != Rung::Finalized {
            return Err("a proof fell below finalized".into());
        }
    }
    let (median, slow) = (
        percentile::millis(&mut took, 0.5),
        percentile::millis(&mut took, 0.99),
    );
    report.figure("$proof over HTTP, median of 500", median, "ms", AIM);
    report.figure("$proof over HTTP, p99 of 500", slow, "ms", AIM);
    Ok(())
}

/// The first versions of the sample patients, as `Patient/id/_history/1`.
pub async fn patients(client: &Client) -> Result<Vec<String>, Failed> {
    let found: Value = serde_json::from_slice(&client.get("Patient?_count=50").await?)?;
    let entries = found.get("entry").and_then(Value::as_array);
    let patients: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.pointer("/resource/id")?.as_str())
        .map(|id| format!("Patient/{id}/_history/1"))
        .collect();
    if patients.is_empty() {
        Err("the demo has no patients".into())
    } else {
        Ok(patients)
    }
}

/// The bundle of a version, once it is finalized.
pub async fn finalized(client: &Client, version: &str) -> Result<Vec<u8>, Failed> {
    let start = Instant::now();
    while start.elapsed() < FINAL_WITHIN {
        let bytes = client.get(&format!("{version}/$proof")).await?;
        if Bundle::parse(&bytes)?.rung == Rung::Finalized {
            return Ok(bytes);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("a version did not become final".into())
}
