//! Copies SQLite's write-ahead log back into the database file, on a thread of its
//! own, so that no transaction waits for it (<https://sqlite.org/wal.html#ckpt>).
//!
//! A passive copy takes no lock that a writer or reader wants, but it never reaches
//! the end of a log that grows meanwhile, and a log is only begun anew when it was
//! copied whole. So, when the log has grown long, the writer is asked to copy what
//! little is left between two transactions.

use crate::{
    database::{Conn, Database, Use},
    stats::Counters,
};
use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection,
    sql_query, sql_types::Integer,
};
use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Between two looks at the length of the log, when something was written.
const EVERY: Duration = Duration::from_millis(250);
/// From this length on, in pages of 4 KiB, the log is copied back and begun anew: 64
/// MiB, not SQLite's 4. Tags are scattered, so every commit touches pages all over the
/// indexes, and those that come again before the copy are copied once.
const LONG: i32 = 16_384;

/// The thread that copies; it ends with this value.
pub(crate) struct WalCopier {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the copying thread and the writer tell each other.
#[derive(Default)]
pub(crate) struct Shared {
    /// The log is long and nearly copied: the writer is to begin it anew.
    long: AtomicBool,
    closed: Mutex<bool>,
    changed: Condvar,
}

/// What `PRAGMA wal_checkpoint` answers.
#[derive(QueryableByName)]
struct Pages {
    /// In the log, copied ones too.
    #[diesel(sql_type = Integer)]
    log: i32,
}

impl WalCopier {
    /// Starts the thread.
    pub(crate) fn start(database: &Database, counters: &Arc<Counters>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (database, counters) = (database.clone(), Arc::clone(counters));
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("store-wal".to_owned())
            .spawn(move || run(&of_thread, &database, &counters))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// What the writer looks at.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}

impl Drop for WalCopier {
    fn drop(&mut self) {
        let closed = self.shared.closed.lock();
        *closed.unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Waits for the next turn; false when there is none.
    fn wait(&self) -> bool {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(closed, EVERY, |closed| !*closed);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Called by the writer between two transactions: begins the log anew when that
    /// is due. A reader that is still in the old log is not waited for long; the log
    /// then grows until the next turn.
    pub(crate) fn begin_anew_when_long(&self, conn: &mut Conn) {
        if let (true, Conn::Sqlite(conn)) = (self.long.swap(false, Ordering::Relaxed), conn) {
            let begun = conn
                .batch_execute("PRAGMA busy_timeout = 20")
                .and_then(|()| conn.batch_execute("PRAGMA wal_checkpoint(RESTART)"));
            // The patience of all other statements, whatever became of this one.
            let _ = conn.batch_execute("PRAGMA busy_timeout = 5000");
            if begun.is_err() {
                tracing::warn!("the write-ahead log was not copied back; it is tried again");
            }
        }
    }
}

fn run(shared: &Shared, database: &Database, counters: &Counters) {
    let mut connection = None;
    let mut seen = 0;
    while shared.wait() {
        let commits = counters.commits();
        if commits == seen {
            continue;
        }
        if connection.is_none() {
            connection = database.connect(Use::Write).ok();
        }
        let Some(Conn::Sqlite(conn)) = &mut connection else {
            continue;
        };
        match copy_when_long(conn) {
            Ok(long) => {
                seen = commits;
                shared.long.store(long, Ordering::Relaxed);
            }
            Err(_) => {
                tracing::warn!("the write-ahead log was not copied back; it is tried again");
                connection = None;
            }
        }
    }
}

/// Copies a long log, and gives whether there was one. The second copy has only what
/// was written during the first, so that little is left for the writer.
fn copy_when_long(conn: &mut SqliteConnection) -> QueryResult<bool> {
    let long = checkpoint(conn, "NOOP")?.log >= LONG;
    if long {
        checkpoint(conn, "PASSIVE")?;
        checkpoint(conn, "PASSIVE")?;
    }
    Ok(long)
}

fn checkpoint(conn: &mut SqliteConnection, mode: &str) -> QueryResult<Pages> {
    sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(conn)
}
