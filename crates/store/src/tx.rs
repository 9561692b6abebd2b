//! The two ways to reach the tables: [`Tx`] inside a transaction, [`Reader`]
//! outside. Each gives one view per table group; a view of a reader only reads.

use crate::{
    Anchors, Answers, Audits, Changes, Epochs, Error, Facilities, FacilityId, Jobs, KeptQueries,
    Keys, LaterRows, LeafKeys, Lease, Leaves, LogKeys, LogPages, Logs, Meta, OwnUrls, Policies,
    Posts, Registrations, Registries, Statements, Sweep, Thinning, Versions,
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
use sealed::Connected as _;
use std::{collections::HashMap, time::Instant};

/// Which database stands behind a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

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
    /// When it last worked.
    pub(crate) used: Instant,
    /// Whether a query has failed in a way that the connection may not survive.
    pub(crate) doubtful: bool,
    /// By which rows are shown to be ours.
    pub(crate) leaf_keys: LeafKeys,
}

pub(crate) mod sealed {
    use super::{Conn, Error, LeafKeys, QueryResult};

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
        waiting::store(self).inspect_err(|error| self.refused = Some(error.clone()))
    }

    fn failed(&mut self, error: &diesel::result::Error) -> Error {
        let fault = Fault::of(error);
        self.fault = self.fault.max(fault);
        fault.map_or(Error::Unavailable, Fault::error)
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

    /// Runs statements that change rows.
    pub(crate) fn write<T>(
        &mut self,
        run: impl FnOnce(&mut Conn) -> QueryResult<T>,
    ) -> Result<T, Error> {
        self.wrote = true;
        self.query(run)
    }

    /// Runs an insert that leaves rows alone which are there already, and gives how
    /// many it made; none is `taken`. So a conflict spoils nothing on PostgreSQL.
    pub(crate) fn insert(
        &mut self,
        taken: Error,
        run: impl FnOnce(&mut Conn) -> QueryResult<usize>,
    ) -> Result<usize, Error> {
        match self.query(run)? {
            0 => Err(taken),
            made => {
                self.wrote = true;
                Ok(made)
            }
        }
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

macro_rules! views {
    ($($(#[$doc:meta])* $name:ident: $view:ident,)*) => {
        impl Tx {$(
            $(#[$doc])*
            pub fn $name(&mut self) -> $view<'_, Self> {
                $view { access: self }
            }
        )*}

        impl Reader {$(
            $(#[$doc])*
            pub fn $name(&mut self) -> $view<'_, Self> {
                $view { access: self }
            }
        )*}
    };
}

views! {
    /// What the database says of itself.
    meta: Meta,
    /// Facilities.
    facilities: Facilities,
    /// Key encryption keys and data keys, wrapped.
    keys: Keys,
    /// Policy sets.
    policies: Policies,
    /// Statements about the facility itself.
    statements: Statements,
    /// Epochs.
    epochs: Epochs,
    /// Registered clients and administrators.
    registrations: Registrations,
    /// Changes that administrators propose and decide.
    changes: Changes,
    /// Versions of records, with links and tokens of the current ones.
    versions: Versions,
    /// Audit records.
    audits: Audits,
    /// Answers to requests with an idempotency key.
    answers: Answers,
    /// Queries that are too long for their next links.
    kept_queries: KeptQueries,
    /// The URLs of the gateway.
    own_urls: OwnUrls,
    /// Rows that version 0.1 cannot have written.
    later_rows: LaterRows,
    /// Leaves, waiting and sequenced.
    leaves: Leaves,
    /// Logs, tiles and checkpoints.
    logs: Logs,
    /// Keys of logs.
    log_keys: LogKeys,
    /// Whole logs, a page at a time.
    log_pages: LogPages,
    /// Rows beside their leaves, and leaves beside their rows.
    sweep: Sweep,
    /// The lease of the anchor-service.
    lease: Lease,
    /// Long jobs.
    jobs: Jobs,
    /// Ledger transactions.
    posts: Posts,
    /// Anchors.
    anchors: Anchors,
    /// Old anchors, and what goes with them.
    thinning: Thinning,
    /// The registry of the logs' anchors, and those of before.
    registries: Registries,
}
