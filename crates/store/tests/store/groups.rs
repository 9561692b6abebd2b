//! Groups: many closures, one commit, and none spoils another.

use crate::{
    rows::{audit, pending, tag, version},
    world::{World, on_both},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};
use store::{AuditRange, AuditsOf, Error, FacilityId, LockKey, PolicySet, Store, Taken};

on_both! {
    waiting_closures_share_one_commit,
    a_failing_closure_harms_no_other,
    of_two_closures_with_one_version_one_is_refused,
    a_closure_sees_what_it_wrote,
    a_refusal_that_was_swallowed_is_no_success,
    a_panicking_closure_harms_no_other,
    an_error_that_was_swallowed_is_no_success,
    named_locks_make_reading_and_writing_one_step,
    async_and_blocking_calls_see_the_same,
    what_writes_much_goes_after_the_others_and_by_itself,
}

/// Makes the one writer wait, lets `meanwhile` queue up closures, then goes on.
pub fn while_held<T: Send>(
    store: &Store,
    count: usize,
    meanwhile: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let (started, has_started) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    thread::scope(|threads| {
        threads.spawn(move || {
            store.run_tx_blocking("hold", &[], move |_| {
                let _ = started.send(());
                let _ = may_go_on.recv_timeout(Duration::from_secs(10));
                Ok(())
            })
        });
        has_started.recv().expect("a writer at work");
        let meanwhile = &meanwhile;
        let waiting: Vec<_> = (0..count)
            .map(|place| threads.spawn(move || meanwhile(place)))
            .collect();
        // Long enough for all threads to have queued their closure.
        thread::sleep(Duration::from_millis(300));
        drop(go_on);
        waiting
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    })
}

fn facility(store: &Store) -> FacilityId {
    crate::world::add_facility(store, "north")
}

fn waiting_closures_share_one_commit(world: &World) {
    let store = world.open_with_one_writer();
    let facility = facility(&store);
    let before = store.stats();
    let results = while_held(&store, 20, |place| {
        let new = version(u32::try_from(place).expect("few"), 1);
        store.run_tx_blocking("insert", &[], move |tx| {
            tx.versions().insert(facility, &new)
        })
    });
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let after = store.stats();
    assert_eq!(
        after.commits - before.commits,
        2,
        "one for the hold, one for the twenty"
    );
    assert_eq!(after.groups - before.groups, 2);
    // The twenty are in the fifth bucket: more than 10, at most 20.
    assert_eq!(after.groups_by_size[4] - before.groups_by_size[4], 1);
    assert_eq!(after.groups_by_size.iter().sum::<u64>(), after.groups);
    assert_eq!(after.closures["insert"].answered, 20);
    assert_eq!(after.voided, 0);
    assert_eq!(pending(&store, facility).len(), 20);
}

/// Every third closure fails: after a write, at a taken version, or at once.
fn a_failing_closure_harms_no_other(world: &World) {
    let store = world.open_with_one_writer();
    let facility = facility(&store);
    crate::rows::insert(&store, facility, version(500, 1));
    let results = while_held(&store, 18, |place| {
        let record = u32::try_from(place).expect("few");
        store.run_tx_blocking("mixed", &[], move |tx| match record % 6 {
            0 => {
                tx.versions().insert(facility, &version(record, 1))?;
                Err(Error::EpochMoved)
            }
            2 => {
                tx.versions().insert(facility, &version(record, 1))?;
                tx.versions().insert(facility, &version(500, 1))
            }
            4 => Err(Error::Taken(Taken::Job)),
            _ => tx.versions().insert(facility, &version(record, 1)),
        })
    });
    for (place, result) in results.iter().enumerate() {
        let expected = match place % 6 {
            0 => Err(Error::EpochMoved),
            2 => Err(Error::VersionTaken),
            4 => Err(Error::Taken(Taken::Job)),
            _ => Ok(()),
        };
        assert_eq!(*result, expected, "closure {place}");
    }
    let stored = pending(&store, facility);
    assert_eq!(stored.len(), 1 + 9, "the good ones and the one before");
    for place in 0..18 {
        let found = store
            .read_blocking("find", |reader| {
                reader.versions().current(facility, tag(place))
            })
            .expect("a read");
        assert_eq!(found.is_some(), place % 2 == 1, "record {place}");
    }
    assert_eq!(store.stats().closures["mixed"].failed, 9);
}

