//! The trust file of a compliance team: the logs' keys, and the final anchors as
//! the registry has them. Taken from the store here, because the test is the
//! operator too.

use super::Assembly;
use model::AnchorState;
use proof::{
    ChainKind, Registry, Require, Source, Trust, TrustedAnchor, TrustedChain, TrustedHead,
    TrustedLog,
};
use store::{Anchor, Log};
use tlog::notes::checkpoint::{Origin, Vkey};

/// What is trusted now.
pub async fn trust_file(assembly: &Assembly) -> Trust {
    let rows = assembly
        .store
        .read("trust file", |reader| {
            let mut rows = Vec::new();
            for facility in reader.facilities().list()? {
                if let Some(log) = reader.logs().find(facility.id)? {
                    let finals = reader.anchors().final_anchors(log.id, 1_000)?;
                    rows.push((facility, log, finals));
                }
            }
            Ok(rows)
        })
        .await
        .unwrap();
    let (mut logs, mut anchors, mut heads) = (Vec::new(), Vec::new(), Vec::new());
    for (facility, log, finals) in rows {
        let origin: Origin = log.origin.parse().unwrap();
        logs.push(TrustedLog {
            vkeys: vec![Vkey::of_log(&origin, &log.public_key).unwrap()],
            origin,
            log_id: log.log_id,
            facility: facility.name,
            source: Source::Operator,
            witnesses: None,
            promise: None,
        });
        anchors.extend(finals.iter().rev().map(|anchor| trusted(&log, anchor)));
        heads.extend(finals.first().map(|anchor| head(&log, anchor)));
    }
    let chain = TrustedChain {
        chain_id: assembly.chain.id(),
        registry: Registry(assembly.registry),
        kind: ChainKind::Ethereum,
        source: Source::Operator,
        anchors,
        heads,
        blocks: None,
        validators: None,
        closed: None,
    };
    Trust {
        logs,
        chains: vec![chain],
        require: Some(Require::Anchor),
        max_anchor_age: Some(3_600),
    }
}

fn trusted(log: &Log, anchor: &Anchor) -> TrustedAnchor {
    TrustedAnchor {
        log_id: log.log_id,
        seq: anchor.new.seq,
        size: anchor.new.size,
        root: anchor.new.root,
    }
}

fn head(log: &Log, anchor: &Anchor) -> TrustedHead {
    let AnchorState::Finalized { time, .. } = &anchor.state else {
        panic!("not final");
    };
    TrustedHead {
        log_id: log.log_id,
        seq: anchor.new.seq,
        size: anchor.new.size,
        root: anchor.new.root,
        time: u64::try_from(time.as_seconds()).unwrap(),
    }
}
