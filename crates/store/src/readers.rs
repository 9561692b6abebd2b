//! The pool of connections that only read.

use crate::{
    Reader,
    database::{Database, Use},
};
use diesel::{
    ConnectionError,
    r2d2::{ManageConnection, NopErrorHandler, Pool, R2D2Connection},
};
use std::time::{Duration, Instant};

/// How long a read waits for a connection.
const PATIENCE: Duration = Duration::from_secs(3);
/// A connection that worked this recently is taken to work still.
const FRESH: Duration = Duration::from_millis(500);

pub(crate) struct Manager(Database);

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
        let conn = self.0.connect(Use::Read)?;
        Ok(Reader {
            conn,
            used: Instant::now(),
            doubtful: false,
        })
    }

    /// Asked before each use. A question to the server costs as much as a small
    /// read, so it is spared while the connection is in constant use.
    fn is_valid(&self, reader: &mut Reader) -> Result<(), NoConnection> {
        if reader.used.elapsed() > FRESH {
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

/// A pool of at most `size` connections, made when they are needed.
pub(crate) fn pool(database: &Database, size: u32) -> Pool<Manager> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(true)
        .connection_timeout(PATIENCE)
        .error_handler(Box::new(NopErrorHandler))
        .build_unchecked(Manager(database.clone()))
}
