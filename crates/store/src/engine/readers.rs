//! Connections that only read, kept apart by what they are for: however many searches
//! are under way, records are read by key and the service says that it is ready.

use crate::{
    Error, LeafKeys, Reader,
    engine::{
        cancel::Canceller,
        database::{Database, Use},
        watch::{Bound, Watch},
    },
};
use diesel::{
    ConnectionError,
    r2d2::{ManageConnection, NopErrorHandler, Pool, R2D2Connection},
};
use scheduled_thread_pool::{OnPoolDropBehavior, ScheduledThreadPool};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// How long a read waits for a connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that worked this recently is taken to work still.
const FRESH_TIME: Duration = Duration::from_millis(500);
/// Threads that make connections, for each purpose.
const MAKERS: usize = 3;

/// What a read is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Rows by their key, and lists that are short by nature.
    Key,
    /// What may look at many rows.
    Search,
    /// Whether the database answers.
    Ready,
}

/// The connections for one purpose.
pub(crate) struct Readers {
    pool: Pool<Manager>,
    /// As many as there are connections, so that reads that wait hold no thread.
    pub(crate) turns: Arc<Semaphore>,
    purpose: Purpose,
    time: Duration,
    /// Where the database is behind a network.
    canceller: Option<Arc<Canceller>>,
}

/// How many connections a pool may have.
#[derive(Clone, Copy)]
pub(crate) struct Connections {
    /// For reads, one each.
    pub(crate) count: u32,
    /// Beside them, for threads of the store.
    pub(crate) more: u32,
}

impl Readers {
    /// Reads of at most `time` each. Connections are made when they are needed.
    pub(crate) fn new(
        database: &Database,
        leaf_keys: &LeafKeys,
        purpose: Purpose,
        connections: Connections,
        time: Duration,
    ) -> Self {
        let Connections { count, more } = connections;
        let pool = Pool::builder()
            .max_size(count.saturating_add(more))
            .min_idle(Some(0))
            .test_on_check_out(true)
            .connection_timeout(CONNECTION_TIMEOUT)
            .error_handler(Box::new(NopErrorHandler))
            .thread_pool(Arc::new(makers()))
            .build_unchecked(Manager {
                database: database.clone(),
                time,
                leaf_keys: leaf_keys.clone(),
            });
        Self {
            pool,
            turns: Arc::new(Semaphore::new(count as usize)),
            purpose,
            time,
            canceller: None,
        }
    }

    pub(crate) fn cancelled_by(mut self, canceller: Option<Arc<Canceller>>) -> Self {
        self.canceller = canceller;
        self
    }

    /// Number of reads at a time.
    pub(crate) fn most(&self) -> usize {
        self.pool.max_size() as usize
    }

    pub(crate) fn pool(&self) -> Pool<Manager> {
        self.pool.clone()
    }

    /// Runs `f`, as long as its time lasts and `caller` lives.
    pub(crate) fn read<T>(
        &self,
        name: &'static str,
        caller: Weak<()>,
        f: impl FnOnce(&mut Reader) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut reader = self.pool.get().map_err(|_| {
            tracing::warn!(name, "no connection to read");
            Error::Unavailable
        })?;
        let late = match self.purpose {
            Purpose::Search => Error::TooCostly,
            Purpose::Key | Purpose::Ready => Error::Unavailable,
        };
        reader.watch.begin(Bound {
            until: Instant::now() + self.time,
            caller: caller.clone(),
            late,
        });
        let process = reader.process;
        let cancellable = (self.canceller.as_ref().zip(process))
            .map(|(canceller, process)| canceller.watch(process, caller));
        let read = catch_unwind(AssertUnwindSafe(|| f(&mut reader)));
        if cancellable.is_some_and(|watched| watched.end()) {
            // A signal on its way may yet arrive at the next statement.
            reader.doubtful = true;
        }
        reader.watch.end();
        read.unwrap_or(Err(Error::Panicked))
    }
}

/// Threads that go when their pool goes: those that r2d2 would start wait for the next
/// look at idle connections, half a minute later.
fn makers() -> ScheduledThreadPool {
    ScheduledThreadPool::builder()
        .num_threads(MAKERS)
        .thread_name_pattern("readers-{}")
        .on_drop_behavior(OnPoolDropBehavior::DiscardPendingScheduled)
        .build()
}

/// Makes and looks after connections.
pub(crate) struct Manager {
    database: Database,
    /// For one statement.
    time: Duration,
    leaf_keys: LeafKeys,
}

/// Why a connection is not to be had; what diesel said stays inside.
#[derive(Debug, thiserror::Error)]
#[error("no connection to the database")]
pub(crate) struct NoConnection;

impl From<ConnectionError> for NoConnection {
    fn from(_: ConnectionError) -> Self {
        Self
    }
}

impl ManageConnection for Manager {
    type Connection = Reader;
    type Error = NoConnection;

    fn connect(&self) -> Result<Reader, NoConnection> {
        let watch = Watch::default();
        let mut conn = self.database.connect_watched(Use::Read, &watch)?;
        conn.limit_statements(self.time).map_err(|_| NoConnection)?;
        let process = conn.server_process().map_err(|_| NoConnection)?;
        Ok(Reader {
            conn,
            watch,
            process,
            used: Instant::now(),
            doubtful: false,
            leaf_keys: self.leaf_keys.clone(),
        })
    }

    /// Asked before each use. A question to the server costs as much as a small
    /// read, so it is spared while the connection is in constant use.
    fn is_valid(&self, reader: &mut Reader) -> Result<(), NoConnection> {
        if reader.used.elapsed() > FRESH_TIME {
            reader.conn.ping().map_err(|_| NoConnection)?;
        }
        reader.used = Instant::now();
        Ok(())
    }

    fn has_broken(&self, reader: &mut Reader) -> bool {
        // Diesel looks at transactions only; a lost connection it does not see.
        reader.doubtful || reader.conn.is_broken()
    }
}

#[cfg(test)]
mod tests;
