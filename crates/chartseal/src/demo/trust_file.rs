//! The demo's own trust file: the logs' keys and the newest final anchors. An anchor is
//! in it before the gateway shows it as final, so that a proof that says so verifies at
//! once. It says `operator` as the source of everything, because in the demo one process
//! plays all parts.

use anchor_service::{BecomingFinal, Herald, keys::rotation};
use command::CommandError;
use command::whole_file::{self, PRIVATE};
use model::{AnchorState, FacilityName, LogId};
use proof::{
    ChainKind, Registry, Require, Source, Trust, TrustedAnchor, TrustedChain, TrustedHead,
    TrustedLog,
};
use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::{Anchor, Log, NewAnchor, Reader, Store, StoredLogKey};

/// Anchors kept for each log.
const ANCHORS: u32 = 1_000;
/// How often new logs and keys are looked for.
const LOOK: Duration = Duration::from_millis(500);

/// The file, and what stands in it.
pub struct TrustFile {
    path: PathBuf,
    chain_id: u64,
    registry: Registry,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    logs: Vec<TrustedLog>,
    finals: Finals,
}

/// The final anchors of each log, oldest first, heartbeats included.
type Finals = BTreeMap<LogId, Vec<TrustedHead>>;

impl TrustFile {
    /// Writes the file as the database stands.
    pub async fn open(
        path: PathBuf,
        store: &Store,
        chain_id: u64,
        registry: [u8; 20],
    ) -> Result<Arc<Self>, CommandError> {
        let file = Arc::new(Self {
            path,
            chain_id,
            registry: Registry(registry),
            held: Mutex::default(),
        });
        file.look(store).await?;
        Ok(file)
    }

    /// Tells it of anchors before the database says that they are final.
    pub fn herald(self: &Arc<Self>) -> Arc<Herald> {
        let file = Arc::clone(self);
        Arc::new(move |finals: &[BecomingFinal]| file.add(finals))
    }

    /// Looks for new logs and keys until the task is ended.
    pub fn keep(self: &Arc<Self>, store: Store) -> tokio::task::JoinHandle<()> {
        let file = Arc::clone(self);
        actix_web::rt::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                if let Err(error) = file.look(&store).await {
                    tracing::warn!(%error, "the trust file was not written");
                }
            }
        })
    }

    async fn look(&self, store: &Store) -> Result<(), CommandError> {
        let before = self.lock().finals.clone();
        let read = move |reader: &mut Reader| follow(reader, before);
        let (logs, finals) = store.read("trust file", read).await?;
        let mut held = self.lock();
        let mut changed = held.logs != logs;
        for (log, heads) in finals {
            // The herald may have been faster.
            let known = held.finals.entry(log).or_default();
            let last = known.last().map_or(0, |head| head.seq);
            let fresh = heads.into_iter().filter(|head| head.seq > last);
            let count = known.len();
            known.extend(fresh);
            changed |= known.len() > count;
            trim(known);
        }
        if changed {
            held.logs = logs;
            self.write(&held)?;
        }
        Ok(())
    }

    fn add(&self, finals: &[BecomingFinal]) -> io::Result<()> {
        let mut held = self.lock();
        for one in finals {
            if held.logs.iter().all(|log| log.log_id != one.log_id) {
                // A log that was made just now: its keys are read at the next look.
                return Err(io::ErrorKind::NotFound.into());
            }
            let known = held.finals.entry(one.log_id).or_default();
            if known.last().is_none_or(|head| head.seq < one.seq) {
                known.push(TrustedHead {
                    log_id: one.log_id,
                    seq: one.seq,
                    size: one.size,
                    root: one.root,
                    time: u64::try_from(one.time.as_seconds()).unwrap_or(0),
                });
                trim(known);
            }
        }
        self.write(&held)
    }

    fn write(&self, held: &Held) -> io::Result<()> {
        let logs = held.logs.clone();
        let trust = trust(logs, &held.finals, self.chain_id, self.registry);
        whole_file::replace(&self.path, PRIVATE, &trust.to_bytes())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        let keys = reader.log_keys().of(&log)?;
        logs.extend(trusted_log(&log, &keys, facility.name));
    }
    Ok((logs, known))
}

fn trim(heads: &mut Vec<TrustedHead>) {
    heads.drain(..heads.len().saturating_sub(ANCHORS as usize));
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
        // Of each size the first; what follows it is a heartbeat. Of the size of the
        // oldest it is not known unless that is the log's first anchor.
        let mut size = match heads.first() {
            Some(oldest) if oldest.seq > 1 => oldest.size,
            _ => 0,
        };
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
        closed: None,
    };
    Trust {
        logs,
        chains: vec![chain],
        require: Some(Require::Anchor),
        max_anchor_age: None,
    }
}
