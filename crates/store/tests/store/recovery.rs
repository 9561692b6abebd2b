//! PostgreSQL goes away and comes back: nothing answered is lost, nothing is done
//! twice.

use crate::{
    groups::while_held,
    proxy::{Cut, Proxy},
    rows::{audit, insert, pending, tag, version},
    world::{World, add_facility, admin, maintenance_url, with_leaf_key},
};
use model::{EpochRead, Tag};
use std::{sync::Arc, thread, time::Duration};
use store::{Database, Error, FacilityId, Options, Store};

/// One writer and few readers.
fn one() -> Options {
    Options {
        writers: 1,
        readers: 2,
        ..Options::default()
    }
}

fn url(world: &World) -> &str {
    let Database::Postgres { url } = &world.database else {
        panic!("a server")
    };
    url
}

/// Ends every connection to the test's database, as a restart does.
fn terminate(world: &World) {
    let name = url(world).rsplit('/').next().expect("a database");
    admin(
        &maintenance_url(),
        &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
    );
}

fn behind_proxy(world: &World) -> (Proxy, Store, FacilityId) {
    let proxy = Proxy::start(url(world));
    let database = Database::Postgres {
        url: proxy.url.clone().into(),
    };
    let store = with_leaf_key(Store::open_with(&database, one()).expect("a server behind a proxy"));
    let facility = add_facility(&store, "north");
    (proxy, store, facility)
}

/// What a create of the gateway does.
fn create(store: &Store, facility: FacilityId, record: u32) -> Result<u32, Error> {
    let new = version(record, 1);
    let log = audit(record + 10_000, 0, &[tag(1)]);
    let epochs = [Tag::ZERO, tag(1)].map(|scope| EpochRead { scope, number: 0 });
    store.run_tx_blocking("create", &[], move |tx| {
        tx.epochs().require(facility, &epochs)?;
        tx.versions().insert(facility, &new)?;
        tx.audits().insert(facility, &log)?;
        Ok(record)
    })
}

#[test]
fn writes_and_reads_go_on_after_the_connections_were_ended() {
    let world = World::postgres();
    let (store, facility) = world.with_facility();
    for record in 1..6 {
        insert(&store, facility, version(record, 1));
        assert_eq!(pending(&store, facility).len(), record as usize);
        terminate(&world);
        // A reader in constant use is not asked whether it works still.
        thread::sleep(Duration::from_millis(600));
    }
    insert(&store, facility, version(99, 1));
    assert_eq!(pending(&store, facility).len(), 6);
}

/// It is not asked whether it works still, so the read that finds out must say so.
#[test]
fn a_reader_in_constant_use_is_replaced_when_its_connection_is_lost() {
    let world = World::postgres();
    let (store, _) = world.with_facility();
    let read = || store.read_blocking("read", |reader| reader.facilities().list().map(drop));
    assert_eq!(read(), Ok(()));
    terminate(&world);
    let failed = (0..50).filter(|_| read().is_err()).count();
    assert!(failed <= 1, "{failed} reads failed on one connection");
}

#[test]
fn a_commit_that_was_done_but_not_answered_is_answered_and_not_done_again() {
    let world = World::postgres();
    let (proxy, store, facility) = behind_proxy(&world);
    proxy.cut(Cut::After);
    assert_eq!(create(&store, facility, 7), Ok(7));
    assert_eq!(store.stats().closures["create"].retries, 0);
    assert_eq!(pending(&store, facility).len(), 2);
    assert_eq!(create(&store, facility, 8), Ok(8));
}

/// The audit record of a closure that failed is not there, whatever became of the
/// COMMIT of its group.
#[test]
fn a_commit_is_not_looked_for_by_what_was_given_up() {
    let world = World::postgres();
    let (proxy, store, facility) = behind_proxy(&world);
    let proxy = Arc::new(proxy);
    let answers = while_held(&store, 2, |place| {
        if place == 1 {
            // The second of the group.
            thread::sleep(Duration::from_millis(100));
            return create(&store, facility, 7);
        }
        let proxy = Arc::clone(&proxy);
        store.run_tx_blocking("give up", &[], move |tx| {
            tx.audits().insert(facility, &audit(1, 0, &[]))?;
            proxy.cut(Cut::After);
            Err(Error::EpochMoved)
        })
    });
    assert_eq!(answers, [Err(Error::EpochMoved), Ok(7)]);
    assert_eq!(store.stats().closures["create"].retries, 0);
    assert_eq!(pending(&store, facility).len(), 2);
}

