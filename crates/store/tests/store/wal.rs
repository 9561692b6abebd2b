//! SQLite's write-ahead log is copied back and begun anew while others write and read.

use crate::{
    groups::while_held,
    rows::{tag, version},
    world::{World, add_facility},
};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use store::{Database, Error, FacilityId, NewVersion, Store};

/// Enough for the log to become long, several times.
const MOST_ROUNDS: u32 = 400;
const ROWS: u32 = 2;
const ROW: usize = 1 << 20;

fn rows(first: u32, count: u32) -> Vec<NewVersion> {
    let row = |row| {
        let mut new = version(row, 1);
        new.version.envelope = vec![7; ROW];
        new
    };
    (first..first + count).map(row).collect()
}

/// In one transaction, alone.
fn insert(store: &Store, facility: FacilityId, first: u32, count: u32) {
    let rows = rows(first, count);
    store
        .run_tx_blocking("write", &[], move |tx| {
            tx.versions().insert_many(facility, &rows)
        })
        .expect("written");
}

#[test]
fn the_log_is_begun_anew_under_writers_and_readers() {
    let world = World::sqlite();
    let log = world.dir.path().join("chartseal.db-wal");
    let store = world.open();
    let facility = add_facility(&store, "north");
    let done = AtomicBool::new(false);
    let begun_anew = thread::scope(|threads| {
        threads.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let first = tag(0);
                let read = store
                    .read_blocking("read", |reader| reader.versions().current(facility, first));
                assert!(read.is_ok(), "reads go on");
            }
        });
        let mut written = 0;
        // The file keeps its length when it is begun anew, so it is known by being
        // shorter than what went through it.
        let begun_anew = (0..MOST_ROUNDS).any(|round| {
            insert(&store, facility, round * ROWS, ROWS);
            written += u64::from(ROWS) * ROW as u64;
            thread::sleep(Duration::from_millis(20));
            let length = fs::metadata(&log).map_or(0, |file| file.len());
            written > 2 * length && length > 0
        });
        done.store(true, Ordering::Relaxed);
        begun_anew
    });
    assert!(begun_anew, "the log only grew");

    drop(store);
    let store = world.open();
    let newest = store.read_blocking("read", |reader| reader.versions().current(facility, tag(0)));
    let newest = newest.expect("a read").expect("the first row");
    assert_eq!(newest.envelope.len(), ROW);
}

/// What docs/performance.md says that the log takes beside the database.
const DOCUMENTED: u64 = 96 << 20;
/// Rows of a transaction that is as long as the log may be before the writer cuts it.
const LONG: u32 = 33;

fn log(world: &World) -> PathBuf {
    world.dir.path().join("chartseal.db-wal")
}

fn length(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |file| file.len())
}

#[test]
fn the_log_stays_as_short_as_documented_while_much_is_written() {
    let world = World::sqlite();
    let (store, facility) = world.with_facility();
    let log = log(&world);
    for round in 0..8 {
        insert(&store, facility, round * LONG, LONG);
        let length = length(&log);
        assert!(length <= DOCUMENTED, "the log grew to {length} bytes");
    }
}

/// A group in which the first closure fails after it wrote runs one by one: not even then
/// is a transaction begun beyond the bound.
#[test]
fn the_log_stays_as_short_when_a_group_runs_one_by_one() {
    const CLOSURES: usize = 12;
    const ROWS: u32 = 11;
    let world = World::sqlite();
    let (store, facility) = world.with_facility();
    let log = log(&world);
    let spoiled = Arc::new(AtomicBool::new(false));
    let longest = Arc::new(AtomicU64::new(0));
    let outcomes = while_held(&store, CLOSURES, |place| {
        let (log, longest, spoiled) = (log.clone(), longest.clone(), spoiled.clone());
        let rows = rows(u32::try_from(place).expect("few") * ROWS, ROWS);
        let mut spoils = None;
        store.run_tx_blocking("write", &[], move |tx| {
            longest.fetch_max(length(&log), Ordering::Relaxed);
            if *spoils.get_or_insert_with(|| !spoiled.swap(true, Ordering::Relaxed)) {
                tx.versions().insert(facility, &rows[0])?;
                return Err(Error::EpochMoved);
            }
            tx.versions().insert_many(facility, &rows)
        })
    });
    let good = outcomes.iter().filter(|outcome| outcome.is_ok());
    assert_eq!(good.count(), CLOSURES - 1);
    assert_eq!(store.stats().voided, 1, "they ran one by one");
    let longest = longest.load(Ordering::Relaxed).max(length(&log));
    assert!(longest <= DOCUMENTED, "the log grew to {longest} bytes");
}

/// A reader of another process, as of a backup, does not stop the writer; when it has gone
/// the log is cut.
#[test]
fn a_log_that_grew_under_a_reader_is_cut_when_it_has_gone() {
    let world = World::sqlite();
    let (store, facility) = world.with_facility();
    let log = log(&world);
    let Database::Sqlite { path } = &world.database else {
        panic!("a file");
    };
    let mut backup = SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("the file");
    backup
        .batch_execute("BEGIN; SELECT count(*) FROM version")
        .expect("a reader");
    for round in 0..3 {
        insert(&store, facility, round * LONG, LONG);
    }
    let grown = length(&log);
    assert!(grown > DOCUMENTED, "{grown} bytes: nobody was in the way");
    drop(backup);
    insert(&store, facility, 3 * LONG, LONG);
    // The log is kept before this begins.
    insert(&store, facility, 4 * LONG, 1);
    let kept = length(&log);
    assert!(kept <= DOCUMENTED, "the log still has {kept} bytes");
}
