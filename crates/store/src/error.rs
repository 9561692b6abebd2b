//! The ways in which the store can fail. Nothing here shows what diesel or the
//! database said: their texts can hold bound values and passwords.

use crate::{Taken, backend::Backend, engine::trouble::Trouble};
use diesel::result::{DatabaseErrorKind, Error as SqlError};
use model::{Tag, VersionNumber};
use std::path::PathBuf;

/// A version that a leaf names, or that other rows presuppose, and no row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingVersion {
    /// The record.
    pub record: Tag,
    /// Its version.
    pub number: VersionNumber,
}

/// Why a transaction or a read gave no result. There is no "not found": a lookup
/// gives an `Option`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, is overloaded, or refuses to work; nothing was
    /// written.
    #[error("the database is not available: try again later")]
    Unavailable,
    /// The database has no room; nothing was written.
    #[error("the disk of the database is full: make room, and it goes on")]
    Full,
    /// A page of the database contradicts itself. No row is told from another by it, so
    /// it says nothing of whoever wrote one.
    #[error("a page of the database is damaged: keep the database, and restore a backup")]
    Damaged,
    /// The connection was lost during COMMIT, and what became of the transaction was
    /// not found out.
    #[error("the outcome of the transaction is unknown: check before retrying")]
    Unsettled,
    /// Another transaction has written this version of the record first.
    #[error("the version number is already taken: read the record again")]
    VersionTaken,
    /// The scope has a data key already.
    #[error("the scope already has a data key: read it")]
    KeyTaken,
    /// A request with this idempotency key was answered already.
    #[error("the request was answered already: give the stored answer")]
    AnswerKept,
    /// An epoch is not what the decision was based on.
    #[error("an epoch has moved since the decision: decide again")]
    EpochMoved,
    /// Something else that can exist once only, exists; or what was compared is
    /// no longer so.
    #[error("the {0} is already taken")]
    Taken(Taken),
    /// A row does not hold what its column promises.
    #[error("a stored {0} cannot be read: check the database against a backup")]
    Corrupt(&'static str),
    /// No leaf key is held, so that no leaf can be put down; nothing was written.
    #[error(
        "no leaf key is held: put the file of `leafKey` in `[log]` back from its backup; \
         `chartseal init` makes it where there was none"
    )]
    NoLeafKey,
    /// Nothing shows that the keys which the database names are this log's.
    #[error(
        "nothing shows that the keys which the database names for log `{0}` are its own: see \
         \"Keys of a log that nobody put there\" in the runbook"
    )]
    LogKeys(String),
    /// Nothing shows that the registries which the database names are this installation's.
    #[error(
        "nothing shows that the registry which the database names is this installation's: name the \
         right one as `registry` in `[anchor]`, or compare and take it over by `chartseal anchor \
         registry adopt`"
    )]
    Registry,
    /// Nothing shows that the host which the database names is this installation's.
    #[error(
        "nothing shows that the logs' host which the database names, `{0}`, is this installation's: \
         run `chartseal init --facility NAME --log-host HOST` with the right one"
    )]
    LogHost(String),
    /// A search took longer than it may.
    #[error("the search took too long: narrow it")]
    TooCostly,
    /// A version that the log knows is not in the table.
    #[error(
        "version {} of a record is in the log and not in the table: restore the row from a backup",
        .0.number
    )]
    Missing(MissingVersion),
    /// The closure panicked; its transaction was rolled back.
    #[error("the code of a transaction failed: report it with the log")]
    Panicked,
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "the data directory of `{}` is in use by another process: stop that \
         process first, which may be `chartseal serve`, or use PostgreSQL for several processes", .0.display()
    )]
    InUse(PathBuf),
    /// The file or its directory cannot be made or opened.
    #[error("the file `{}` cannot be opened: check that its directory exists and is writable",
        path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The URL is not one of PostgreSQL.
    #[error("the database URL must begin with `postgres://` or `postgresql://`")]
    Url,
    /// No PostgreSQL server answers, or not yet.
    #[error(
        "the PostgreSQL server cannot be reached: check host, port and TLS in the database URL"
    )]
    Unreachable,
    /// The PostgreSQL server does not let us in, in its own words.
    #[error(
        "the PostgreSQL server refuses the login: {0}; check database, user and password in \
         the database URL"
    )]
    Login(String),
    /// A database of PostgreSQL that cannot hold every text.
    #[error(
        "the database has the encoding {0}, which cannot hold every text: make one by `CREATE \
         DATABASE .. ENCODING 'UTF8' TEMPLATE template0`"
    )]
    Encoding(String),
    /// There is no database yet, and none was to be made; or it is empty.
    #[error(
        "there is no database at {0}: correct `[database]`, mount its disk or restore it from a \
         backup; on a new installation run `chartseal init` first"
    )]
    Absent(String),
    /// Another program holds the file.
    #[error(
        "the database `{}` is locked by another program, such as `sqlite3` or a backup: end \
         that one, and start again", .0.display()
    )]
    Locked(PathBuf),
    /// The disk has no room.
    #[error(
        "the disk of the database `{}` is full: make room and start again; the database is as \
         it was", .0.display()
    )]
    Full(PathBuf),
    /// The system refused to read or write.
    #[error(
        "the system cannot read or write the database `{}` or the files beside it: make room \
         where the disk is full, else look at the disk itself", .0.display()
    )]
    Disk(PathBuf),
    /// The file is a database that contradicts itself.
    #[error(
        "the database `{}` is damaged or cut off: keep it, and restore a backup in its place",
        .0.display()
    )]
    Damaged(PathBuf),
    /// The file is no database.
    #[error(
        "the file `{}` is no database: restore a backup where it was one, else correct \
         `[database]`", .0.display()
    )]
    NotADatabase(PathBuf),
    /// There are tables, but not ours.
    #[error("the database belongs to another program: give this one a database of its own")]
    Foreign,
    /// It holds records, and was to hold what must not go back together with them.
    #[error(
        "the database holds records: what the logs' keys signed last must not go back \
         together with them, so give it a database of its own, best on another server"
    )]
    HoldsRecords,
    /// It was written by a later release.
    #[error("the database has format `{0}`, which this release cannot read: use a newer release")]
    Newer(String),
    /// It is as version 0.1 left it, and nobody said that it may be brought up to date.
    #[error(
        "the database is of version 0.1: stop every process of that version, back up the \
         database, and look at it with `chartseal take-over`, which alone brings it up to date"
    )]
    OfVersion01,
    /// It says that it is ours, but not in which format.
    #[error("the database does not say which format it has: restore it from a backup")]
    Unmarked,
    /// The tables could not be made or brought up to date.
    #[error(
        "the tables could not be made or brought up to date: check that the database user \
         may create tables and that the disk has room"
    )]
    Migration,
    /// The system gives no thread for the writer.
    #[error("the system gives no more threads: raise the limit for this user")]
    Thread(#[source] std::io::Error),
}

