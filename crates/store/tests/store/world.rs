//! A database of its own for each test, and the rows that tests write.

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use model::{FacilityName, Timestamp};
use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
};
use store::{Database, FacilityId, Options, Store};
use tempfile::TempDir;

/// The variable that names a PostgreSQL database in which databases can be made.
const POSTGRES: &str = "CHARTSEAL_TEST_POSTGRES";

/// Runs each test on both databases.
macro_rules! on_both {
    ($($name:ident,)*) => {
        mod sqlite {$(
            #[test]
            fn $name() {
                super::$name(&crate::world::World::sqlite());
            }
        )*}
        mod postgres {$(
            #[test]
            fn $name() {
                super::$name(&crate::world::World::postgres());
            }
        )*}
    };
}
pub(crate) use on_both;

/// An empty database that goes away with the test.
pub struct World {
    pub database: Database,
    pub dir: TempDir,
    postgres: Option<(String, String)>,
}

impl World {
    pub fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let database = Database::Sqlite {
            path: dir.path().join("chartseal.db"),
        };
        Self {
            database,
            dir,
            postgres: None,
        }
    }

    pub fn postgres() -> Self {
        Self::postgres_as("")
    }

    /// A database that is made so.
    pub fn postgres_as(made: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let maintenance = maintenance_url();
        let name = format!(
            "store_test_{}_{}",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        admin(&maintenance, &format!("CREATE DATABASE {name} {made}"));
        let (server, _) = maintenance.rsplit_once('/').expect("a URL with a database");
        let url = format!("{server}/{name}");
        Self {
            database: Database::Postgres {
                url: url.clone().into(),
            },
            dir: tempfile::tempdir().expect("a temporary directory"),
            postgres: Some((maintenance, name)),
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// A literal of so many times this byte, in hex.
    pub fn bytes(&self, byte: &str, count: usize) -> String {
        let hex = byte.repeat(count);
        if self.is_postgres() {
            format!("'\\x{hex}'::bytea")
        } else {
            format!("x'{hex}'")
        }
    }

    pub fn open(&self) -> Store {
        with_leaf_key(Store::open(&self.database).expect("a database that opens"))
    }

    /// One writer on either database, so that tests can hold it up.
    pub fn open_with_one_writer(&self) -> Store {
        let options = Options {
            writers: 1,
            readers: 2,
            ..Options::default()
        };
        with_leaf_key(Store::open_with(&self.database, options).expect("a database that opens"))
    }

    /// The store with one facility in it.
    pub fn with_facility(&self) -> (Store, FacilityId) {
        let store = self.open();
        let facility = add_facility(&store, "north");
        (store, facility)
    }

    /// Runs SQL past the store.
    pub fn sql(&self, sql: &str) {
        match &self.database {
            Database::Sqlite { path } => {
                let path = path.to_str().expect("a UTF-8 path");
                diesel::SqliteConnection::establish(path)
                    .expect("the file")
                    .batch_execute(sql)
                    .expect("right SQL");
            }
            Database::Postgres { url } => admin(url, sql),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((maintenance, name)) = &self.postgres {
            admin(
                maintenance,
                &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            );
        }
    }
}

/// Leaves can be put down.
pub fn with_leaf_key(store: Store) -> Store {
    store.leaf_keys().set([&[1; 32]]);
    store
}

/// The URL of the maintenance database. Without one the tests fail: a test that is
/// skipped says nothing.
pub fn maintenance_url() -> String {
    std::env::var(POSTGRES).expect(
        "CHARTSEAL_TEST_POSTGRES must hold the URL of a PostgreSQL database on this machine; \
         `cargo xtask test` starts one",
    )
}

pub fn admin(url: &str, sql: &str) {
    PgConnection::establish(url)
        .expect("the PostgreSQL server of CHARTSEAL_TEST_POSTGRES")
        .batch_execute(sql)
        .expect("right SQL");
}

pub fn add_facility(store: &Store, name: &str) -> FacilityId {
    let name: FacilityName = name.parse().expect("a facility name");
    store
        .run_tx_blocking("facility", &[], move |tx| {
            tx.facilities().insert(&name, at(0))
        })
        .expect("a new facility")
}

/// A moment.
pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis).expect("a time")
}
