//! Where the rows are kept, and one connection to it with the settings that
//! durability and privacy ask for.

use crate::{backend::Backend, engine::watch::Watch};
use diesel::{
    Connection, ConnectionError, PgConnection, QueryResult, SqliteConnection,
    connection::SimpleConnection,
};
use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};
use zeroize::Zeroizing;

/// Which database to open.
#[derive(Clone)]
pub enum Database {
    /// A file; one process at a time.
    Sqlite {
        /// The database file. Its directory must exist.
        path: PathBuf,
    },
    /// A server; any number of processes.
    Postgres {
        /// `postgres://user:password@host:port/database?options`, as libpq reads it.
        url: Zeroizing<String>,
    },
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { .. } => f.debug_struct("Postgres").finish_non_exhaustive(),
        }
    }
}

/// A connection to either back end.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Writes.
    Write,
    /// Reads only; the database refuses anything else.
    Read,
}

/// The order matters: the wait for locks first, so that the others can wait.
const SQLITE: &[&str] = &[
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
];
/// Nearly every commit that splits a page looks at all pages in the cache, to find those
/// beyond the end of the file (`pcache1TruncateUnsafe`), so a large one costs more than
/// it saves here too; but a transaction may grow to 64 MiB before its pages are written.
/// The log is copied back by [`crate::engine::wal`]; a commit does it itself only when the log
/// has grown to 1 GiB.
const SQLITE_WRITE: &[&str] = &[
    "PRAGMA cache_size = -16384",
    "PRAGMA cache_spill = 16384",
    "PRAGMA wal_autocheckpoint = 262144",
];
/// A reader's cache is emptied whenever someone else has committed, bucket by
/// bucket, so a large one costs more than it saves; the system's keeps the pages.
const SQLITE_READ: &[&str] = &["PRAGMA cache_size = -1024", "PRAGMA query_only = ON"];

/// Durability is not left to the server's settings: a commit is on disk when it
/// is answered. Everything is bounded in time, so that a stuck server is an error.
const POSTGRES: &[&str] = &[
    "SET default_transaction_isolation = 'read committed'",
    "SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off'",
    "SET lock_timeout = '10s'",
    "SET statement_timeout = '60s'",
    "SET idle_in_transaction_session_timeout = '60s'",
];
/// The searches are spelt for one index each (`search_statement`); a walk through a
/// table, or a sort where an index has the order, is never better than that, whatever the
/// statistics say. None is worth compiling.
const POSTGRES_READ: &[&str] = &[
    "SET default_transaction_read_only = on",
    "SET enable_seqscan = off",
    "SET enable_sort = off",
    "SET enable_incremental_sort = off",
    "SET jit = off",
];

impl Database {
    /// A new connection with all its settings, whose statements have no bound of ours.
    pub(crate) fn connect(&self, use_: Use) -> Result<Conn, ConnectionError> {
        self.connect_watched(use_, &Watch::default())
    }

    /// A new connection with all its settings.
    pub(crate) fn connect_watched(
        &self,
        use_: Use,
        watch: &Watch,
    ) -> Result<Conn, ConnectionError> {
        let (mut conn, settings, more) = match self {
            Self::Sqlite { path } => (
                Conn::Sqlite(SqliteConnection::establish(&sqlite_name(path)?)?),
                SQLITE,
                if use_ == Use::Write {
                    SQLITE_WRITE
                } else {
                    SQLITE_READ
                },
            ),
            Self::Postgres { url } => (
                Conn::Postgres(PgConnection::establish(&bounded(url))?),
                POSTGRES,
                if use_ == Use::Write {
                    &[]
                } else {
                    POSTGRES_READ
                },
            ),
        };
        for setting in settings.iter().chain(more) {
            conn.batch_execute(setting)
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
        }
        if let Conn::Sqlite(conn) = &mut conn {
            watch
                .register(conn)
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
        }
        Ok(conn)
    }
}

/// The name SQLite opens: never one of its own spellings (`file:`, `:memory:`).
fn sqlite_name(path: &Path) -> Result<String, ConnectionError> {
    let name = path
        .to_str()
        .ok_or_else(|| ConnectionError::BadConnection("the path is not UTF-8".into()))?;
    Ok(if path.is_absolute() {
        name.to_owned()
    } else {
        format!("./{name}")
    })
}

/// The URL with bounds on how long a dead server can hold us up, where the
/// operator has set none.
fn bounded(url: &str) -> Zeroizing<String> {
    let mut bounded = Zeroizing::new(String::with_capacity(url.len() + 64));
    bounded.push_str(url);
    for (name, value) in [("connect_timeout", "5"), ("tcp_user_timeout", "10000")] {
        if !url.contains(name) {
            let separator = if bounded.contains('?') { '&' } else { '?' };
            bounded.push(separator);
            bounded.push_str(name);
            bounded.push('=');
            bounded.push_str(value);
        }
    }
    bounded
}

impl Conn {
    pub(crate) const fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    /// Bounds each statement from now on, where the server does that.
    pub(crate) fn limit_statements(&mut self, time: Duration) -> QueryResult<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            // 0 would be no bound.
            Self::Postgres(conn) => conn.batch_execute(&format!(
                "SET statement_timeout = '{}ms'",
                time.as_millis().max(1)
            )),
        }
    }

    /// The server process behind the connection, to see whether it is still there.
    pub(crate) fn server_process(&mut self) -> QueryResult<Option<i32>> {
        use diesel::{RunQueryDsl, select};
        diesel::define_sql_function! { fn pg_backend_pid() -> Integer; }
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(conn) => select(pg_backend_pid()).get_result(conn).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_bounded_in_time_once() {
        assert_eq!(
            bounded("postgres://a/b").as_str(),
            "postgres://a/b?connect_timeout=5&tcp_user_timeout=10000"
        );
        assert_eq!(
            bounded("postgres://a/b?connect_timeout=1").as_str(),
            "postgres://a/b?connect_timeout=1&tcp_user_timeout=10000"
        );
    }

    #[test]
    fn the_password_is_not_printed() {
        let database = Database::Postgres {
            url: Zeroizing::new("postgres://u:secret@h/d".into()),
        };
        assert!(!format!("{database:?}").contains("secret"));
    }

    #[test]
    fn sqlite_reads_no_meaning_into_a_path() {
        assert_eq!(
            sqlite_name(Path::new(":memory:")).expect("UTF-8"),
            "./:memory:"
        );
        assert_eq!(sqlite_name(Path::new("/d/a.db")).expect("UTF-8"), "/d/a.db");
    }
}
