//! The database itself: how it is opened, read by many connections and written by one at a time.

pub(crate) mod cancel;
pub(crate) mod database;
pub(crate) mod lock_file;
pub(crate) mod lock_key;
pub(crate) mod open;
pub(crate) mod probe;
pub(crate) mod queue;
pub(crate) mod readers;
pub(crate) mod statistics;
pub(crate) mod stats;
pub(crate) mod trouble;
pub(crate) mod wal;
pub(crate) mod watch;
pub(crate) mod writer;
