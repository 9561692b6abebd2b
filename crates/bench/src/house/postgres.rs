//! A database of its own on the PostgreSQL server that `CHARTSEAL_TEST_POSTGRES` names.

use crate::Failed;
use std::{env, process::Command};

/// Dropped, it is gone.
pub struct Postgres {
    server: String,
    name: String,
    url: String,
}

impl Postgres {
    /// An empty one, on a server that waits for its disk.
    pub fn create() -> Result<Self, Failed> {
        let server = env::var("CHARTSEAL_TEST_POSTGRES")
            .map_err(|_| "name a PostgreSQL server in CHARTSEAL_TEST_POSTGRES")?;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value = sql(&server, &format!("SHOW {setting}"))?;
            if value.trim() != "on" {
                return Err(
                    format!("`{setting}` is {}; no figure without it", value.trim()).into(),
                );
            }
        }
        let name = format!("bench_{}", std::process::id());
        sql(
            &server,
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        )?;
        sql(&server, &format!("CREATE DATABASE {name}"))?;
        let (host, _) = server.rsplit_once('/').ok_or("the URL names no database")?;
        let url = format!("{host}/{name}");
        Ok(Self { server, name, url })
    }

    /// By which it is reached.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it takes on the disk, in bytes.
    pub fn size(&self) -> Result<u64, Failed> {
        let text = sql(&self.url, "SELECT pg_database_size(current_database())")?;
        Ok(text.trim().parse()?)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let name = &self.name;
        drop(sql(
            &self.server,
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        ));
    }
}

fn sql(server: &str, statement: &str) -> Result<String, Failed> {
    let done = Command::new("psql")
        .args([
            "--quiet",
            "--no-psqlrc",
            "--tuples-only",
            "--dbname",
            server,
        ])
        .args(["--command", statement])
        .output()?;
    if done.status.success() {
        Ok(String::from_utf8(done.stdout)?)
    } else {
        Err(String::from_utf8_lossy(&done.stderr).into())
    }
}