/// Rows of several closures go together; each closure still has its own outcome.
fn of_two_closures_with_one_version_one_is_refused(world: &World) {
    let store = world.open_with_one_writer();
    let facilities = [
        facility(&store),
        crate::world::add_facility(&store, "south"),
    ];
    let results = while_held(&store, 16, |place| {
        let (place, facility) = (u32::try_from(place).expect("few"), facilities[place % 2]);
        // The last two want what others of theirs want.
        let new = version(place % 14, 1);
        let log = audit(place + 100, 0, &[tag(place), tag(99)]);
        store.run_tx_blocking("create", &[], move |tx| {
            tx.versions().insert(facility, &new)?;
            tx.audits().insert(facility, &log)
        })
    });
    for taken in [0, 1] {
        let both = [results[taken].clone(), results[taken + 14].clone()];
        assert!(both.contains(&Ok(())), "{both:?}");
        assert!(both.contains(&Err(Error::VersionTaken)), "{both:?}");
    }
    assert!(results[2..14].iter().all(Result::is_ok), "{results:?}");
    for facility in facilities {
        assert_eq!(pending(&store, facility).len(), 2 * 7);
        let audits = store.read_blocking("audits", |reader| {
            let of = AuditsOf::Patients(vec![tag(99)]);
            reader
                .audits()
                .page(facility, &of, &AuditRange::default(), 100)
        });
        assert_eq!(audits.expect("a read").len(), 7);
    }
}

fn a_closure_sees_what_it_wrote(world: &World) {
    let (store, facility) = world.with_facility();
    let seen = store.run_tx_blocking("see", &[], move |tx| {
        tx.versions().insert(facility, &version(1, 1))?;
        tx.audits().insert(facility, &audit(2, 0, &[]))?;
        let version = tx.versions().current(facility, tag(1))?;
        let audit = tx.audits().find(facility, tag(2))?;
        let waiting = tx.leaves().pending_count(facility)?;
        Ok((version, audit, waiting))
    });
    let expected = (Some(version(1, 1).version), Some(audit(2, 0, &[]).audit), 2);
    assert_eq!(seen, Ok(expected));
}

fn a_refusal_that_was_swallowed_is_no_success(world: &World) {
    let (store, facility) = world.with_facility();
    crate::rows::insert(&store, facility, version(1, 1));
    let result = store.run_tx_blocking("swallow", &[], move |tx| {
        tx.versions().insert(facility, &version(2, 1))?;
        let taken = tx.versions().insert(facility, &version(1, 1));
        let found = tx.versions().current(facility, tag(2));
        assert!(taken.is_err() || found.is_err());
        tx.versions().insert(facility, &version(3, 1))
    });
    // On PostgreSQL the rows had waited for each other.
    let stored = pending(&store, facility).len();
    if world.is_postgres() {
        assert_eq!((result, stored), (Err(Error::VersionTaken), 1));
    } else {
        assert_eq!((result, stored), (Ok(()), 3));
    }
}

fn a_panicking_closure_harms_no_other(world: &World) {
    let store = world.open_with_one_writer();
    let facility = facility(&store);
    let results = while_held(&store, 6, |place| {
        let record = u32::try_from(place).expect("few");
        store.run_tx_blocking("panics", &[], move |tx| {
            tx.versions().insert(facility, &version(record, 1))?;
            assert!(record != 3, "this test panics on purpose");
            Ok(())
        })
    });
    let good = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(good, 5);
    assert_eq!(results[3], Err(Error::Panicked));
    assert_eq!(pending(&store, facility).len(), 5);
    let read: Result<(), Error> =
        store.read_blocking("panics", |_| panic!("this test panics on purpose"));
    assert_eq!(read, Err(Error::Panicked));
}

/// A policy set of a facility that does not exist breaks a foreign key.
fn an_error_that_was_swallowed_is_no_success(world: &World) {
    let (store, facility) = world.with_facility();
    let name = "ghost".parse().expect("a name");
    let ghost = store.run_tx_blocking("ghost", &[], move |tx| {
        tx.facilities().insert(&name, crate::world::at(0))
    });
    world.sql("DELETE FROM facility WHERE name = 'ghost'");
    let ghost = ghost.expect("a facility");
    let result = store.run_tx_blocking("swallow", &[], move |tx| {
        let broken = tx.policies().insert(ghost, &policy_set(1));
        assert_eq!(broken, Err(Error::Unavailable));
        tx.versions().insert(facility, &version(1, 1))
    });
    // SQLite undoes the statement only; PostgreSQL has lost the transaction.
    let stored = pending(&store, facility).len();
    if world.is_postgres() {
        assert_eq!((result, stored), (Err(Error::Unavailable), 0));
    } else {
        assert_eq!((result, stored), (Ok(()), 1));
    }
}

