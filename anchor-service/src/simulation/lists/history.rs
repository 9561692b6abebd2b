//! A key signs one history: whatever state the database is put back to, nothing is
//! sequenced or signed that does not extend what was signed last.

use crate::simulation::{Step, World};
use crate::{
    Alarm, Holder, LogKeys, SignedFile, SignedKeeper as _, SignedStates, StepError,
    keys::{key_file::KeyFileError, signed::Signed},
    log::{
        adopt::adopt,
        journal::{Journal, LogState},
        new_epoch,
    },
};
use model::{Digest, SeededRandom};
use std::{fs, path::PathBuf, sync::Arc};
use store::{Database, Store};
use tlog::notes::checkpoint::Origin;

/// The files of a database that nobody writes to now, with their bytes.
type Copy = Vec<(PathBuf, Vec<u8>)>;

impl World {
    fn copy(&self) -> Copy {
        let paths = ["db", "db-wal"].map(|name| self.folder.path().join(name));
        let read = |path: PathBuf| fs::read(&path).ok().map(|bytes| (path, bytes));
        paths.into_iter().filter_map(read).collect()
    }

    /// The database is as it was; all else, the keys' folder too, is as it is.
    fn put_back(&mut self, copy: &Copy) {
        let elsewhere = tempfile::tempdir().unwrap();
        self.open(elsewhere.path().join("db"));
        for name in ["db", "db-wal", "db-shm"] {
            let _ = fs::remove_file(self.folder.path().join(name));
        }
        for (path, bytes) in copy {
            fs::write(path, bytes).unwrap();
        }
        self.open(self.folder.path().join("db"));
    }

    fn open(&mut self, path: PathBuf) {
        self.store = Store::open(&Database::Sqlite { path }).unwrap();
        self.store.leaf_keys().set([&[1; 32]]);
        self.restart();
    }

    fn signed_file(&self) -> PathBuf {
        self.folder.path().join("signed.json")
    }

    fn signed(&self) -> SignedStates {
        SignedFile::new(self.signed_file()).read().unwrap()
    }

    async fn grow(&mut self, count: usize) {
        self.plant(0, count).await;
        self.step(Step::Sequence).await.unwrap();
        self.step(Step::Checkpoint).await.unwrap();
    }
}

/// That of the first facility's log of an epoch.
fn origin(epoch: u32) -> Origin {
    Origin::new("gw.test", &"a".parse().unwrap(), epoch).unwrap()
}

#[tokio::test]
async fn a_database_put_back_behind_the_last_checkpoint_halts_before_it_grows() {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    let copy = world.copy();
    // Signed, handed out perhaps, and never anchored: the chain cannot tell.
    world.grow(4).await;
    let signed = world.signed();
    assert_eq!(signed[&origin(1)].claim().0, 7);

    world.put_back(&copy);
    world.plant(0, 6).await;
    world.ledger.faults.set_away(true);
    for step in [Step::Sequence, Step::Checkpoint, Step::Sequence] {
        let refused = world.step(step).await;
        let behind = matches!(
            refused,
            Err(StepError::Alarm(Alarm::Behind {
                local: 3,
                size: 7,
                holder: Holder::SignedState,
                ..
            }))
        );
        assert!(behind, "{step:?}: {refused:?}");
    }
    assert_eq!(world.signed(), signed, "nothing was signed since");
    let status = world.service.status().read().await.unwrap();
    assert_eq!((status.pending, status.logs[0].size), (6, 3));
}

#[tokio::test]
async fn a_database_that_grew_another_way_halts() {
    let mut world = World::new(0).await;
    world.grow(3).await;
    let (copy, early) = (world.copy(), fs::read(world.signed_file()).unwrap());
    world.grow(4).await;
    let late = fs::read(world.signed_file()).unwrap();
    // A copy of the whole installation grows past the first.
    world.put_back(&copy);
    fs::write(world.signed_file(), early).unwrap();
    world.grow(6).await;
    // The first one's keys and file beside the other's database.
    fs::write(world.signed_file(), late).unwrap();
    world.restart();
    let refused = world.step(Step::Sequence).await;
    let forked = matches!(
        refused,
        Err(StepError::Alarm(Alarm::Forked {
            size: 7,
            holder: Holder::SignedState,
            ..
        }))
    );
    assert!(forked, "{refused:?}");
}

