//! The two ways to reach the tables: [`Tx`] inside a transaction, [`Reader`]
//! outside. Each gives one view per table group; a view of a reader only reads.

use crate::{
    Access, Error, FacilityId, LeafKeys,
    access::{Writes, sealed},
    backend::Backend,
    engine::{database::Conn, watch::Watch},
    error::Fault,
    records::waiting::{self, Waiting},
};
use diesel::{
    QueryResult,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    r2d2::R2D2Connection,
};
use model::Tag;
use std::{collections::HashMap, mem, time::Instant};

/// An audit record by which a transaction can be recognised after the answer to
/// its COMMIT was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) facility: FacilityId,
    pub(crate) record: Tag,
}

/// The inside of a transaction. Only [`crate::Store::run_tx`] makes one, and it
/// decides what is committed.
pub struct Tx {
    pub(crate) conn: Conn,
    /// Whether the closure has changed rows.
    pub(crate) wrote: bool,
    /// The worst that an SQL statement of the closure met.
    pub(crate) fault: Option<Fault>,
    /// Why rows that had waited were not stored.
    pub(crate) refused: Option<Error>,
    pub(crate) probe: Option<Probe>,
    /// What goes into the tables before the next statement or COMMIT.
    pub(crate) waiting: Waiting,
    /// The epochs that the transaction has read (`epochs`).
    pub(crate) epochs: HashMap<(FacilityId, Tag), u64>,
    /// By which leaves that are put down are shown to be ours.
    pub(crate) leaf_keys: LeafKeys,
}

/// A connection that only reads. Each query sees what was committed before it;
/// two queries may see different states.
pub struct Reader {
    pub(crate) conn: Conn,
    /// The bound on the read.
    pub(crate) watch: Watch,
    /// The server process, where there is one.
    pub(crate) process: Option<i32>,
    /// When the connection last answered a query.
    pub(crate) used: Instant,
    /// Whether a query has failed in a way that the connection may not survive.
    pub(crate) doubtful: bool,
    /// By which rows are shown to be ours.
    pub(crate) leaf_keys: LeafKeys,
}

impl Access for Tx {}
impl Access for Reader {}

impl sealed::Connected for Tx {
    fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    fn leaf_keys(&self) -> &LeafKeys {
        &self.leaf_keys
    }

    /// Stores the rows that wait. An error spoils the transaction.
    fn settle(&mut self) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.wrote = true;
        let rows = mem::take(&mut self.waiting);
        waiting::store(self, rows).inspect_err(|error| self.refused = Some(error.clone()))
    }

    fn failed(&mut self, error: &diesel::result::Error) -> Error {
        let fault = Fault::of(error);
        self.fault = self.fault.max(fault);
        fault.map_or(Error::Unavailable, Fault::error)
    }
}

impl Writes for Tx {
    fn note_write(&mut self) {
        self.wrote = true;
    }
}

impl sealed::Connected for Reader {
    fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    fn leaf_keys(&self) -> &LeafKeys {
        &self.leaf_keys
    }

    fn settle(&mut self) -> Result<(), Error> {
        self.watch.over().map_or(Ok(()), Err)
    }

    fn failed(&mut self, error: &diesel::result::Error) -> Error {
        let fault = Fault::of(error);
        self.doubtful |= fault >= Some(Fault::Broken(None));
        if let Some(over) = self.watch.over() {
            tracing::warn!("a read was ended: its time was over, or its caller gone");
            return over;
        }
        tracing::warn!(?fault, "a read failed in the database");
        fault.map_or(Error::Unavailable, Fault::error)
    }
}

impl Tx {
    pub(crate) fn new(conn: Conn, leaf_keys: LeafKeys) -> Self {
        Self {
            conn,
            wrote: false,
            fault: None,
            refused: None,
            probe: None,
            waiting: Waiting::default(),
            epochs: HashMap::new(),
            leaf_keys,
        }
    }

    pub(crate) const fn backend(&self) -> Backend {
        self.conn.backend()
    }

    /// Names the audit record by which this transaction is recognised if the answer
    /// to its COMMIT is lost. `audits().insert` does so itself.
    pub fn probe(&mut self, facility: FacilityId, record: Tag) {
        self.probe.get_or_insert(Probe { facility, record });
    }

    /// Begins a transaction and takes its locks, in one message to the server.
    pub(crate) fn begin(&mut self, locks: Option<&str>) -> QueryResult<()> {
        self.probe = None;
        self.refused = None;
        self.waiting.clear();
        self.epochs.clear();
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
            }
            Conn::Postgres(conn) => {
                let begin = format!("BEGIN; {}", locks.unwrap_or_default());
                let begun = AnsiTransactionManager::begin_transaction_sql(conn, &begin);
                if begun.is_err() {
                    // A lock not got leaves a transaction that diesel does not know of.
                    let _ = conn.batch_execute("ROLLBACK");
                }
                begun
            }
        }
    }

    /// Makes the transaction durable.
    pub(crate) fn commit(&mut self) -> QueryResult<()> {
        Conn::commit_transaction(&mut self.conn)
    }

    /// Undoes the transaction.
    pub(crate) fn roll_back(&mut self) -> QueryResult<()> {
        Conn::rollback_transaction(&mut self.conn)
    }

    /// Whether the connection can be used no longer.
    pub(crate) fn is_broken(&mut self) -> bool {
        self.conn.is_broken()
    }
}
