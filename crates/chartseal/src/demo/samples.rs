//! Sample patients, written through the gateway's own FHIR API like anyone
//! else's data.

use super::{
    announcement::Announcement,
    facilities,
    layout::{self, Layout},
};
use crate::cli::DemoArgs;
use client::http_client::refusal;
use command::{CommandError, complain};
use devkit::{
    issuer::{DemoUser, DevIssuer},
    samples,
};
use indicatif::{ProgressBar, ProgressStyle};
use model::{FacilityName, LogicalId};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::{IsTerminal as _, stderr},
    time::Duration,
};

/// The samples are the same on every machine.
const SEED: u64 = 1;
const FOR_LOADING: Duration = Duration::from_secs(3_600);

/// How far the loading came, so that the next start goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// Bundles written, by facility.
    written: BTreeMap<FacilityName, usize>,
    /// The first patient of the first facility.
    patient: Option<LogicalId>,
}

/// Writes what is not written yet; gives the first patient, if there are samples.
pub async fn load(
    args: &DemoArgs,
    layout: &Layout,
    announcement: &Announcement,
    issuer: &DevIssuer,
) -> Result<Option<LogicalId>, CommandError> {
    let text = fs::read_to_string(layout.samples()).unwrap_or_default();
    let mut progress: Progress = serde_json::from_str(&text).unwrap_or_default();
    if !args.empty {
        let patients = usize::try_from(args.patients)?;
        // Each writes at its own base, as the rules want it.
        let users = [DemoUser::System, DemoUser::ClinicianOther];
        for (facility, user) in facilities::names()?.into_iter().zip(users) {
            let token = issuer.mint(&user, FOR_LOADING)?;
            let base = announcement.base_of(&facility);
            load_facility(&facility, patients, &base, &token, layout, &mut progress).await?;
        }
    }
    Ok(progress.patient)
}

async fn load_facility(
    facility: &FacilityName,
    patients: usize,
    base: &str,
    token: &str,
    layout: &Layout,
    progress: &mut Progress,
) -> Result<(), CommandError> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let done = progress.written.get(facility).copied().unwrap_or(0);
    let bundles = samples::generate(SEED, facility, patients)
        .enumerate()
        .skip(done);
    if !stderr().is_terminal() && done <= patients {
        complain!("writing {patients} sample patients of {facility}");
    }
    let bar = ProgressBar::new((patients + 1) as u64)
        .with_style(ProgressStyle::with_template(
            "  {prefix:<12} [{bar:30}] {pos} of {len} sample patients, about {eta} left",
        )?)
        .with_prefix(facility.to_string())
        .with_position(done as u64);
    for (number, bundle) in bundles {
        let answer = client
            .post(base)
            .bearer_auth(token)
            .header("content-type", "application/fhir+json")
            .body(bundle)
            .send()
            .await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if !status.is_success() {
            return Err(refused(status.as_u16(), &body, layout).into());
        }
        if progress.patient.is_none() {
            progress.patient = patient_of(&body)?;
        }
        progress.written.insert(facility.clone(), number + 1);
        layout::replace(&layout.samples(), &serde_json::to_vec(progress)?)?;
        bar.inc(1);
    }
    bar.finish();
    Ok(())
}

/// Why a sample was not written. The gateway tells its callers nothing of the disk.
fn refused(status: u16, body: &[u8], layout: &Layout) -> String {
    let said = refusal(status, body);
    let log = layout.log();
    format!(
        "a sample was not written: {said}; look at the end of `{}`, and whether the disk has room",
        log.display()
    )
}

/// The id of the Patient that a transaction-response says was created.
fn patient_of(body: &[u8]) -> Result<Option<LogicalId>, CommandError> {
    let response: serde_json::Value = serde_json::from_slice(body)?;
    let entries = response.get("entry").and_then(|entries| entries.as_array());
    let id = entries.into_iter().flatten().find_map(|entry| {
        let location = entry.pointer("/response/location")?.as_str()?;
        let (_, rest) = location
            .split_once("/Patient/")
            .or_else(|| location.split_once("Patient/"))?;
        rest.split('/').next()?.parse().ok()
    });
    Ok(id)
}
