//! Worlds as they are at their beginning, made once and copied: ten thousand lists begin
//! with the same files.

use super::World;
use crate::Alarm;
use model::{Commitment, Digest, LogId, ManualClock, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use store::{Database, Facility, Log, Options, Store};
use tempfile::TempDir;
use tlog::{leaf::leaf_hash, tree::CompactRange};

/// What a new world consists of.
struct Made {
    files: Vec<(String, Vec<u8>)>,
    facilities: Vec<Facility>,
    logs: Vec<LogId>,
}

/// A folder in memory, where there is one: nothing here is about disks.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

async fn made() -> Made {
    let world = World::new(0).await;
    let paths = fs::read_dir(world.folder.path()).unwrap();
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    // What SQLite keeps in memory is made anew.
    let mut files: Vec<_> = paths.map(read).collect();
    files.retain(|(name, _)| !name.ends_with("-shm") && !name.ends_with("lock"));
    Made {
        files,
        facilities: world.facilities.clone(),
        logs: world.logs.clone(),
    }
}

/// A database as a standby has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standby {
    db: Vec<u8>,
    wal: Option<Vec<u8>>,
}

fn wal(db: &Path) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn open(path: PathBuf) -> Store {
    let options = Options {
        writers: 1,
        readers: 1,
        searches: 1,
        ..Options::default()
    };
    let store = Store::open_with(&Database::Sqlite { path }, options).unwrap();
    store.leaf_keys().set([&[1; 32]]);
    store
}

/// By size.
fn roots_of(leaves: &[Commitment]) -> BTreeMap<u64, Digest> {
    let (mut tree, mut roots) = (CompactRange::default(), BTreeMap::new());
    for leaf in leaves {
        tree.push(leaf_hash(leaf));
        roots.insert(tree.size(), tree.root());
    }
    roots
}

static MADE: OnceLock<Made> = OnceLock::new();

