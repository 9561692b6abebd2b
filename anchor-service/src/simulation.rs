//! The service over a real store and a ledger in memory, with faults: each
//! effect (a transaction, a broadcast) can fail without having taken effect, and
//! fail although it took effect. A failure is taken for a crash: the service is
//! made anew over what the store and the chain hold.

mod adopting;
mod crash;
mod forged;
mod history;
mod kept;
mod key_rows;
mod keys;
mod lagging;
mod left_out;
mod list;
mod lost_blocks;
mod made;
mod moving;
mod new_key;
mod new_logs;
mod one_fault;
mod random;
mod registry_rows;
mod rows;
mod steady;
mod two;

use crate::{
    AnchorService, LogKeys, StepError,
    config::{Config, RpcUrl},
    keys::{
        rotation,
        signed::{DamagedStates, SignedError, SignedFile, SignedKeeper, SignedStates},
    },
    ledger::{FinalityRule, memory::MemoryLedger},
    log::{journal::Journal, new_log::open_log},
    posting::bound,
};
use model::{
    AnchorState, AuditInteraction, Clock as _, Commitment, DataKeyId, Digest, LogId, ManualClock,
    SeededRandom, Tag, Timestamp,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex},
};
use store::{Audit, Database, Facility, NewAudit, Store};
use tempfile::TempDir;
use tlog::{
    checkpoint::{self, Origin},
    leaf::leaf_hash,
    tree::CompactRange,
};

/// How an effect fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing happened.
    NotPersisted,
    /// It happened, but nobody was told.
    Persisted,
}

/// Which effect fails, and how. Clones share the plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    plan: Arc<Mutex<Plan>>,
    pub(crate) witness: Witness,
}

/// Every state that any key ever signed, whatever became of the database since.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Roots>>);

/// The roots by log and size.
type Roots = BTreeMap<(Origin, u64), BTreeSet<Digest>>;

impl Witness {
    fn see(&self, states: &SignedStates) {
        let mut seen = self.0.lock().unwrap();
        for (origin, state) in states {
            let (size, root) = state.claim();
            seen.entry((origin.clone(), size)).or_default().insert(root);
        }
    }

    /// Whatever was signed of this log is of the history with these roots.
    fn judge_history(&self, log: &str, roots: &BTreeMap<u64, Digest>) {
        let seen = self.0.lock().unwrap();
        let of_log = seen
            .iter()
            .filter(|((origin, _), _)| origin.as_str() == log);
        for ((_, size), signed) in of_log {
            let root = roots.get(size).copied();
            assert_eq!(root, signed.first().copied(), "{log} was signed at {size}");
        }
    }

    /// This was signed, and kept where signed states are.
    fn judge_seen(&self, log: &str, (size, root): (u64, Digest)) {
        let seen = self.0.lock().unwrap();
        let mut of_log = seen
            .iter()
            .filter(|((origin, _), _)| origin.as_str() == log);
        let kept = of_log.any(|((_, of), roots)| *of == size && roots.contains(&root));
        assert!(kept, "a checkpoint of {log} at {size} was never kept");
    }

    /// No key signed two roots of one size.
    pub(crate) fn judge(&self) {
        for ((origin, size), roots) in &*self.0.lock().unwrap() {
            assert_eq!(
                roots.len(),
                1,
                "two roots of {origin} were signed at {size}"
            );
        }
    }
}

#[derive(Debug, Default)]
struct Plan {
    effects: u64,
    fail: Option<(u64, Fault)>,
    /// Questions to the ledger that fail from now on.
    away: bool,
    /// The log whose signed state is damaged where it is kept.
    damaged: Option<Origin>,
    fired: bool,
}

/// What was planned.
#[derive(Debug)]
pub(crate) struct Planned;

impl Faults {
    /// The effect of this number, from 1 on, fails.
    fn plan(&self, effect: u64, fault: Fault) {
        let mut plan = self.plan.lock().unwrap();
        *plan = Plan {
            fail: Some((plan.effects + effect, fault)),
            effects: plan.effects,
            ..Plan::default()
        };
    }

    pub(crate) fn damage_state(&self, log: Option<Origin>) {
        self.plan.lock().unwrap().damaged = log;
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.plan.lock().unwrap().away = away;
    }

    fn clear(&self) -> bool {
        let mut plan = self.plan.lock().unwrap();
        plan.fail = None;
        plan.away = false;
        std::mem::take(&mut plan.fired)
    }

    pub(crate) fn before(&self) -> Result<(), Planned> {
        self.plan.lock().unwrap().effects += 1;
        self.fire(Fault::NotPersisted)
    }

    pub(crate) fn after(&self) -> Result<(), Planned> {
        self.fire(Fault::Persisted)
    }

    /// A question to the ledger; no effect, but it can go unanswered.
    pub(crate) fn question(&self) -> Result<(), Planned> {
        if self.plan.lock().unwrap().away {
            Err(Planned)
        } else {
            Ok(())
        }
    }