#[test]
fn a_commit_that_never_arrived_is_run_again() {
    let world = World::postgres();
    let (proxy, store, facility) = behind_proxy(&world);
    proxy.cut(Cut::Before);
    assert_eq!(create(&store, facility, 7), Ok(7));
    assert_eq!(store.stats().closures["create"].retries, 1);
    assert_eq!(pending(&store, facility).len(), 2);
}

/// Without an audit record nothing tells what became of it, so it is not run again.
#[test]
fn a_lost_commit_without_an_audit_record_is_not_guessed_at() {
    let world = World::postgres();
    let (proxy, store, facility) = behind_proxy(&world);
    proxy.cut(Cut::After);
    let lost = store.run_tx_blocking("bump", &[], move |tx| tx.epochs().bump(facility, Tag::ZERO));
    assert_eq!(lost, Err(Error::Unsettled));
    let epochs = store
        .read_blocking("read", |reader| {
            reader.epochs().read(facility, &[Tag::ZERO])
        })
        .expect("a read");
    assert_eq!(epochs[0].number, 1, "this one had arrived");
}

#[test]
fn a_server_that_is_gone_is_unavailable_and_leaves_the_store_usable() {
    let world = World::postgres();
    let (store, facility) = world.with_facility();
    let name = url(&world)
        .rsplit('/')
        .next()
        .expect("a database")
        .to_owned();
    let maintenance = maintenance_url();
    admin(
        &maintenance,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
    );
    terminate(&world);
    assert_eq!(create(&store, facility, 1), Err(Error::Unavailable));
    admin(
        &maintenance,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
    );
    assert_eq!(create(&store, facility, 1), Ok(1));
}

/// BEGIN, epochs, version with links, tokens and leaf, audit with its rows and
/// leaf, COMMIT: five for a closure alone, and no more for a group of them.
#[test]
fn creates_take_few_round_trips() {
    let world = World::postgres();
    let (proxy, store, facility) = behind_proxy(&world);
    // The first prepares the statements.
    assert_eq!(create(&store, facility, 1), Ok(1));
    let before = proxy.trips();
    assert_eq!(create(&store, facility, 2), Ok(2));
    assert_eq!(proxy.trips() - before, 5);

    let before = proxy.trips();
    let group = while_held(&store, 20, |place| {
        create(&store, facility, u32::try_from(place).expect("few") + 100)
    });
    assert!(group.iter().all(Result::is_ok), "{group:?}");
    // The one that held the writer began and committed too.
    assert_eq!(proxy.trips() - before, 2 + 5);
}

/// Two groups that wait for each other: the database ends one, which runs again.
#[test]
fn a_deadlock_is_run_again() {
    let world = World::postgres();
    let (store, facility) = world.with_facility();
    let crossing = |first: u32, second: u32| {
        store.run_tx_blocking("cross", &[], move |tx| {
            tx.epochs().bump(facility, tag(first))?;
            thread::sleep(Duration::from_millis(200));
            tx.epochs().bump(facility, tag(second))
        })
    };
    thread::scope(|threads| {
        let one = threads.spawn(|| crossing(1, 2));
        let other = threads.spawn(|| crossing(2, 1));
        assert_eq!(one.join().expect("no panic"), Ok(()));
        assert_eq!(other.join().expect("no panic"), Ok(()));
    });
    let epochs = store
        .read_blocking("read", |reader| {
            reader.epochs().read(facility, &[tag(1), tag(2)])
        })
        .expect("a read");
    assert_eq!(
        epochs.iter().map(|epoch| epoch.number).collect::<Vec<_>>(),
        [2, 2]
    );
}
