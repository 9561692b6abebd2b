//! The demo's own trust file: the logs' keys and the newest final anchors,
//! rewritten whenever an anchor becomes final. It says `operator` as the source
//! of everything, because in the demo one process plays all parts.

use super::layout;
use anchor_service::rotation;
use model::{AnchorState, FacilityName, LogId};
use proof::{
    ChainKind, Registry, Require, Source, Trust, TrustedAnchor, TrustedChain, TrustedHead,
    TrustedLog,
};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use store::{Anchor, Log, NewAnchor, Reader, Store, StoredLogKey};

/// Anchors kept for each log.
const ANCHORS: u32 = 1_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Keeps the file up to date until the task is ended.
pub fn keep(
    path: PathBuf,
    store: Store,
    chain_id: u64,
    registry: [u8; 20],
) -> tokio::task::JoinHandle<()> {
    actix_web::rt::spawn(async move {
        let mut known = BTreeMap::new();
        loop {
            let before = known.clone();
            let read = store
                .read("trust file", move |reader| follow(reader, before))
                .await;
            if let Ok((logs, now)) = read
                && now != known
            {
                let trust = trust(logs, &now, chain_id, Registry(registry));
                match layout::replace(&path, &trust.to_bytes()) {
                    Ok(()) => known = now,
                    Err(error) => tracing::warn!(%error, "the trust file was not written"),
                }
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    })
}

/// The final anchors of each log, oldest first, heartbeats included.
type Finals = BTreeMap<LogId, Vec<TrustedHead>>;

/// Adds the anchors that have become final since.
fn follow(
    reader: &mut Reader,
    mut known: Finals,
) -> Result<(Vec<TrustedLog>, Finals), store::Error> {
    let mut logs = Vec::new();
    for facility in reader.facilities().list()? {
        let Some(log) = reader.logs().find(facility.id)? else {
            continue;
        };
        let finals = known.entry(log.log_id).or_default();
        let last = finals.last().map_or(0, |head| head.seq);
        let newest = reader
            .anchors()
            .newest_final(log.id)?
            .map_or(0, |anchor| anchor.new.seq);
        let fresh = u32::try_from(newest.saturating_sub(last))
            .unwrap_or(ANCHORS)
            .min(ANCHORS);
        let anchors = match fresh {
            0 => Vec::new(),
            fresh => reader.anchors().final_anchors(log.id, fresh)?,
        };
        finals.extend(
            anchors
                .into_iter()
                .rev()
                .map(|anchor| head(log.log_id, &anchor)),
        );
        let most = ANCHORS as usize;
        finals.drain(..finals.len().saturating_sub(most));
        let keys = reader.log_keys().of(&log)?;
        logs.extend(trusted_log(&log, &keys, facility.name));
    }
    Ok((logs, known))
}

fn head(log_id: LogId, anchor: &Anchor) -> TrustedHead {
    let time = match &anchor.state {
        AnchorState::Finalized { time, .. } => u64::try_from(time.as_seconds()).unwrap_or(0),
        _ => 0,
    };
    let NewAnchor {
        seq, size, root, ..
    } = anchor.new;
    TrustedHead {
        log_id,
        seq,
        size,
        root,
        time,
    }
}

/// Retired keys too: what they signed stays signed.
fn trusted_log(log: &Log, keys: &[StoredLogKey], facility: FacilityName) -> Option<TrustedLog> {
    let vkeys = rotation::vkeys(log, keys).ok()?;
    Some(TrustedLog {
        origin: log.origin.parse().ok()?,
        log_id: log.log_id,
        facility,
        source: Source::Operator,
        vkeys: vkeys.into_iter().map(|(vkey, _)| vkey).collect(),
        witnesses: None,
        promise: None,
    })
}

fn trust(logs: Vec<TrustedLog>, finals: &Finals, chain_id: u64, registry: Registry) -> Trust {
    let mut anchors = Vec::new();
    for heads in finals.values() {
        let mut size = 0;
        // Of each size the first; what follows it is a heartbeat.
        for head in heads
            .iter()
            .filter(|head| std::mem::replace(&mut size, head.size) != head.size)
        {
            let TrustedHead {
                log_id,
                seq,
                size,
                root,
                ..
            } = *head;
            anchors.push(TrustedAnchor {
                log_id,
                seq,
                size,
                root,
            });
        }
    }
    let chain = TrustedChain {
        chain_id,
        registry,
        kind: ChainKind::Ethereum,
        source: Source::Operator,
        anchors,
        heads: finals
            .values()
            .filter_map(|heads| heads.last().cloned())
            .collect(),
        blocks: None,
        validators: None,
    };
    Trust {
        logs,
        chains: vec![chain],
        require: Require::Anchor,
        max_anchor_age: None,
    }
}
