//! A database for the tests inside this crate, which look at statements and connections.

use crate::{Database, Store};
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// An empty database with its tables, gone with this value.
pub(crate) struct TestDatabase {
    pub(crate) database: Database,
    _dir: Option<TempDir>,
    server: Option<(PgConnection, String)>,
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("chartseal.db");
        Self {
            database: Database::Sqlite { path },
            _dir: Some(dir),
            server: None,
        }
        .with_tables()
    }

    pub(crate) fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let maintenance = std::env::var("CHARTSEAL_TEST_POSTGRES").expect(
            "CHARTSEAL_TEST_POSTGRES must hold the URL of a PostgreSQL database on this \
             machine; `cargo xtask test` starts one",
        );
        let mut admin = PgConnection::establish(&maintenance).expect("the PostgreSQL server");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("store_unit_{}_{count}", process::id());
        let made = admin.batch_execute(&format!("CREATE DATABASE {name}"));
        made.expect("a new database");
        let (server, _) = maintenance.rsplit_once('/').expect("a URL with a database");
        Self {
            database: Database::Postgres {
                url: format!("{server}/{name}").into(),
            },
            _dir: None,
            server: Some((admin, name)),
        }
        .with_tables()
    }

    fn with_tables(self) -> Self {
        drop(Store::open(&self.database).expect("a database that opens"));
        self
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some((admin, name)) = &mut self.server {
            let _ = admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}
