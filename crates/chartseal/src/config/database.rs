//! The section `[database]`: a file of SQLite for one process, or a PostgreSQL
//! server for many.

use super::{Fault, below};
use anchor_service::keys::secret::Secret;
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use store::{Database, Options};

/// Exactly one of `sqlite` and `postgres`.
#[derive(Debug, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the table `[database]`"
)]
pub struct DatabaseSection {
    sqlite: Option<PathBuf>,
    postgres: Option<Secret>,
    writers: Option<u32>,
    readers: Option<u32>,
    searches: Option<u32>,
    search_seconds: Option<u32>,
}

impl DatabaseSection {
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.sqlite.is_some() == self.postgres.is_some() {
            let problem = "give exactly one of `sqlite = \"PATH\"` and \
                           `postgres = { file = \"PATH\" }` (or `{ env = \"NAME\" }`)";
            return Err(("database", problem.to_owned()));
        }
        for (key, number) in [
            ("database.writers", self.writers),
            ("database.readers", self.readers),
            ("database.searches", self.searches),
            ("database.searchSeconds", self.search_seconds),
        ] {
            if number.is_some_and(|number| !(1..=100).contains(&number)) {
                return Err((key, "must be from 1 to 100".to_owned()));
            }
        }
        Ok(())
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(path) = &mut self.sqlite {
            below(folder, path);
        }
        if let Some(secret) = &mut self.postgres {
            secret.resolve(folder);
        }
    }

    /// Whether it is a file of SQLite, which one process can use.
    pub const fn is_sqlite(&self) -> bool {
        self.sqlite.is_some()
    }

    /// Which database; reads the secret.
    ///
    /// # Errors
    /// When the secret cannot be read.
    pub fn place(&self) -> Result<Database, Fault> {
        match (&self.sqlite, &self.postgres) {
            (Some(path), _) => Ok(Database::Sqlite { path: path.clone() }),
            (None, Some(secret)) => {
                let url = secret.read();
                url.map(|url| Database::Postgres { url })
                    .map_err(|problem| ("database.postgres", problem))
            }
            (None, None) => Err(("database", "names no database".to_owned())),
        }
    }

    /// How many connections, and how long a search may take.
    pub fn options(&self) -> Options {
        let usual = Options::default();
        Options {
            writers: self.writers.unwrap_or(usual.writers),
            readers: self.readers.unwrap_or(usual.readers),
            searches: self.searches.unwrap_or(usual.searches),
            search_time: (self.search_seconds).map_or(usual.search_time, |seconds| {
                Duration::from_secs(seconds.into())
            }),
            ..usual
        }
    }
}
