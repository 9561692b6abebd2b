//! The Synthea Bundles posted by several callers, each as one transaction; then
//! what a reader notices of a Bundle of 1,000 entries that is written meanwhile.

use crate::{
    Failed,
    callers::{
        connection::{Connection, Target, version_of},
        seeds::Seed,
    },
    house::data::{self, Bundle},
    percentile,
    report::{Aim, Report},
};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::Mutex, task::JoinSet};

/// Bundles in flight.
const IN_FLIGHT: usize = 4;
/// Entries of the Bundle that a reader must not notice.
const ENTRIES: usize = 1_000;
/// How often it is written.
const TIMES: usize = 5;

/// What was imported.
pub struct Imported {
    /// Resources that the Bundles hold.
    pub resources: usize,
    /// Resources a second.
    pub rate: f64,
    /// The records as `Type/id`.
    pub records: Vec<String>,
}

/// Posts all, and reads beside it; gives the records as `Type/id`.
pub async fn measure(
    report: &Report,
    target: &Target,
    seeds: &[Seed],
    least: f64,
) -> Result<Vec<String>, Failed> {
    let Imported {
        resources,
        rate,
        records,
    } = all(target).await?;
    let what = format!("import of {resources} Synthea resources, {IN_FLIGHT} in flight");
    report.figure(&what, rate, "resources/s", Aim::AtLeast(least));
    let p99 = read_beside(target, &records, observations(seeds)?).await?;
    let what = format!("a reader beside a Bundle of {ENTRIES} entries, p99");
    report.figure(&what, p99, "ms", Aim::Below(100.0));
    Ok(records)
}

/// Posts all Bundles.
pub async fn all(target: &Target) -> Result<Imported, Failed> {
    let bundles = data::synthea()?;
    let resources: usize = bundles.iter().map(|bundle| bundle.resources).sum();
    let start = Instant::now();
    let versions = post_all(target, bundles, IN_FLIGHT).await?;
    let rate = resources as f64 / start.elapsed().as_secs_f64();
    let record = |version: String| {
        let (record, _) = version.split_once("/_history/").unwrap_or_default();
        record.to_owned()
    };
    Ok(Imported {
        resources,
        rate,
        records: versions.into_iter().map(record).collect(),
    })
}

/// Posts the first alone, because the others refer to it, and the rest by so many
/// callers; gives the versions that they made, as `Type/id/_history/version`.
pub async fn post_all(
    target: &Target,
    bundles: Vec<Bundle>,
    in_flight: usize,
) -> Result<Vec<String>, Failed> {
    let mut rest = bundles.into_iter().map(|bundle| bundle.bytes);
    let mut connection = target.connect().await?;
    let first = rest.next().ok_or("no Bundles")?;
    let mut versions = post(&mut connection, first).await?;
    let rest = Arc::new(Mutex::new(rest));
    let mut callers = JoinSet::new();
    for _ in 0..in_flight {
        let mut connection = target.connect().await?;
        let rest = Arc::clone(&rest);
        callers.spawn(async move {
            let mut versions = Vec::new();
            loop {
                let next = rest.lock().await.next();
                let Some(bundle) = next else {
                    return Ok::<_, Failed>(versions);
                };
                versions.extend(post(&mut connection, bundle).await?);
            }
        });
    }
    while let Some(more) = callers.join_next().await {
        versions.extend(more??);
    }
    Ok(versions)
}

/// Posts one Bundle; gives the versions that it made.
async fn post(connection: &mut Connection, bundle: Vec<u8>) -> Result<Vec<String>, Failed> {
    let answer = connection
        .call(Method::POST, "", bundle, StatusCode::OK)
        .await?;
    let answer: Value = serde_json::from_slice(&answer.body)?;
    let entries = answer.get("entry").and_then(Value::as_array);
    entries
        .into_iter()
        .flatten()
        .map(|entry| {
            let location = entry.pointer("/response/location").and_then(Value::as_str);
            version_of(location.ok_or("an entry has no location")?)
        })
        .collect()
}

/// How long one reader waits, at the slow end, while the Bundle is written.
async fn read_beside(target: &Target, records: &[String], bundle: Vec<u8>) -> Result<f64, Failed> {
    let mut writer = target.connect().await?;
    let writing = tokio::spawn(async move {
        for _ in 0..TIMES {
            post(&mut writer, bundle.clone()).await?;
        }
        Ok::<_, Failed>(())
    });
    let mut reader = target.connect().await?;
    let mut took = Vec::new();
    for record in records.iter().cycle().step_by(97) {
        if writing.is_finished() {
            break;
        }
        let answer = reader
            .call(Method::GET, record, Vec::new(), StatusCode::OK)
            .await?;
        took.push(answer.took);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    writing.await??;
    Ok(percentile::millis(&mut took, 0.99))
}

fn observations(seeds: &[Seed]) -> Result<Vec<u8>, Failed> {
    let seed = seeds
        .iter()
        .find(|seed| seed.resource_type == "Observation")
        .ok_or("no Observation")?;
    let patient = BTreeMap::from([
        ("Patient", "bench-1".to_owned()),
        ("Encounter", "bench-1".to_owned()),
    ]);
    let resource: Value = serde_json::from_slice(&seed.body(None, &patient))?;
    let entry = json!({
        "resource": resource,
        "request": {"method": "POST", "url": "Observation"},
    });
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": vec![entry; ENTRIES],
    });
    Ok(serde_json::to_vec(&bundle)?)
}

/// Writes one record; gives its first version as `Type/id/_history/1`.
pub async fn one(connection: &mut Connection) -> Result<String, Failed> {
    let body = br#"{"resourceType":"Basic","code":{"text":"the last of the load"}}"#;
    let answer = connection
        .call(Method::POST, "Basic", body.to_vec(), StatusCode::CREATED)
        .await?;
    answer.version()
}

/// GET below the base.
pub async fn get(connection: &mut Connection, path: &str) -> Result<Vec<u8>, Failed> {
    let answer = connection
        .call(Method::GET, path, Vec::new(), StatusCode::OK)
        .await?;
    Ok(answer.body.to_vec())
}