#[tokio::test]
async fn checkpoints_without_a_signed_state_hold_up_the_log_until_it_is_back() {
    let mut world = World::new(0).await;
    world.grow(3).await;
    let state = fs::read(world.signed_file()).unwrap();
    fs::remove_file(world.signed_file()).unwrap();
    world.restart();
    world.plant(0, 2).await;
    let refused = world.step(Step::Sequence).await;
    assert!(
        matches!(refused, Err(StepError::NotAdopted { .. })),
        "{refused:?}"
    );
    let refused = world.step(Step::Checkpoint).await;
    assert!(
        matches!(refused, Err(StepError::NotAdopted { .. })),
        "{refused:?}"
    );
    fs::write(world.signed_file(), state).unwrap();
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn a_log_that_goes_back_under_a_running_service_takes_no_leaf() {
    let mut world = World::new(0).await;
    world.grow(3).await;
    world.plant(0, 2).await;
    let journal = Journal::new(world.store.clone());
    let log = journal.current_logs().await.unwrap().remove(0);
    let (size, root) = world.signed()[&origin(1)].claim();
    for signed in [(size + 1, root), (size, Digest::ZERO)] {
        let refused = journal.sequence(&log, Some(signed), 10).await;
        assert!(matches!(refused, Ok(None)));
        let state = journal.state(log.id, Some(signed)).await;
        assert_eq!(state, Ok(LogState::Behind));
        assert_eq!(journal.size(log.id).await, Ok(3));
    }
    let grown = journal.sequence(&log, Some((size, root)), 10).await;
    assert_eq!(grown.unwrap().map(|done| done.leaves), Some(2));
}

#[tokio::test]
async fn a_log_that_cannot_go_on_is_continued_by_another() {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    let copy = world.copy();
    world.grow(4).await;
    let signed = world.signed();
    let (size, root) = signed[&origin(1)].claim();
    world.put_back(&copy);
    // What was written after the backup is lost with it.
    world.planted[0].truncate(3);
    world.plant(0, 2).await;
    assert!(world.step(Step::Sequence).await.is_err());

    let keeper = Arc::new(SignedFile::new(world.signed_file()));
    let keys = LogKeys::new(world.folder.path());
    let last = new_epoch::last_state(&world.store, keeper, &world.facilities[0]).await;
    let last = last.unwrap();
    assert_eq!(
        (last.log_id, last.leaves, last.size, last.root),
        (world.logs[0], 3, size, root)
    );
    let random = SeededRandom::new(3);
    let next = new_epoch::prepare(&world.store, &keys, &world.facilities[0], &last, &random).await;
    let new = next.unwrap().new;
    let log_id = new.log_id;
    assert_eq!((new.epoch, new.origin.as_str()), (2, "gw.test/log/a/2"));
    world
        .store
        .run_tx("next log", &[], move |tx| tx.logs().insert(&new).map(drop))
        .await
        .unwrap();
    world.restart();
    world.settle().await;
    // The leaves that waited are the new log's; the old one stays as it was.
    let waited = world.planted[0].split_off(3);
    world.judge_log(&world.planted[0], world.logs[0]).await;
    world.judge_log(&waited, log_id).await;
    let now = world.signed();
    assert_eq!(now[&origin(1)], signed[&origin(1)]);
    assert_eq!(now[&origin(2)].claim().0, 2);
}

#[tokio::test]
async fn adopting_takes_what_fits_and_nothing_else() {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    let keeper = Arc::new(SignedFile::new(world.signed_file()));
    let keys = LogKeys::new(world.folder.path());
    let signed = world.signed();
    fs::remove_file(world.signed_file()).unwrap();
    let copy = world.copy();
    let adopted = adopt(&world.store, &world.ledger, keeper.clone(), &keys).await;
    let sizes: Vec<_> = adopted.unwrap().iter().map(|log| log.size).collect();
    assert_eq!(sizes, [3]);
    assert_eq!(world.signed(), signed);
    assert_eq!(
        adopt(&world.store, &world.ledger, keeper.clone(), &keys).await,
        Ok(Vec::new()),
        "once"
    );
    world.restart();
    world.plant(0, 4).await;
    world.settle().await;
    // A backup from before an anchor, and no file: the registry knows better.
    world.put_back(&copy);
    fs::remove_file(world.signed_file()).unwrap();
    let refused = adopt(&world.store, &world.ledger, keeper, &keys).await;
    let behind = matches!(
        refused,
        Err(StepError::Alarm(Alarm::Behind {
            holder: Holder::Registry,
            ..
        }))
    );
    assert!(behind, "{refused:?}");
    assert!(!world.signed_file().exists());
}

/// Whoever can write to the database gives a log another name on the chain, cuts what it
/// signed last, and lets it grow another way.
#[tokio::test]
async fn a_log_under_another_id_is_the_same_log() {
    let mut world = World::new(0).await;
    world.grow(3).await;
    let signed = world.signed();
    let journal = Journal::new(world.store.clone());
    let mut log = journal.current_logs().await.unwrap().remove(0);
    log.log_id = model::LogId::new([7; 32]);
    let known = Signed::new(Arc::new(SignedFile::new(world.signed_file())));
    known.refresh().await.unwrap();
    assert_eq!(known.of(&log.origin).as_ref(), signed.get(&origin(1)));
    // Its first key is not the key of such a log.
    let keys = LogKeys::new(world.folder.path());
    assert!(matches!(
        keys.check(&log),
        Err(KeyFileError::WrongKey { .. })
    ));
    let (keys, wrong) = keys.signing(&log);
    assert!(keys.is_empty() && wrong.is_some());
}
