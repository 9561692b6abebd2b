//! A way to the tables as the views and the inserts need it.

use crate::{Error, engine::database::Conn};
use diesel::QueryResult;

pub(crate) mod sealed {
    use crate::{Error, LeafKeys, engine::database::Conn};
    use diesel::QueryResult;

    /// What the views need of a way to the tables.
    pub trait Connected {
        fn conn(&mut self) -> &mut Conn;

        fn leaf_keys(&self) -> &LeafKeys;

        /// Makes the tables show what was done before; an error when no more is to be done.
        fn settle(&mut self) -> Result<(), Error> {
            Ok(())
        }

        /// Learns of an SQL error, and says what it is to the caller.
        fn failed(&mut self, error: &diesel::result::Error) -> Error;

        /// Runs statements; their error text goes no further.
        fn query<T>(&mut self, run: impl FnOnce(&mut Conn) -> QueryResult<T>) -> Result<T, Error> {
            self.settle()?;
            run(self.conn()).map_err(|error| self.failed(&error))
        }
    }
}

/// A way to the tables: [`Tx`] or [`Reader`].
pub trait Access: sealed::Connected {}

/// A way to the tables that also writes.
pub(crate) trait Writes: sealed::Connected {
    /// Notes that rows were changed.
    fn note_write(&mut self);

    /// Runs statements that change rows.
    fn write<T>(&mut self, run: impl FnOnce(&mut Conn) -> QueryResult<T>) -> Result<T, Error> {
        self.note_write();
        self.query(run)
    }

    /// Runs an insert that leaves rows alone which are there already, and gives the number
    /// of rows that it made; 0 is `taken`. So a conflict spoils nothing on PostgreSQL.
    fn insert(
        &mut self,
        taken: Error,
        run: impl FnOnce(&mut Conn) -> QueryResult<usize>,
    ) -> Result<usize, Error> {
        match self.query(run)? {
            0 => Err(taken),
            made => {
                self.note_write();
                Ok(made)
            }
        }
    }
}
