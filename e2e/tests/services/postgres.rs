//! A database of its own on the server that `CHARTSEAL_TEST_POSTGRES` names,
//! dropped at the end.

use std::process::Command;

pub struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    pub fn create() -> Self {
        let server = std::env::var("CHARTSEAL_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("CHARTSEAL_TEST_POSTGRES must hold a URL; `cargo xtask test` starts a server")
        });
        let name = format!("services_{}", std::process::id());
        sql(&server, &format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
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