impl World {
    /// A new world, from copies.
    pub(super) async fn made() -> Self {
        if MADE.get().is_none() {
            let _ = MADE.set(made().await);
        }
        let made = MADE.get().unwrap();
        let folder = folder();
        for (name, bytes) in &made.files {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let key = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(path, key).unwrap();
        }
        let path = folder.path().join("db");
        let store = open(path.clone());
        let ledger = crate::ledger::memory::MemoryLedger::default();
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(0).unwrap()));
        let service = super::service(&store, &ledger, &clock, &folder, 0);
        Self {
            folder,
            store,
            ledger,
            clock,
            service,
            facilities: made.facilities.clone(),
            logs: made.logs.clone(),
            planted: vec![Vec::new(); 2],
            crashes: 0,
            heartbeat_seconds: 0,
            generation: 0,
            misled: false,
            db: path,
        }
    }

    /// Whether every leaf that there is has a final anchor.
    pub(super) async fn is_at_rest(&self) -> bool {
        let status = self.service.status().read().await.unwrap();
        let is_final =
            |log: &crate::LogStatus| log.last_final.map_or(0, |last| last.size) == log.size;
        status.pending == 0 && status.logs.iter().all(is_final)
    }

    /// Leaves stand in the order in which they came, and whatever was ever signed is a part
    /// of that.
    pub(super) async fn judge_history(&self) {
        for (planted, log_id) in self.planted.iter().zip(&self.logs) {
            let (log, found) = self.leaves(*log_id).await;
            assert_eq!(&found, planted, "a leaf is in another's place");
            let roots = roots_of(&found);
            let witness = &self.ledger.faults.witness;
            witness.judge_history(&log.origin, &roots);
        }
    }

    /// Every leaf stands in its order, or waits: also in a database that halted. Each
    /// checkpoint went through the keeper of what was signed.
    pub(super) async fn judge_leaves(&self) {
        for (planted, log_id) in self.planted.iter().zip(&self.logs) {
            let (log, found) = self.leaves(*log_id).await;
            let read = move |r: &mut store::Reader| {
                let waiting = r.leaves().pending_count(log.facility)?;
                Ok((waiting, r.log_pages().checkpoints(log.id, -1, u32::MAX)?))
            };
            let (waiting, checkpoints) = self.store.read("judge", read).await.unwrap();
            assert_eq!(found.len() as u64 + waiting, planted.len() as u64);
            assert!(planted.starts_with(&found), "a leaf is in another's place");
            let (witness, roots) = (&self.ledger.faults.witness, roots_of(&found));
            for checkpoint in checkpoints {
                let row = checkpoint.row.unwrap();
                witness.judge_seen(&log.origin, row.size, row.root);
                let here = roots.get(&row.size);
                assert!(here.is_none_or(|root| *root == row.root), "{}", row.size);
            }
            // Whatever was sent, mined or not, was signed and kept first.
            let claimed = self.ledger.claimed().into_iter();
            for (_, claims) in claimed.filter(|((of, _), _)| of == log_id) {
                for (size, root) in claims {
                    witness.judge_seen(&log.origin, size, root);
                }
            }
        }
    }

    /// What a service that halted says is so, and it halted before it grew or signed: what
    /// its database has of anchors is true of its own leaves.
    pub(super) async fn judge_halt(&self, alarm: &Alarm) {
        let (Alarm::Behind { log_id, size, .. } | Alarm::Forked { log_id, size, .. }) = alarm
        else {
            panic!("{alarm}");
        };
        let (log, found) = self.leaves(*log_id).await;
        let roots = roots_of(&found);
        let held = self.held(&log, *size);
        match alarm {
            Alarm::Behind { local, .. } => {
                assert_eq!((log.size, found.len() as u64), (*local, *local));
                assert!(local < size && !held.is_empty(), "{alarm}");
            }
            _ => assert!(
                held.iter().any(|root| roots.get(size) != Some(root)),
                "{alarm}"
            ),
        }
        for log_id in &self.logs {
            let (log, found) = self.leaves(*log_id).await;
            let roots = roots_of(&found);
            let read = move |r: &mut store::Reader| r.log_pages().anchors(log.id, -1, u32::MAX);
            for anchor in self.store.read("judge", read).await.unwrap() {
                let new = anchor.row.unwrap().new;
                let here = roots.get(&new.size);
                assert!(here.is_none_or(|root| *root == new.root), "{}", new.seq);
            }
        }
    }

    /// The roots of a log at this size that were signed or stand on the chain.
    fn held(&self, log: &Log, size: u64) -> BTreeSet<Digest> {
        let mut held = self.ledger.faults.witness.roots(&log.origin, size);
        let heads = self.ledger.history(log.log_id).into_iter();
        held.extend(heads.filter(|head| head.size == size).map(|head| head.root));
        held
    }

    async fn leaves(&self, log_id: LogId) -> (Log, Vec<Commitment>) {
        let read = move |r: &mut store::Reader| {
            let mut logs = r.logs().list()?.into_iter();
            let log = logs.find(|log| log.log_id == log_id).unwrap();
            Ok((r.leaves().range(log.id, 0, u32::MAX)?, log))
        };
        let (leaves, log) = self.store.read("judge", read).await.unwrap();
        let commitments = leaves.iter().map(|leaf| leaf.commitment);
        (log, commitments.collect())
    }

    /// Its database as it stands; nobody writes to it now.
    pub(super) fn standby(&self) -> Standby {
        Standby {
            db: fs::read(&self.db).unwrap(),
            wal: fs::read(wal(&self.db)).ok(),
        }
    }

    /// A standby takes the place of the database; all else, the keys' folder too, stays.
    pub(super) fn promote(&mut self, standby: &Standby) {
        self.generation += 1;
        self.db = self.folder.path().join(format!("db{}", self.generation));
        fs::write(&self.db, &standby.db).unwrap();
        if let Some(bytes) = &standby.wal {
            fs::write(wal(&self.db), bytes).unwrap();
        }
        self.store = open(self.db.clone());
        self.restart();
    }
}
