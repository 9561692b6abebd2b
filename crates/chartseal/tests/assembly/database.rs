//! A database of its own for each test: a file of SQLite, or a database made on
//! the server that `CHARTSEAL_TEST_POSTGRES` names and dropped at the end.

use std::process::Command;
use store::Database;
use tempfile::TempDir;

const POSTGRES: &str = "CHARTSEAL_TEST_POSTGRES";

pub enum TestDatabase {
    Sqlite,
    Postgres { server: String, name: String },
}

impl TestDatabase {
    /// A new database on the test server. The program `psql` makes it, since
    /// only the store speaks to databases.
    pub fn postgres() -> Self {
        let server = std::env::var(POSTGRES).expect(
            "CHARTSEAL_TEST_POSTGRES must hold the URL of a PostgreSQL database on this \
             machine; `cargo xtask test` starts one",
        );
        let name = format!("journey_{}", std::process::id());
        sql(&server, &format!("CREATE DATABASE {name}"));
        Self::Postgres { server, name }
    }

    /// What the store is told.
    pub fn place(&self, folder: &TempDir) -> Database {
        match self {
            Self::Sqlite => Database::Sqlite {
                path: folder.path().join("chartseal.db"),
            },
            Self::Postgres { server, name } => {
                let (server, _) = server.rsplit_once('/').expect("a URL with a database");
                let url = format!("{server}/{name}");
                Database::Postgres { url: url.into() }
            }
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self {
            sql(
                server,
                &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            );
        }
    }
}

fn sql(server: &str, statement: &str) {
    let status = Command::new("psql")
        .args([
            "--quiet",
            "--no-psqlrc",
            "--dbname",
            server,
            "--command",
            statement,
        ])
        .status()
        .expect("`psql`, which comes with PostgreSQL");
    assert!(status.success(), "{statement}");
}
