//! `chartseal log check`: the logs as a whole, compared with themselves, with what their
//! keys signed last and with the chain. It writes nothing.

use crate::{
    anchor::registry::{self, Standing},
    cli::{CheckArgs, LogArgs, LogCommand},
    config::Config,
    database,
    services::service::anchoring,
    setup::{facility, signed},
};
use anchor_service::{
    config::Config as AnchorSection,
    ledger::evm::EvmLedger,
    log_check::{ChainPart, CheckedLog, LogCheck},
};
use command::{CommandError, complain, say};
use model::SystemClock;
use serde_json::json;
use std::{collections::BTreeSet, process::ExitCode, sync::Arc};
use store::Store;

/// Something could not be looked at.
const UNSEEN: u8 = 2;

/// Runs the command: 1 when something does not fit; else 2 when a log, a state or the chain
/// could not be read; else 0.
pub fn run(args: &LogArgs) -> ExitCode {
    let LogCommand::Check(args) = &args.command;
    match crate::runtime::block_on(check(args)) {
        Ok(looked) => ended(&looked),
        Err(problem) => {
            complain!("chartseal log check: {problem}");
            ExitCode::from(UNSEEN)
        }
    }
}

/// What was looked at.
struct Looked {
    logs: Vec<CheckedLog>,
    /// Whether each signed state has a name that a log can have.
    named: bool,
}

fn ended(Looked { logs, named }: &Looked) -> ExitCode {
    let findings: u64 = logs.iter().map(|log| log.findings.total()).sum();
    if findings > 0 {
        complain!(
            "chartseal log check: {findings} findings; the runbook says what to do, \"A log does \
             not fit itself\""
        );
        return ExitCode::FAILURE;
    }
    let unseen = |log: &CheckedLog| match log.chain {
        ChainPart::None => false,
        ChainPart::Compared { uncompared, .. } => uncompared > 0,
        ChainPart::Failed(_) => true,
    };
    let all = *named && !logs.iter().any(unseen);
    ExitCode::from(if all { 0 } else { UNSEEN })
}

async fn check(args: &CheckArgs) -> Result<Looked, CommandError> {
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
        check = match ledgers(&store, anchor).await {
            Ok(None) => check,
            Ok(Some((ledger, former))) => check
                .with_chain(Arc::new(ledger), anchor.finality)
                .with_former(former),
            Err(problem) => check.without_chain(problem.to_string()),
        };
    }
    let logs = check.check(args.facility.as_ref()).await?;
    for log in &logs {
        if args.json {
            say!("{}", as_json(log));
        } else {
            tell(log);
        }
    }
    let names = check.check_names().await;
    if let Err(problem) = &names {
        complain!("chartseal log check: {problem}");
    }
    Ok(Looked {
        logs,
        named: names.is_ok(),
    })
}

/// The registry in use, where one is known, and those of before.
async fn ledgers(
    store: &Store,
    anchor: &AnchorSection,
) -> Result<Option<(EvmLedger, Vec<EvmLedger>)>, CommandError> {
    let standing = Standing::read(store, anchor).await?;
    let Some(registry) = standing.noted.or(standing.configured) else {
        return Ok(None);
    };
    let ledger = anchoring::ledger(anchor, registry)?;
    Ok(Some((ledger, former(store, anchor).await?)))
}

/// The registries that the logs were anchored at before, on the configured chain.
pub async fn former(store: &Store, anchor: &AnchorSection) -> Result<Vec<EvmLedger>, CommandError> {
    // Where nothing shows them the check says so.
    let Ok(found) = registry::find(store).await?.shown() else {
        return Ok(Vec::new());
    };
    let here = found.former.iter().map(|(_, former)| former.registry);
    let here = here.filter(|registry| registry.chain_id == anchor.chain_id);
    let addresses: BTreeSet<_> = here.map(|registry| registry.address).collect();
    let ledgers = addresses.into_iter();
    ledgers
        .map(|address| anchoring::ledger(anchor, address))
        .collect()
}

/// A line for each finding: origin, finding, place, problem; then one for the log.
pub fn tell(log: &CheckedLog) {
    for finding in &log.findings.named {
        say!("{}\t{finding}", log.origin);
    }
    let chain = match &log.chain {
        ChainPart::None => "no chain configured".to_owned(),
        ChainPart::Compared {
            events,
            uncompared: 0,
        } => format!("{events} anchors on the chain"),
        ChainPart::Compared { events, uncompared } => format!(
            "{events} anchors on the chain, {uncompared} at former registries were not compared"
        ),
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
    let (events, uncompared, problem) = match &log.chain {
        ChainPart::None => (None, None, None),
        ChainPart::Compared { events, uncompared } => (Some(*events), Some(*uncompared), None),
        ChainPart::Failed(problem) => (None, None, Some(problem)),
    };
    json!({
        "facility": log.facility.as_str(),
        "log": log.origin,
        "ended": log.ended,
        "leaves": log.leaves,
        "checkpoints": log.checkpoints,
        "anchors": log.anchors,
        "chainAnchors": events,
        "chainUncompared": uncompared,
        "chainProblem": problem,
        "findings": log.findings.total(),
        "named": named.collect::<Vec<_>>(),
    })
}
