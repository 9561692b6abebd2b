//! The service over a real store and a ledger in memory, with faults: each
//! effect (a transaction, a broadcast) can fail without having taken effect, and
//! fail although it took effect. A failure is taken for a crash: the service is
//! made anew over what the store and the chain hold.

mod chain;
mod faults;
mod judge;
mod keeper;
mod lists;
mod log_keys;
mod made;
mod steady;
mod tampering;
mod two;

use faults::Fault;
pub(crate) use faults::Faults;
use keeper::Keeper;

use crate::{
    AnchorService, LogKeys, StepError,
    config::{Config, RpcUrl},
    keys::signed::SignedFile,
    ledger::{FinalityRule, memory::MemoryLedger},
    log::{journal::Journal, new_log::open_log},
    posting::bound,
};
use model::{Clock as _, Commitment, LogId, ManualClock, SeededRandom, Tag, Timestamp};
use std::{path::PathBuf, sync::Arc};
use store::{Database, Facility, NewAudit, Store, samples};
use tempfile::TempDir;

/// A step of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Sequence,
    Checkpoint,
    Finality,
    Post,
}

const STEPS: [Step; 4] = [Step::Sequence, Step::Checkpoint, Step::Finality, Step::Post];

/// Two facilities, a chain, and what was planted.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) ledger: MemoryLedger,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: AnchorService<MemoryLedger>,
    pub(crate) facilities: Vec<Facility>,
    pub(crate) logs: Vec<LogId>,
    planted: Vec<Vec<Commitment>>,
    crashes: u64,
    pub(crate) heartbeat_seconds: u64,
    /// How often the database went back: leaves of before are no leaves of after.
    generation: u8,
    /// Whether the node ever named a transaction number that is too large.
    misled: bool,
    /// The file of the database, where it is one.
    db: PathBuf,
}

impl World {
    async fn new(heartbeat_seconds: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        Self::over(&Database::Sqlite { path }, folder, heartbeat_seconds).await
    }

    /// Over a database, with the keys in a folder.
    pub(crate) async fn over(database: &Database, folder: TempDir, heartbeat_seconds: u64) -> Self {
        let store = Store::open(database).unwrap();
        store.leaf_keys().set([&[1; 32]]);
        let db = folder.path().join("db");
        let now = Timestamp::from_millis(0).unwrap();
        let keys = LogKeys::new(folder.path());
        let (mut facilities, mut logs) = (Vec::new(), Vec::new());
        for name in ["a", "b"] {
            let name: model::FacilityName = name.parse().unwrap();
            let insert = name.clone();
            let id = store
                .run_tx("facility", &[], move |tx| {
                    tx.facilities().insert(&insert, now)
                })
                .await
                .unwrap();
            let facility = Facility {
                id,
                name,
                created: now,
            };
            let random = SeededRandom::new(9);
            logs.push(
                open_log(&store, &keys, "gw.test", &facility, &random)
                    .await
                    .unwrap(),
            );
            facilities.push(facility);
        }
        let (ledger, clock) = (MemoryLedger::default(), Arc::new(ManualClock::new(now)));
        let registry = bound::of(&ledger);
        let note = store.run_tx("registry", &[], move |tx| tx.registries().insert(registry));
        note.await.unwrap();
        let service = service(&store, &ledger, &clock, &folder, heartbeat_seconds);
        Self {
            folder,
            store,
            ledger,
            clock,
            service,
            facilities,
            logs,
            planted: vec![Vec::new(); 2],
            crashes: 0,
            heartbeat_seconds,
            generation: 0,
            misled: false,
            db,
        }
    }

    pub(crate) fn mine(&self) {
        self.ledger.mine(self.clock.now());
    }

    /// Everything in memory is lost.
    pub(crate) fn restart(&mut self) {
        let (store, ledger, clock) = (&self.store, &self.ledger, &self.clock);
        self.service = service(store, ledger, clock, &self.folder, self.heartbeat_seconds);
    }

    /// Writes pending leaves as the gateway would.
    pub(crate) async fn plant(&mut self, facility: usize, count: usize) {
        let id = self.facilities[facility].id;
        let all = &mut self.planted[facility];
        let first = all.len();
        for number in first..first + count {
            let mut bytes = [u8::try_from(facility).unwrap(); 32];
            bytes[1] = self.generation;
            bytes[24..].copy_from_slice(&(number as u64).to_be_bytes());
            all.push(Commitment::new(bytes));
        }
        let new = all[first..].to_vec();
        self.store
            .run_tx("plant", &[], move |tx| {
                new.iter()
                    .try_for_each(|leaf| tx.audits().insert(id, &audit(*leaf)))
            })
            .await
            .unwrap();
    }

    /// Takes a step; a failure is a crash.
    pub(crate) async fn step(&mut self, step: Step) -> Result<u64, StepError> {
        let outcome = match step {
            Step::Sequence => self.service.step_sequence().await,
            Step::Checkpoint => self.service.step_checkpoint().await,
            Step::Finality => self.service.step_finality().await,
            Step::Post => self.service.step_post().await,
        };
        if outcome.is_err() {
            self.crashes += 1;
            self.restart();
        }
        outcome
    }

    /// Lets all come to rest, with no more faults.
    pub(crate) async fn settle(&mut self) {
        self.ledger.faults.clear();
        for _ in 0..12 {
            for step in STEPS {
                self.step(step).await.unwrap();
            }
            self.mine();
            self.clock.advance_millis(20_000);
        }
    }
}

fn service(
    store: &Store,
    ledger: &MemoryLedger,
    clock: &Arc<ManualClock>,
    folder: &TempDir,
    heartbeat_seconds: u64,
) -> AnchorService<MemoryLedger> {
    let mut journal = Journal::new(store.clone());
    journal.effects = Arc::new(ledger.faults.clone());
    let config = Config {
        rpc_url: RpcUrl::open("http://unused"),
        chain_id: 1,
        registry: None,
        submitter_key: folder.path().join("submitter.key"),
        log_keys: folder.path().into(),
        signed: None,
        finality: FinalityRule::Depth(ledger.final_depth() as u64),
        sequence_millis: 200,
        checkpoint_millis: 1_000,
        post_millis: 2_000,
        heartbeat_seconds,
        max_anchor_age_seconds: None,
        check_hour: 2,
        resend_seconds: 10,
        replace_seconds: 48,
        max_fee_gwei: 500,
        max_tip_gwei: 100,
        min_balance_gwei: None,
    };
    let keys = LogKeys::new(folder.path());
    let signed = Keeper {
        file: SignedFile::new(config.signed_file()),
        faults: ledger.faults.clone(),
    };
    AnchorService::over(
        journal,
        Arc::new(ledger.clone()),
        keys,
        Arc::new(signed),
        clock.clone(),
        config,
    )
}

/// As little of an audit record as carries a leaf.
fn audit(commitment: Commitment) -> NewAudit {
    let record = Tag::from_slice(&commitment.as_bytes()[16..]).unwrap();
    samples::audit(record, Timestamp::from_millis(0).unwrap(), commitment)
}
