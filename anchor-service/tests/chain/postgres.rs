//! A database of PostgreSQL, whose connections can be killed; gone with this value.

use std::{
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

pub struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    /// A new one on the server that `CHARTSEAL_TEST_POSTGRES` names.
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("CHARTSEAL_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!(
                "CHARTSEAL_TEST_POSTGRES must hold the URL of a PostgreSQL database on this \
                 machine; `cargo xtask test` starts one"
            )
        });
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("chain_{}_{count}", std::process::id());
        psql(&server, &format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    /// Ends every connection to it.
    pub async fn kill_connections(&self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let kill = format!(
            "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = '{name}'; END $$"
        );
        let killed = tokio::task::spawn_blocking(move || psql(&server, &kill));
        killed.await.unwrap();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        psql(&self.server, &drop);
    }
}

fn psql(url: &str, statements: &str) {
    let options = ["--quiet", "--no-psqlrc", "--dbname", url, "--command"];
    let status = Command::new("psql").args(options).arg(statements).status();
    assert!(status.unwrap().success(), "{statements}");
}
