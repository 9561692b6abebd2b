//! Signed checkpoints in a PostgreSQL database of their own, where hosts that sign for the
//! same logs share them. It must not go back together with the records, so it is never
//! the database of the records.

use crate::{
    Database, Error, OpenError,
    engine::{
        database::{Conn, Use},
        open::unconnected,
    },
    error::Fault,
};
use diesel::{
    Connection as _, ExpressionMethods, PgConnection, QueryDsl, QueryResult, QueryableByName,
    RunQueryDsl, connection::SimpleConnection, result::Error as SqlError, sql_query,
    sql_types::Bool,
};
use std::{
    fmt,
    sync::{Mutex, PoisonError},
};
use zeroize::Zeroizing;

diesel::table! {
    signed_state (origin) {
        /// Name of the log in its checkpoints.
        origin -> Text,
        /// The checkpoint, as a signed note.
        note -> Text,
    }
}

/// Two processes that make the table at once would fail one of them; any number will do.
const MAKE: &str = "BEGIN;
    SELECT pg_advisory_xact_lock(4850184350181187394);
    CREATE TABLE IF NOT EXISTS signed_state (origin TEXT PRIMARY KEY, note TEXT NOT NULL);
    COMMIT";

/// A note that takes the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteSwap<'a> {
    /// Name of the log.
    pub origin: &'a str,
    /// What must be kept of it; `None` for nothing.
    pub before: Option<&'a str>,
    /// What is kept from then on.
    pub after: &'a str,
}

/// The table of signed checkpoints, a row for each log.
pub struct SignedNotes {
    database: Database,
    /// Taken by whoever uses it; one that failed is not put back.
    idle: Mutex<Option<PgConnection>>,
}

impl SignedNotes {
    /// Opens the table, and makes it in a database that has none.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the login, the database holds records,
    /// or the table cannot be made.
    pub fn open(url: Zeroizing<String>) -> Result<Self, OpenError> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(OpenError::Url);
        }
        let notes = Self {
            database: Database::Postgres { url },
            idle: Mutex::new(None),
        };
        let mut conn = notes.connect()?;
        if holds_records(&mut conn).map_err(|_| OpenError::Migration)? {
            return Err(OpenError::HoldsRecords);
        }
        // A user who may make no table may not say `IF NOT EXISTS` either.
        let is_there = is_there(&mut conn).map_err(|_| OpenError::Migration)?;
        if !is_there {
            conn.batch_execute(MAKE).map_err(|_| OpenError::Migration)?;
        }
        notes.put_back(conn);
        Ok(notes)
    }

    /// All notes, with the origins of their logs.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn read(&self) -> Result<Vec<(String, String)>, Error> {
        self.with(|conn| signed_state::table.order(signed_state::origin).load(conn))
    }

    /// Makes all of these swaps or, when something else is kept of one of the logs, none;
    /// gives which. Durable when it returns. Whoever swaps several names them in the order of
    /// their origins, as all do.
    ///
    /// # Errors
    /// When the server cannot be asked; whether the swaps were made is then not known.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is another database than the store's"
    )]
    pub fn swap(&self, swaps: &[NoteSwap<'_>]) -> Result<bool, Error> {
        self.with(|conn| {
            let made = conn.transaction(|conn| {
                for swap in swaps {
                    if !swap.make(conn)? {
                        return Err(SqlError::RollbackTransaction);
                    }
                }
                Ok(())
            });
            match made {
                Ok(()) => Ok(true),
                Err(SqlError::RollbackTransaction) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    fn with<T>(&self, run: impl FnOnce(&mut PgConnection) -> QueryResult<T>) -> Result<T, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = { idle }.take();
        let mut conn = match idle {
            Some(conn) => conn,
            None => self.connect().map_err(|_| Error::Unavailable)?,
        };
        let done = run(&mut conn).map_err(|error| {
            let fault = Fault::of(&error);
            fault.map_or(Error::Unavailable, Fault::error)
        })?;
        self.put_back(conn);
        Ok(done)
    }

    fn put_back(&self, conn: PgConnection) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(conn);
    }

    fn connect(&self) -> Result<PgConnection, OpenError> {
        match self.database.connect(Use::Write) {
            Ok(Conn::Postgres(conn)) => Ok(conn),
            Ok(Conn::Sqlite(_)) => Err(OpenError::Url),
            Err(error) => Err(unconnected(&error)),
        }
    }
}

impl fmt::Debug for SignedNotes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedNotes").finish_non_exhaustive()
    }
}

impl NoteSwap<'_> {
    /// Whether it could be made: what others commit meanwhile is waited for.
    fn make(&self, conn: &mut PgConnection) -> QueryResult<bool> {
        let rows = match self.before {
            None => diesel::insert_into(signed_state::table)
                .values((
                    signed_state::origin.eq(self.origin),
                    signed_state::note.eq(self.after),
                ))
                .on_conflict_do_nothing()
                .execute(conn)?,
            Some(before) => diesel::update(signed_state::table.find(self.origin))
                .filter(signed_state::note.eq(before))
                .set(signed_state::note.eq(self.after))
                .execute(conn)?,
        };
        Ok(rows == 1)
    }
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Whether a table of records is in any schema of the database.
fn holds_records(conn: &mut PgConnection) -> QueryResult<bool> {
    let records = "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'pending_leaf') AS yes";
    sql_query(records)
        .get_result(conn)
        .map(|Answer { yes }| yes)
}

/// Whether the table is where its name leads to.
fn is_there(conn: &mut PgConnection) -> QueryResult<bool> {
    let table = "SELECT to_regclass('signed_state') IS NOT NULL AS yes";
    sql_query(table).get_result(conn).map(|Answer { yes }| yes)
}
