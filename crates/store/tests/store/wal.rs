//! SQLite's write-ahead log is copied back and begun anew while others write and read.

use crate::{
    rows::{tag, version},
    world::{World, add_facility},
};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};
use store::{FacilityId, Store};

/// Enough for the log to become long, several times.
const MOST_ROUNDS: u32 = 400;
const ROWS: u32 = 2;
const ROW: usize = 1 << 20;

fn write(store: &Store, facility: FacilityId, round: u32) {
    let rows: Vec<_> = (0..ROWS)
        .map(|row| {
            let mut new = version(round * ROWS + row, 1);
            new.version.envelope = vec![7; ROW];
            new
        })
        .collect();
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
            write(&store, facility, round);
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

/// What deploy/runbook.md says that the log takes beside the database.
const DOCUMENTED: u64 = 96 << 20;
const SENDERS: u32 = 4;
/// Bundles of a sender; with their indexes some 300 MiB of log in all.
const BUNDLES: u32 = 75;
const ENTRIES: u32 = 300;

/// As `chartseal import --in-flight 4` writes: Bundle after Bundle, without a pause.
#[test]
fn the_log_stays_as_short_as_documented_while_much_is_written() {
    let world = World::sqlite();
    let log = world.dir.path().join("chartseal.db-wal");
    let store = world.open();
    let facility = add_facility(&store, "north");
    let done = AtomicBool::new(false);
    let longest = thread::scope(|threads| {
        let store = &store;
        threads.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let read = store
                    .read_blocking("read", |reader| reader.versions().current(facility, tag(0)));
                assert!(read.is_ok(), "reads go on");
            }
        });
        let watching = threads.spawn(|| {
            let mut longest = 0;
            while !done.load(Ordering::Relaxed) {
                longest = longest.max(fs::metadata(&log).map_or(0, |file| file.len()));
                thread::sleep(Duration::from_millis(1));
            }
            longest
        });
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| threads.spawn(move || send(store, facility, sender)))
            .collect();
        for sender in senders {
            sender.join().expect("a sender");
        }
        done.store(true, Ordering::Relaxed);
        watching.join().expect("a look at the log")
    });
    assert!(longest <= DOCUMENTED, "the log grew to {longest} bytes");
    assert!(longest > DOCUMENTED / 4, "too little was written to tell");
}

fn send(store: &Store, facility: FacilityId, sender: u32) {
    for bundle in 0..BUNDLES {
        let first = (sender * BUNDLES + bundle) * ENTRIES;
        let rows: Vec<_> = (first..first + ENTRIES)
            .map(|record| {
                // Scattered, as tags are.
                let mut new = version(record.wrapping_mul(2_654_435_761), 1);
                new.version.envelope = vec![7; 2_048];
                new
            })
            .collect();
        store
            .run_tx_blocking("bundle", &[], move |tx| {
                tx.versions().insert_many(facility, &rows)
            })
            .expect("written");
    }
}
