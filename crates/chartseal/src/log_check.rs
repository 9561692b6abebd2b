//! `chartseal log check`: the logs as a whole, compared with themselves, with what their
//! keys signed last and with the chain. It writes nothing.

use crate::{
    cli::{CheckArgs, LogArgs, LogCommand},
    config::Config,
    database, facility,
    output::{complain, say},
    registry::Standing,
    service::anchoring,
    signed,
};
use anchor_service::{
    config::Config as AnchorSection,
    ledger::evm::EvmLedger,
    log_check::{ChainPart, CheckedLog, LogCheck},
};
use model::SystemClock;
use serde_json::json;
use std::{error::Error, process::ExitCode, sync::Arc};
use store::Store;

type Failed = Box<dyn Error>;

/// Something could not be looked at.
const UNSEEN: u8 = 2;

/// Runs the command: 1 when something does not fit; else 2 when a log, a state or the chain
/// could not be read; else 0.
pub fn run(args: &LogArgs) -> ExitCode {
    let LogCommand::Check(args) = &args.command;
    match crate::block_on(check(args)) {
        Ok(logs) => ended(&logs),
        Err(problem) => {
            complain!("chartseal log check: {problem}");
            ExitCode::from(UNSEEN)
        }
    }
}

fn ended(logs: &[CheckedLog]) -> ExitCode {
    let findings: u64 = logs.iter().map(|log| log.findings.total()).sum();
    if findings > 0 {
        complain!(
            "chartseal log check: {findings} findings; the runbook says what to do, \"A log does \
             not fit itself\""
        );
        return ExitCode::FAILURE;
    }
    let unseen = |log: &CheckedLog| matches!(log.chain, ChainPart::Failed(_));
    ExitCode::from(if logs.iter().any(unseen) { UNSEEN } else { 0 })
}

async fn check(args: &CheckArgs) -> Result<Vec<CheckedLog>, Failed> {
    let config = Config::read(&args.config)?;
    let store = database::open(&config)?;
    if let Some(name) = &args.facility
        && facility::find(&store, name).await?.is_none()
    {
        return Err(format!("there is no facility `{name}`").into());
    }
    let mut check = LogCheck::<EvmLedger>::new(store.clone(), Arc::new(SystemClock));
    // A gateway's configuration knows neither keys of logs nor a chain.
    if let Ok(anchor) = config.anchor() {
        check = check.with_signed(signed::keeper(&config)?);
        if let Some(ledger) = ledger(&store, anchor).await? {
            check = check.with_chain(Arc::new(ledger), anchor.finality);
        }
    }
    let logs = check.check(args.facility.as_ref()).await?;
    for log in &logs {
        match args.json {
            true => say!("{}", as_json(log)),
            false => tell(log),
        }
    }
    Ok(logs)
}

/// The chain, where a registry is known.
pub async fn ledger(store: &Store, anchor: &AnchorSection) -> Result<Option<EvmLedger>, Failed> {
    let standing = Standing::read(store, anchor).await?;
    let registry = standing.noted.or(standing.configured);
    registry
        .map(|registry| anchoring::ledger(anchor, registry))
        .transpose()
}

/// A line for each finding: origin, finding, place, problem; then one for the log.
pub fn tell(log: &CheckedLog) {
    for finding in &log.findings.named {
        say!("{}\t{finding}", log.origin);
    }
    let chain = match &log.chain {
        ChainPart::None => "no chain configured".to_owned(),
        ChainPart::Compared { events } => format!("{events} anchors on the chain"),
        ChainPart::Failed(problem) => format!("the chain was not compared: {problem}"),
    };
    let ended = if log.ended { " (ended)" } else { "" };
    say!(
        "{}{ended}: {} leaves, {} checkpoints, {} anchors, {chain}; {} findings",
        log.origin,
        log.leaves,
        log.checkpoints,
        log.anchors,
        log.findings.total()
    );
}

fn as_json(log: &CheckedLog) -> serde_json::Value {
    let named = log.findings.named.iter().map(|finding| {
        json!({
            "finding": finding.kind.as_str(),
            "place": finding.place,
            "problem": finding.problem,
        })
    });
    let (events, problem) = match &log.chain {
        ChainPart::None => (None, None),
        ChainPart::Compared { events } => (Some(*events), None),
        ChainPart::Failed(problem) => (None, Some(problem)),
    };
    json!({
        "facility": log.facility.as_str(),
        "log": log.origin,
        "ended": log.ended,
        "leaves": log.leaves,
        "checkpoints": log.checkpoints,
        "anchors": log.anchors,
        "chainAnchors": events,
        "chainProblem": problem,
        "findings": log.findings.total(),
        "named": named.collect::<Vec<_>>(),
    })
}
