//! Where a house keeps its rows: a file of SQLite, or a database made for it on the
//! server that `CHARTSEAL_TEST_POSTGRES` names.

use std::{
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};
use store::{Database, Store};
use tempfile::TempDir;

const POSTGRES: &str = "CHARTSEAL_TEST_POSTGRES";

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A byte of an envelope that is inside the ciphertext.
pub const IN_CIPHERTEXT: u8 = 149;

impl Kind {
    /// This number of bytes of zero, as SQL.
    pub fn zeros(self, bytes: u8) -> String {
        match self {
            Self::Sqlite => format!("zeroblob({bytes})"),
            Self::Postgres => format!("decode(repeat('00', {bytes}), 'hex')"),
        }
    }

    /// What changes one byte of a column, counted from 0, in an UPDATE.
    pub fn flipped(self, column: &str, byte: u8) -> String {
        match self {
            Self::Sqlite => {
                let (this, next) = (byte + 1, byte + 2);
                format!(
                    "{column} = CAST(substr({column}, 1, {byte}) || CASE \
                     substr({column}, {this}, 1) WHEN x'00' THEN x'01' ELSE x'00' END || \
                     substr({column}, {next}) AS BLOB)"
                )
            }
            Self::Postgres => {
                format!("{column} = set_byte({column}, {byte}, 255 - get_byte({column}, {byte}))")
            }
        }
    }
}

/// Runs each of the named functions as a test on each kind of database.
macro_rules! on_both {
    ($($name:ident,)*) => {
        mod sqlite {$(
            #[actix_web::test]
            async fn $name() {
                super::$name(crate::database::Kind::Sqlite).await;
            }
        )*}
        mod postgres {$(
            #[actix_web::test]
            async fn $name() {
                super::$name(crate::database::Kind::Postgres).await;
            }
        )*}
    };
}
pub(crate) use on_both;

/// A database that goes away with the house.
pub enum Place {
    Sqlite,
    Postgres { server: String, name: String },
}

impl Place {
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite,
            Kind::Postgres => Self::postgres(),
        }
    }

    /// The program `psql` makes it, since only the store speaks to databases.
    fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var(POSTGRES).expect(
            "CHARTSEAL_TEST_POSTGRES must hold the URL of a PostgreSQL database on this \
             machine; `cargo xtask test` starts one",
        );
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("served_{}_{count}", std::process::id());
        sql(&server, &format!("CREATE DATABASE {name}"));
        Self::Postgres { server, name }
    }

    /// The store, which can put leaves down.
    pub fn open(&self, folder: &TempDir) -> Store {
        let store = Store::open(&self.database(folder)).unwrap();
        store.leaf_keys().set([&[1; 32]]);
        store
    }

    /// What the store is told.
    pub fn database(&self, folder: &TempDir) -> Database {
        match self {
            Self::Sqlite => Database::Sqlite {
                path: folder.path().join("chartseal.db"),
            },
            Self::Postgres { server, name } => {
                let (server, _) = server.rsplit_once('/').unwrap();
                let url = format!("{server}/{name}");
                Database::Postgres { url: url.into() }
            }
        }
    }
}

impl Place {
    /// Runs SQL past the gateway, as someone who can write to the database and holds no
    /// key: by programs of their own, since only the store speaks to databases.
    pub fn sql(&self, folder: &TempDir, statements: &str) {
        match self {
            Self::Sqlite => {
                let python = std::env::var_os("CHARTSEAL_PYTHON");
                let status = Command::new(python.unwrap_or_else(|| "python3".into()))
                    .args(["-c", RUN])
                    .arg(folder.path().join("chartseal.db"))
                    .arg(statements)
                    .status()
                    .expect("Python 3");
                assert!(status.success(), "{statements}");
            }
            Self::Postgres { server, name } => {
                let (server, _) = server.rsplit_once('/').unwrap();
                sql(&format!("{server}/{name}"), statements);
            }
        }
    }
}

impl Place {
    /// What a query gives, as text: lines of cells.
    pub fn query(&self, folder: &TempDir, query: &str) -> Vec<Vec<String>> {
        let mut command = match self {
            Self::Sqlite => {
                let python = std::env::var_os("CHARTSEAL_PYTHON");
                let mut command = Command::new(python.unwrap_or_else(|| "python3".into()));
                command
                    .args(["-c", QUERY])
                    .arg(folder.path().join("chartseal.db"));
                command
            }
            Self::Postgres { server, name } => {
                let (server, _) = server.rsplit_once('/').unwrap();
                let database = format!("{server}/{name}");
                let mut command = Command::new("psql");
                let options = ["--quiet", "--no-psqlrc", "--tuples-only", "--no-align"];
                command
                    .args(options)
                    .args(["--dbname", &database, "--command"]);
                command
            }
        };
        let output = command.arg(query).output().expect("a program for queries");
        assert!(output.status.success(), "{query}");
        let text = String::from_utf8(output.stdout).unwrap();
        let cells = |line: &str| line.split('|').map(str::to_owned).collect();
        text.lines().map(cells).collect()
    }
}

const QUERY: &str = "
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30) as database:
    for row in database.execute(sys.argv[2]):
        print('|'.join(str(cell) for cell in row))
";

const RUN: &str = "
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30) as database:
    database.executescript('BEGIN IMMEDIATE;' + sys.argv[2] + ';COMMIT')
";

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            sql(server, &drop);
        }
    }
}

fn sql(server: &str, statement: &str) {
    let options = ["--quiet", "--no-psqlrc", "--dbname", server, "--command"];
    let status = Command::new("psql")
        .args(options)
        .arg(statement)
        .status()
        .expect("`psql`, which comes with PostgreSQL");
    assert!(status.success(), "{statement}");
}