fn policy_set(number: u32) -> PolicySet {
    PolicySet {
        number,
        data_key: model::DataKeyId::new([4; 16]),
        envelope: vec![7; 400],
        created: crate::world::at(0),
    }
}

/// Each transaction reads the newest number and takes the next. With the lock no
/// two read the same, over two stores where the database allows two.
fn named_locks_make_reading_and_writing_one_step(world: &World) {
    let (store, facility) = world.with_facility();
    let second = if world.is_postgres() {
        world.open()
    } else {
        store.clone()
    };
    let lock = LockKey::of(&[b"policy", b"north"]);
    let next = |store: &Store| {
        store.run_tx_blocking("next", &[lock], move |tx| {
            let newest = tx.policies().newest(facility)?.transpose()?;
            let newest = newest.map_or(0, |set| set.number);
            thread::sleep(Duration::from_millis(2));
            tx.policies().insert(facility, &policy_set(newest + 1))
        })
    };
    let failures = AtomicU32::new(0);
    thread::scope(|threads| {
        for store in [&store, &second, &store, &second] {
            threads.spawn(|| {
                for _ in 0..10 {
                    failures.fetch_add(u32::from(next(store).is_err()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(failures.into_inner(), 0);
    let newest = store.read_blocking("newest", |reader| reader.policies().newest(facility));
    let newest = newest.expect("a read").expect("a set");
    assert_eq!(newest.expect("a row that can be read").number, 40);
}

/// Few closures wait a little for more, but not for a writer that has much to do.
#[test]
fn a_closure_does_not_wait_for_a_long_one_in_another_writer() {
    let world = World::postgres();
    let (store, facility) = world.with_facility();
    let (answered, is_answered) = mpsc::channel();
    let (started, has_started) = mpsc::channel();
    thread::scope(|threads| {
        threads.spawn(|| {
            let held = store.run_tx_blocking("hold", &[], move |_| {
                let _ = started.send(());
                let waited = is_answered.recv_timeout(Duration::from_secs(20));
                waited.map_err(|_| Error::Unavailable)
            });
            assert_eq!(held, Ok(()), "the other was not answered meanwhile");
        });
        has_started.recv().expect("a writer at work");
        crate::rows::insert(&store, facility, version(1, 1));
        answered.send(()).expect("it still waits");
    });
}

fn async_and_blocking_calls_see_the_same(world: &World) {
    let (store, facility) = world.with_facility();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = runs.clone();
        store
            .run_tx("insert", &[], move |tx| {
                counted.fetch_add(1, Ordering::Relaxed);
                tx.versions().insert(facility, &version(1, 1))
            })
            .await
            .expect("a new version");
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        let found = store
            .read("find", move |reader| {
                reader.versions().current(facility, tag(1))
            })
            .await
            .expect("a read");
        assert_eq!(found, Some(version(1, 1).version));
    });
}

fn what_writes_much_goes_after_the_others_and_by_itself(world: &World) {
    let store = world.open_with_one_writer();
    let facility = facility(&store);
    let before = store.stats();
    let ran = Arc::new(std::sync::Mutex::new(Vec::new()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .build()
        .expect("a runtime");
    // The first comes alone, and the others while the writer is held up.
    while_held(&store, 5, |place| {
        let ran = Arc::clone(&ran);
        let write = move |tx: &mut store::Tx| {
            ran.lock().expect("no panic").push(place);
            tx.versions()
                .insert(facility, &version(u32::try_from(place).expect("few"), 1))
        };
        runtime.block_on(async {
            match place {
                0 | 1 => store.run_long_tx("long", &[], write).await,
                _ => store.run_tx("short", &[], write).await,
            }
        })
    });
    let mut ran = ran.lock().expect("no panic").clone();
    ran[..3].sort_unstable();
    ran[3..].sort_unstable();
    assert_eq!(ran, [2, 3, 4, 0, 1]);
    // One for the hold, one for the three, and one for each of the long ones.
    assert_eq!(store.stats().groups - before.groups, 4);
}
