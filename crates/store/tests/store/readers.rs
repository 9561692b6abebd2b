//! Readers are kept apart, and every read ends: after its time, or when nobody waits.

use crate::{
    rows::{insert, observation, tag, token, version},
    world::{World, on_both, with_leaf_key},
};
use std::{fs, future::Future, sync::mpsc, task::Poll, time::Duration};
use store::{Criterion, Error, FacilityId, Options, Order, Reader, Store};
use tokio::runtime::Runtime;

on_both! {
    searches_under_way_hold_up_no_read_by_key,
    a_read_by_key_under_way_holds_up_no_readiness,
    a_search_ends_after_its_time,
    a_search_ends_when_nobody_waits,
    a_closed_store_leaves_no_thread,
}

/// Long enough for what must happen, and never waited out.
const LONG: Duration = Duration::from_secs(60);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn open(world: &World, searches: u32, search_time: Duration) -> (Store, FacilityId) {
    let options = Options {
        readers: 1,
        searches,
        search_time,
        ..Options::default()
    };
    let store =
        with_leaf_key(Store::open_with(&world.database, options).expect("a database that opens"));
    let facility = crate::world::add_facility(&store, "north");
    (store, facility)
}

fn search(reader: &mut Reader, facility: FacilityId) -> Result<usize, Error> {
    let tokens = [token(1)];
    let criteria = [Criterion::Tokens(&tokens)];
    let order = Order::Record { after: None };
    let mut versions = reader.versions();
    let found = versions.search(facility, &observation(), &criteria, order, 10)?;
    Ok(found.len())
}

fn searches_under_way_hold_up_no_read_by_key(world: &World) {
    const SEARCHES: u32 = 2;
    let (store, facility) = open(world, SEARCHES, LONG);
    insert(&store, facility, version(10, 1));
    let runtime = runtime();
    let (begun, begins) = mpsc::channel();
    let (let_go, held): (Vec<_>, Vec<_>) = (0..SEARCHES).map(|_| mpsc::channel::<()>()).unzip();
    let mut searches = Vec::new();
    for held in held {
        let (store, begun) = (store.clone(), begun.clone());
        searches.push(runtime.spawn(async move {
            store
                .search("held up", move |reader| {
                    begun.send(()).expect("a test that waits");
                    let _ = held.recv();
                    search(reader, facility)
                })
                .await
        }));
    }
    for _ in 0..SEARCHES {
        begins.recv_timeout(LONG).expect("a search that begins");
    }
    runtime.block_on(async {
        let read = move |reader: &mut Reader| reader.versions().current(facility, tag(10));
        assert!(store.read("by key", read).await.expect("a read").is_some());
        let read = store.read_by_key("by key", read).await;
        assert!(read.expect("a read").is_some());
        let current = store.current_version(facility, tag(10)).await;
        assert!(current.expect("a read").is_some());
        assert_eq!(store.ready().await, Ok(()));
    });
    drop(let_go);
    for search in searches {
        assert_eq!(runtime.block_on(search).expect("a task"), Ok(1));
    }
}

/// A load balancer must not take a gateway out because its connections are busy.
fn a_read_by_key_under_way_holds_up_no_readiness(world: &World) {
    // Of these there is one connection.
    let (store, facility) = open(world, 1, LONG);
    insert(&store, facility, version(10, 1));
    let runtime = runtime();
    let (begun, begins) = mpsc::channel();
    let (let_go, held) = mpsc::channel::<()>();
    let reading = store.clone();
    let reading = runtime.spawn(async move {
        reading
            .read("held up", move |reader| {
                begun.send(()).expect("a test that waits");
                let _ = held.recv();
                reader.versions().current(facility, tag(10))
            })
            .await
    });
    begins.recv_timeout(LONG).expect("a read that begins");
    runtime.block_on(async {
        assert_eq!(store.ready().await, Ok(()));
        let searched = store.search("beside", move |reader| search(reader, facility));
        assert_eq!(searched.await, Ok(1));
    });
    drop(let_go);
    let read = runtime.block_on(reading).expect("a task");
    assert!(read.expect("a read").is_some());
}

fn a_search_ends_after_its_time(world: &World) {
    let (store, facility) = open(world, 1, Duration::ZERO);
    insert(&store, facility, version(10, 1));
    let runtime = runtime();
    let searched = store.search("late", move |reader| search(reader, facility));
    assert_eq!(runtime.block_on(searched), Err(Error::TooCostly));
    let read = move |reader: &mut Reader| search(reader, facility);
    assert_eq!(runtime.block_on(store.read("by key", read)), Ok(1));
}

/// Polls the future until the search is under way, then drops it.
fn abandon(runtime: &Runtime, search: impl Future, begins: &mpsc::Receiver<()>) {
    runtime.block_on(async {
        let mut search = Box::pin(search);
        std::future::poll_fn(|context| {
            assert!(search.as_mut().poll(context).is_pending(), "it goes on");
            Poll::Ready(())
        })
        .await;
        begins.recv_timeout(LONG).expect("a search that begins");
    });
}

fn a_search_ends_when_nobody_waits(world: &World) {
    let (store, facility) = open(world, 1, LONG);
    let runtime = runtime();
    let (begun, begins) = mpsc::channel();
    let (ended, ends) = mpsc::channel();
    let searching = store.search("abandoned", move |reader| {
        begun.send(()).expect("a test that waits");
        let ending = loop {
            if let Err(ending) = search(reader, facility) {
                break ending;
            }
        };
        ended.send(ending.clone()).expect("a test that waits");
        Err::<(), _>(ending)
    });
    abandon(&runtime, searching, &begins);
    let ending = ends.recv_timeout(LONG).expect("a search that ends");
    assert_eq!(ending, Error::Unavailable);
    let next = store.search("next", move |reader| search(reader, facility));
    assert_eq!(
        runtime.block_on(next),
        Ok(0),
        "the connection is free again"
    );
}

/// A process that opens many, as a test does, must not run out of threads.
fn a_closed_store_leaves_no_thread(world: &World) {
    const STORES: usize = 60;
    /// Those of the last ones closed, and of tests beside this one.
    const MOST: usize = STORES;
    for _ in 0..STORES {
        drop(world.open());
    }
    let left = fs::read_dir("/proc/self/task")
        .expect("the threads of this process")
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("comm")).ok())
        .filter(|name| name.starts_with("readers-"))
        .count();
    assert!(left < MOST, "{left} threads left by {STORES} closed stores");
}
