//! What ends a read: its time is over, or nobody waits for it any more.
//!
//! SQLite is told from inside. A statement that may walk far has [`STILL_WANTED`] among
//! its conditions, which is asked for each row; its error ends the statement. (Diesel
//! hands out neither SQLite's progress handler nor its interrupt.) PostgreSQL is given
//! `statement_timeout` and, for who has gone, [`crate::engine::cancel`]. On both the watch is
//! asked before each statement too.

#[cfg(test)]
mod tests;

use crate::Error;
use diesel::{
    QueryResult, SqliteConnection,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::Bool,
    sqlite::Sqlite,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Instant,
};

/// A condition for SQLite that ends the statement when its read is over.
pub(crate) const STILL_WANTED: &str = " AND still_wanted()";
/// Rows between two looks at the clock.
const ROWS: u32 = 64;

diesel::define_sql_function! {
    /// True, or an error.
    fn still_wanted() -> Bool;
}

/// The bound on what a connection does now.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<Option<Bound>>>);

/// A bound on one read.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// When its time is over.
    pub(crate) until: Instant,
    /// Alive as long as somebody waits.
    pub(crate) caller: Weak<()>,
    /// What a read that ran out of time is answered with.
    pub(crate) late: Error,
}

impl Bound {
    fn over(&self) -> Option<Error> {
        if Instant::now() >= self.until {
            return Some(self.late.clone());
        }
        (self.caller.strong_count() == 0).then_some(Error::Unavailable)
    }
}

impl Watch {
    /// Bounds what the connection does from now on.
    pub(crate) fn begin(&self, bound: Bound) {
        *self.bound() = Some(bound);
    }

    /// Takes the bound away.
    pub(crate) fn end(&self) {
        *self.bound() = None;
    }

    /// Why the read is over, if it is.
    pub(crate) fn over(&self) -> Option<Error> {
        self.bound().as_ref().and_then(Bound::over)
    }

    /// Makes the function of [`STILL_WANTED`] known to a connection.
    pub(crate) fn register(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        let watch = self.clone();
        let mut rows = 0_u32;
        still_wanted_utils::register_nondeterministic_impl(conn, move || {
            rows = rows.wrapping_add(1);
            StillWanted(!rows.is_multiple_of(ROWS) || watch.over().is_none())
        })
    }

    fn bound(&self) -> MutexGuard<'_, Option<Bound>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct StillWanted(bool);

impl ToSql<Bool, Sqlite> for StillWanted {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        if !self.0 {
            return Err("the read is over".into());
        }
        out.set_value(1_i32);
        Ok(IsNull::No)
    }
}
