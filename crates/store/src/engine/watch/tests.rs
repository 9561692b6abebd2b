//! A statement that has no end of its own is ended, on both databases.

use super::STILL_WANTED;
use crate::{Error, Options, Reader, Store, backend::Backend, test_database::TestDatabase};
use diesel::{QueryResult, connection::SimpleConnection};
use std::{future::Future as _, sync::mpsc, task::Poll, time::Duration};

/// Long enough for what must happen, and never waited out.
const LONG: Duration = Duration::from_secs(60);

fn endless(reader: &mut Reader) -> Result<(), Error> {
    use crate::access::sealed::Connected as _;
    reader.query(|conn| -> QueryResult<()> {
        match conn.backend() {
            Backend::Sqlite => conn.batch_execute(&format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                 SELECT count(*) FROM n WHERE true{STILL_WANTED}"
            )),
            Backend::Postgres => conn.batch_execute("SELECT pg_sleep(3600)"),
        }
    })
}

fn open(test: &TestDatabase, search_time: Duration) -> Store {
    let options = Options {
        searches: 1,
        search_time,
        ..Options::default()
    };
    let store = Store::open_with(&test.database, options).expect("a database that opens");
    store.leaf_keys().set([&[1; 32]]);
    store
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all();
    builder.build().expect("a runtime")
}

fn a_statement_ends_after_its_time(test: &TestDatabase) {
    let store = open(test, Duration::from_millis(50));
    let searched = runtime().block_on(store.search("endless", endless));
    assert_eq!(searched, Err(Error::TooCostly));
}

fn a_statement_ends_when_nobody_waits(test: &TestDatabase) {
    let store = open(test, LONG);
    let runtime = runtime();
    let (ended, ends) = mpsc::channel();
    runtime.block_on(async {
        let (begun, begins) = mpsc::channel();
        let mut search = Box::pin(store.search("endless", move |reader| {
            begun.send(()).expect("a test that waits");
            let ending = endless(reader);
            ended.send(ending.clone()).expect("a test that waits");
            ending
        }));
        std::future::poll_fn(|context| Poll::Ready(search.as_mut().poll(context).is_pending()))
            .await
            .then_some(())
            .expect("a search that goes on");
        begins.recv_timeout(LONG).expect("a search that begins");
    });
    assert_eq!(ends.recv_timeout(LONG), Ok(Err(Error::Unavailable)));
    let next = store.search("next", |reader| reader.meta().find("product"));
    let product = runtime
        .block_on(next)
        .expect("the connection is free again");
    assert_eq!(product.as_deref(), Some("chartseal"));
}

#[test]
fn a_statement_of_sqlite_ends_after_its_time() {
    a_statement_ends_after_its_time(&TestDatabase::sqlite());
}

#[test]
fn a_statement_of_postgres_ends_after_its_time() {
    a_statement_ends_after_its_time(&TestDatabase::postgres());
}

#[test]
fn a_statement_of_sqlite_ends_when_nobody_waits() {
    a_statement_ends_when_nobody_waits(&TestDatabase::sqlite());
}

#[test]
fn a_statement_of_postgres_ends_when_nobody_waits() {
    a_statement_ends_when_nobody_waits(&TestDatabase::postgres());
}