/// What an SQL error means for the transaction it happened in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A constraint refused a row: the statement failed, and on PostgreSQL the
    /// transaction with it.
    Conflict,
    /// The database failed: serialization, deadlock, disk, anything unforeseen.
    Broken(Option<Trouble>),
    /// The connection is gone.
    Lost,
}

impl Fault {
    /// The meaning of `error`; `None` when it is no failure of the database.
    pub(crate) fn of(error: &SqlError) -> Option<Self> {
        match error {
            SqlError::NotFound => None,
            SqlError::DatabaseError(kind, _) => Some(match kind {
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation => Self::Conflict,
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                    Self::Lost
                }
                _ => Self::Broken(Trouble::of(error)),
            }),
            SqlError::BrokenTransactionManager => Self::Lost.into(),
            _ => Self::Broken(None).into(),
        }
    }

    /// Whether it takes the whole transaction with it.
    pub(crate) fn voids(self, backend: Backend) -> bool {
        match self {
            Self::Conflict => backend == Backend::Postgres,
            Self::Broken(_) | Self::Lost => true,
        }
    }

    /// What it is to whoever asked for the statement.
    pub(crate) const fn error(self) -> Error {
        match self {
            Self::Broken(Some(Trouble::Full)) => Error::Full,
            Self::Broken(Some(Trouble::Damaged | Trouble::NotADatabase)) => Error::Damaged,
            Self::Conflict | Self::Broken(_) | Self::Lost => Error::Unavailable,
        }
    }
}