    fn fire(&self, fault: Fault) -> Result<(), Planned> {
        let mut plan = self.plan.lock().unwrap();
        if plan.fail == Some((plan.effects, fault)) {
            plan.fired = true;
            plan.fail = None;
            return Err(Planned);
        }
        Ok(())
    }
}

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

    /// What must be so after rest, whatever went before.
    async fn judge(&self) {
        for (facility, log_id) in self.logs.iter().enumerate() {
            self.judge_log(&self.planted[facility], *log_id).await;
        }
        let posts = self.service.status().read().await.unwrap();
        assert_eq!((posts.pending, posts.alarm), (0, None));
    }

    async fn judge_log(&self, planted: &[Commitment], log_id: LogId) {
        let (log, leaves, anchors) = self
            .store
            .read("judge", move |r| {
                let log = r
                    .logs()
                    .list()?
                    .into_iter()
                    .find(|log| log.log_id == log_id)
                    .unwrap();
                let leaves = r.leaves().range(log.id, 0, u32::MAX)?;
                let newest = r
                    .anchors()
                    .newest(log.id)?
                    .map_or(0, |anchor| anchor.new.seq);
                let anchors: Result<Vec<_>, _> = (1..=newest + 1)
                    .filter_map(|seq| r.anchors().find(log.id, seq).transpose())
                    .collect();
                Ok((log, leaves, anchors?))
            })
            .await
            .unwrap();
        // Each leaf once.
        let mut found: Vec<_> = leaves.iter().map(|leaf| leaf.commitment).collect();
        assert_eq!(log.size, found.len() as u64);
        assert!((0..).zip(&leaves).all(|(index, leaf)| leaf.index == index));
        let mut tree = CompactRange::default();
        let mut roots = BTreeMap::new();
        for (size, leaf) in (1..).zip(&found) {
            tree.push(leaf_hash(leaf));
            roots.insert(size, tree.root());
        }
        found.sort_unstable();
        let mut expected = planted.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "each leaf is in the log once");
        self.judge_anchors(log, &roots, &anchors).await;
    }

    async fn judge_anchors(
        &self,
        log: store::Log,
        roots: &BTreeMap<u64, Digest>,
        anchors: &[store::Anchor],
    ) {
        let history = self.ledger.history(log.log_id);
        let ours: Vec<_> = anchors
            .iter()
            .map(|a| (a.new.seq, a.new.size, a.new.root))
            .collect();
        let theirs: Vec<_> = history.iter().map(|h| (h.seq, h.size, h.root)).collect();
        assert_eq!(
            ours, theirs,
            "the store knows of every anchor and of no other"
        );
        assert_eq!(history.last().map_or(0, |head| head.size), log.size);
        for anchor in anchors {
            assert!(
                matches!(anchor.state, AnchorState::Finalized { .. }),
                "{anchor:?}"
            );
            assert!(anchor.evidence.is_some());
            assert_eq!(roots.get(&anchor.new.size), Some(&anchor.new.root));
            // Every posted root is that of a stored signed checkpoint.
            let (id, size) = (log.id, anchor.new.size);
            let stored = self
                .store
                .read("judge", move |r| {
                    let log = r.logs().get(id)?.unwrap();
                    let keys = r.log_keys().of(&log)?;
                    let note = r.logs().checkpoint(id, size)?.unwrap().note;
                    Ok((note, rotation::vkeys(&log, &keys).unwrap()))
                })
                .await;
            let (note, keys) = stored.unwrap();
            let keys: Vec<_> = keys.into_iter().map(|(vkey, _)| vkey).collect();
            let opened = checkpoint::open(&note, &keys).unwrap();
            assert_eq!(
                (opened.size, opened.root),
                (anchor.new.size, anchor.new.root)
            );
        }
        // A database that went back has lost what it knew of its posts: another may then be
        // sent under the same number and nonce, of which the chain takes one. So may be what
        // comes after a transaction that was given up, because no nonce leads up to its own.
        if self.generation > 0 || self.misled {
            return;
        }
        for ((_, seq), claims) in self.ledger.claimed() {
            assert_eq!(claims.len(), 1, "two roots were sent for anchor {seq}");
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
    journal.faults = ledger.faults.clone();
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

/// The file of signed states, whose writes can fail too.
struct Keeper {
    file: SignedFile,
    faults: Faults,
}

impl SignedKeeper for Keeper {
    fn read(&self) -> Result<SignedStates, SignedError> {
        self.file.read()
    }

    fn read_each(&self) -> Result<(SignedStates, DamagedStates), SignedError> {
        let (mut states, mut damaged) = (self.file.read()?, DamagedStates::new());
        if let Some(origin) = self.faults.plan.lock().unwrap().damaged.clone() {
            states.remove(&origin);
            let (origin, place) = (origin.to_string(), self.place());
            let error = SignedError::DamagedRow {
                origin: origin.clone(),
                place,
            };
            damaged.insert(origin, error);
        }
        Ok((states, damaged))
    }

    fn swap(&self, before: &SignedStates, after: &SignedStates) -> Result<(), SignedError> {
        // A row that is damaged is not what was known of it.
        let damaged = self.faults.plan.lock().unwrap().damaged.clone();
        if damaged.is_some_and(|origin| after.contains_key(&origin)) {
            return Err(SignedError::Changed {
                place: self.place(),
            });
        }
        let failed = |_| SignedError::Unusable {
            place: self.place(),
            problem: "as planned".to_owned(),
        };
        self.faults.before().map_err(failed)?;
        self.faults.witness.see(after);
        self.file.swap(before, after)?;
        self.faults.after().map_err(failed)
    }

    fn place(&self) -> String {
        self.file.place()
    }
}

/// As little of an audit record as carries a leaf.
fn audit(commitment: Commitment) -> NewAudit {
    let record = Tag::from_slice(&commitment.as_bytes()[16..]).unwrap();
    let audit = Audit {
        record,
        time: Timestamp::from_millis(0).unwrap(),
        interaction: AuditInteraction::restful("read"),
        outcome: 0,
        purpose: None,
        policy_number: 1,
        user: None,
        client: None,
        subject: None,
        events: 1,
        padded_size: 256,
        data_key: DataKeyId::new([0; 16]),
        envelope: vec![1],
        queries: Vec::new(),
    };
    NewAudit {
        audit,
        patients: Vec::new(),
        commitment,
    }
}
