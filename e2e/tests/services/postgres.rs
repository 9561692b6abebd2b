//! A database of its own on the server that `CHARTSEAL_TEST_POSTGRES` names,
//! dropped at the end.

use std::{
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

pub struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    pub fn create() -> Self {
        let server = std::env::var("CHARTSEAL_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("CHARTSEAL_TEST_POSTGRES must hold a URL; `cargo xtask test` starts a server")
        });
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("services_{}_{count}", std::process::id());
        sql(&server, &format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    /// Runs a statement.
    pub fn run(&self, statement: &str) {
        sql(&self.url(), statement);
    }

    /// The one number that a query gives.
    pub fn number(&self, query: &str) -> u64 {
        let answer = Command::new("psql")
            .args(["--quiet", "--no-psqlrc", "--tuples-only", "--no-align"])
            .args(["--dbname", &self.url(), "--command", query])
            .output()
            .unwrap();
        let text = String::from_utf8(answer.stdout).unwrap();
        text.trim().parse().unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        sql(&self.server, &drop);
    }
}

fn sql(server: &str, statement: &str) {
    let status = Command::new("psql")
        .args(["--quiet", "--no-psqlrc", "--dbname", server])
        .args(["--command", statement])
        .status()
        .unwrap();
    assert!(status.success(), "{statement}");
}
