//! A million pending leaves get their index on SQLite, through the step that the
//! anchor-service takes; then their log is checked as a whole.

use crate::{
    Failed,
    house::{memory, rows, silent_ledger::SilentLedger},
    report::{Aim, Report},
};
use anchor_service::{
    AnchorService, LogKeys, SignedFile,
    config::{Config, RpcUrl},
    ledger::FinalityRule,
    log_check::LogCheck,
    open_log,
};
use model::{ManualClock, SeededRandom, Timestamp};
use std::{path::Path, sync::Arc, time::Instant};
use store::{Database, Facility, FacilityId, NewAudit, Store, samples};

const LEAVES: usize = 1_000_000;
/// Audit records in one transaction of the preparation.
const PLANTED: usize = 20_000;

/// Plants the leaves as requests do, with an audit record each; then measures.
pub async fn measure(report: &Report) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("db");
    let store = Store::open(&Database::Sqlite { path })?;
    store.leaf_keys().set([&[1; 32]]);
    let created = Timestamp::from_millis(0)?;
    let keys = LogKeys::new(folder.path());
    let facility = facility(&store, &keys, created).await?;
    let start = Instant::now();
    plant(&store, facility, created).await?;
    report.aside(
        "preparation: 1,000,000 audit records and pending leaves",
        start.elapsed().as_secs_f64(),
        "s",
    );

    let clock = Arc::new(ManualClock::new(created));
    let config = config(folder.path());
    let signed = Arc::new(SignedFile::new(config.signed_file()));
    let mut service = AnchorService::new(
        store.clone(),
        SilentLedger,
        keys,
        signed.clone(),
        clock.clone(),
        config,
    );
    memory::forget_peak()?;
    let start = Instant::now();
    let sequenced = service.step_sequence().await?;
    let seconds = start.elapsed().as_secs_f64();
    let peak = memory::peak()?;
    if sequenced != LEAVES as u64 {
        return Err(format!("{sequenced} leaves were sequenced").into());
    }
    let what = "sequencing 1,000,000 pending leaves on SQLite";
    report.figure(what, seconds, "s", Aim::Below(20.0));
    report.figure(&format!("{what}, peak RSS"), peak, "MB", Aim::Below(300.0));

    service.step_checkpoint().await?;
    let check = LogCheck::<SilentLedger>::new(store, clock);
    let check = check.with_signed(signed);
    memory::forget_peak()?;
    let start = Instant::now();
    let logs = check.check(None).await?;
    let seconds = start.elapsed().as_secs_f64();
    let peak = memory::peak()?;
    let findings: u64 = logs.iter().map(|log| log.findings.total()).sum();
    let leaves: u64 = logs.iter().map(|log| log.leaves).sum();
    if (findings, leaves) != (0, LEAVES as u64) {
        return Err(format!("{leaves} leaves were checked, with {findings} findings").into());
    }
    let what = "checking a log of 1,000,000 leaves as a whole on SQLite";
    report.figure(what, seconds, "s", Aim::Below(10.0));
    report.figure(&format!("{what}, peak RSS"), peak, "MB", Aim::Below(300.0));
    Ok(())
}

async fn facility(store: &Store, keys: &LogKeys, created: Timestamp) -> Result<FacilityId, Failed> {
    let name: model::FacilityName = "general".parse()?;
    let insert = name.clone();
    let id = store
        .run_tx("facility", &[], move |tx| {
            tx.facilities().insert(&insert, created)
        })
        .await?;
    let facility = Facility { id, name, created };
    open_log(store, keys, "bench.test", &facility, &SeededRandom::new(1)).await?;
    Ok(id)
}

async fn plant(store: &Store, facility: FacilityId, time: Timestamp) -> Result<(), Failed> {
    let random = SeededRandom::new(2);
    for _ in 0..LEAVES / PLANTED {
        let audits = (0..PLANTED)
            .map(|_| audit(&random, time))
            .collect::<Result<Vec<_>, _>>()?;
        store
            .run_tx("plant", &[], move |tx| {
                let mut view = tx.audits();
                audits
                    .iter()
                    .try_for_each(|audit| view.insert(facility, audit))
            })
            .await?;
    }
    Ok(())
}

/// An audit record with a random tag and commitment, as all are; its envelope is
/// of no interest here.
fn audit(random: &SeededRandom, time: Timestamp) -> Result<NewAudit, Failed> {
    Ok(samples::audit(
        rows::tag(random)?,
        time,
        rows::commitment(random)?,
    ))
}

fn config(folder: &Path) -> Config {
    Config {
        rpc_url: RpcUrl::open("http://unused"),
        chain_id: 1,
        registry: None,
        submitter_key: "unused".into(),
        log_keys: folder.into(),
        signed: None,
        finality: FinalityRule::Immediate,
        sequence_millis: 200,
        checkpoint_millis: 1_000,
        post_millis: 2_000,
        heartbeat_seconds: 0,
        max_anchor_age_seconds: None,
        check_hour: 2,
        resend_seconds: 10,
        replace_seconds: 48,
        max_fee_gwei: 500,
        max_tip_gwei: 100,
        min_balance_gwei: None,
    }
}
