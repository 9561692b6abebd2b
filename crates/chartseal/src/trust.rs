//! `chartseal trust refresh`: makes or renews a trust file from what a node says that
//! the verifier has chosen. Nothing is asked of the operator, and no database is read;
//! the log's key is given, as it was handed over once.

mod merge;

use crate::cli::{RefreshArgs, TrustCommand};
use anchor_service::ledger::{
    FinalityRule, LedgerError,
    evm::{self, AnchorEvent, RegistryReader},
};
use command::{
    CommandError, complain, say,
    whole_file::{self, OPEN},
};
use merge::Found;
use model::LogId;
use proof::{Bundle, ClosedLog, ClosingReason, Require, Trust, TrustedAnchor, TrustedHead};
use std::{error::Error, fs, path::Path, process::ExitCode};
use tlog::notes::checkpoint::Origin;

/// Runs the command: 0 when the file is as the chain says.
pub fn run(command: &TrustCommand) -> ExitCode {
    let TrustCommand::Refresh(args) = command;
    match crate::runtime::block_on(refresh(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal trust refresh: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn refresh(args: &RefreshArgs) -> Result<(), CommandError> {
    let mut trust = existing(args.out.as_deref())?;
    let found = ask(args, &trust).await?;
    let (anchors, head) = (
        found.anchors.len(),
        found.head.as_ref().map(|head| head.seq),
    );
    let log_id = found.log_id;
    if let Some(superseded) = merge::merge(&mut trust, found)? {
        complain!("{superseded}");
    }
    let known = trust.chains.iter().flat_map(|chain| &chain.anchors);
    if known.filter(|anchor| anchor.log_id == log_id).count() == 0 {
        return Err(nothing_final(args.finality).into());
    }
    let bytes = trust.to_bytes();
    // Read again before it is written: what is written must be a trust file.
    Trust::parse(&bytes)?;
    match &args.out {
        None => say!("{}", String::from_utf8_lossy(&bytes).trim_end()),
        Some(path) => {
            whole_file::replace(path, OPEN, &bytes)
                .map_err(|error| format!("`{}`: {error}", path.display()))?;
            let head = head.map_or("none yet".to_owned(), |seq| seq.to_string());
            say!(
                "wrote {}: {anchors} final anchors read, newest {head}",
                path.display()
            );
        }
    }
    Ok(())
}

/// A file without anchors would verify nothing.
const fn nothing_final(rule: FinalityRule) -> &'static str {
    match rule {
        FinalityRule::Tag => {
            "the node has no final anchor of this log, and nothing was written; a chain without \
             a `finalized` block needs its rule: `--finality immediate` (QBFT, IBFT 2) or \
             `--finality depth=N`; else check `--log`, `--registry`, or wait for the first anchor"
        }
        _ => {
            "the node has no final anchor of this log, and nothing was written; check `--log`, \
             `--registry` and `--finality`, or wait for the first anchor"
        }
    }
}

/// The trust file to be renewed, or an empty one.
fn existing(path: Option<&Path>) -> Result<Trust, CommandError> {
    match path.filter(|path| path.exists()) {
        Some(path) => {
            let named = |error: &dyn Error| format!("`{}`: {error}", path.display());
            let bytes = fs::read(path).map_err(|error| named(&error))?;
            Ok(Trust::parse(&bytes).map_err(|error| named(&error))?)
        }
        None => Ok(Trust {
            logs: Vec::new(),
            chains: Vec::new(),
            require: Some(Require::Anchor),
            max_anchor_age: None,
        }),
    }
}

/// The service's own words name a key of its configuration.
fn told(error: LedgerError) -> CommandError {
    match error {
        LedgerError::NoFinalBlock => nothing_final(FinalityRule::Tag).into(),
        other => other.into(),
    }
}

async fn ask(args: &RefreshArgs, trust: &Trust) -> Result<Found, CommandError> {
    let (origin, log_id) = log(args, trust)?;
    let reader = RegistryReader::connect(&args.rpc, args.registry.0, args.finality)
        .await
        .map_err(told)?;
    let most = usize::try_from(args.anchors)?;
    // One more than asked for, to know whether the oldest is the first of its size.
    let events = reader.newest(log_id, most + 1).await.map_err(told)?;
    let mut anchors = firsts(log_id, &events);
    anchors.drain(..anchors.len().saturating_sub(most));
    for path in &args.proof {
        let anchor = of_proof(&reader, log_id, args, path).await?;
        if anchors.iter().all(|known| known.seq != anchor.seq) {
            anchors.push(anchor);
        }
    }
    let head = events.last().map(|event| TrustedHead {
        log_id,
        seq: event.seq,
        size: event.size,
        root: event.root,
        time: event.time,
    });
    Ok(Found {
        chain_id: reader.chain_id(),
        registry: args.registry,
        kind: args.kind,
        origin,
        log_id,
        facility: args.facility.clone(),
        vkeys: args.log.clone(),
        anchors,
        head,
        closed: closed(&reader, log_id).await?,
    })
}

/// Why the registry's admin has closed the log, if it is closed.
async fn closed(reader: &RegistryReader, log_id: LogId) -> Result<Option<ClosedLog>, CommandError> {
    let Some(closed) = reader.closed(log_id).await? else {
        return Ok(None);
    };
    let reason = match closed.reason {
        evm::ClosingReason::LogKey => ClosingReason::LogKey,
        evm::ClosingReason::SubmitterKey => ClosingReason::SubmitterKey,
    };
    Ok(Some(ClosedLog {
        log_id,
        reason,
        successor: closed.successor,
    }))
}

/// The log's origin, which is the name of its keys, and its id: as given, as in the
/// file, or made of the first key.
fn log(args: &RefreshArgs, trust: &Trust) -> Result<(Origin, LogId), CommandError> {
    let first = args.log.first().ok_or("give the log's key by `--log`")?;
    let origin: Origin = first.name().parse()?;
    if args.log.iter().any(|vkey| vkey.name() != first.name()) {
        return Err("the keys given by `--log` are of different logs".into());
    }
    let known = trust.logs.iter().find(|log| log.origin == origin);
    let known = known.map(|log| log.log_id);
    let log_id = match (args.log_id, known) {
        (Some(given), Some(known)) if given != known => {
            return Err(format!("the file has the log id 0x{known} for `{origin}`").into());
        }
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => origin.log_id(&first.public_key()),
    };
    Ok((origin, log_id))
}

/// Of each size the first; what follows it is a heartbeat. Of the size of the oldest it
/// is not known unless that is the log's first anchor.
fn firsts(log_id: LogId, events: &[AnchorEvent]) -> Vec<TrustedAnchor> {
    let mut size = match events.first() {
        Some(oldest) if oldest.seq > 1 => oldest.size,
        _ => 0,
    };
    let mut anchors = Vec::new();
    for event in events {
        if std::mem::replace(&mut size, event.size) != event.size {
            anchors.push(trusted(log_id, event));
        }
    }
    anchors
}

const fn trusted(log_id: LogId, event: &AnchorEvent) -> TrustedAnchor {
    TrustedAnchor {
        log_id,
        seq: event.seq,
        size: event.size,
        root: event.root,
    }
}

/// The anchor that a proof names, as the chain has it: of the same size and root, and
/// the first of its size.
async fn of_proof(
    reader: &RegistryReader,
    log_id: LogId,
    args: &RefreshArgs,
    path: &Path,
) -> Result<TrustedAnchor, CommandError> {
    let named = |problem: &str| format!("`{}`: {problem}", path.display());
    let bytes = fs::read(path).map_err(|error| named(&error.to_string()))?;
    let bundle = Bundle::parse(&bytes).map_err(|error| named(&error.to_string()))?;
    let anchor = bundle
        .anchor
        .ok_or_else(|| named("the proof has no anchor yet; fetch it again later"))?;
    if (anchor.chain_id, anchor.registry) != (reader.chain_id(), args.registry) {
        return Err(named("the proof is anchored at another chain or registry").into());
    }
    if anchor.log_id != log_id {
        return Err(named("the proof is of another log").into());
    }
    let wanted: Vec<u64> = [anchor.seq.saturating_sub(1), anchor.seq]
        .into_iter()
        .filter(|seq| *seq > 0)
        .collect();
    let events = reader.find(log_id, &wanted).await?;
    let event = events.iter().find(|event| event.seq == anchor.seq);
    let event = event.ok_or_else(|| named("the chain has no such final anchor (yet)"))?;
    let before = events.iter().find(|event| event.seq + 1 == anchor.seq);
    let first = before.is_none_or(|before| before.size < event.size);
    if (event.size, event.root) != (anchor.size, anchor.root) || !first {
        return Err(named("the chain has another anchor of this number").into());
    }
    Ok(trusted(log_id, event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Digest;

    #[test]
    fn a_chain_without_final_blocks_is_told_the_option() {
        let said = told(LedgerError::NoFinalBlock).to_string();
        assert!(said.contains("`--finality immediate`"), "{said}");
        let other = told(LedgerError::Http(500)).to_string();
        assert!(other.contains("500"), "{other}");
    }

    #[test]
    fn of_each_size_the_first_is_kept_where_it_is_known() {
        let event = |seq, size| AnchorEvent {
            seq,
            size,
            root: Digest::new([1; 32]),
            time: 0,
        };
        let kept = |events: &[AnchorEvent]| -> Vec<u64> {
            let anchors = firsts(LogId::new([2; 32]), events);
            anchors.iter().map(|anchor| anchor.seq).collect()
        };
        let whole = [(1, 4), (2, 4), (3, 9), (4, 9), (5, 12)].map(|(seq, size)| event(seq, size));
        assert_eq!(kept(&whole), [1, 3, 5]);
        // Anchor 3 could be a heartbeat of an anchor that was not read.
        assert_eq!(kept(&whole[2..]), [5]);
        assert_eq!(kept(&[]), [0; 0]);
    }
}
