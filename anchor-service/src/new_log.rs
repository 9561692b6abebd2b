//! A facility's first log: its key file, then its row. In this order, because a
//! key without a log harms nobody, and a log without a key is lost.

use crate::{key_file::KeyFileError, log_keys::LogKeys};
use model::{Invalid, LogId, Random};
use store::{Facility, NewLog, Store};
use tlog::checkpoint::Origin;

/// Why a facility has no log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NewLogError {
    /// The log host cannot stand in an origin.
    #[error(transparent)]
    Host(#[from] Invalid),
    /// The key could not be made, or is another log's.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Gives the facility's log, and makes it first when there is none. Cut short,
/// it can be called again. The key of a log that is there must be there too: a
/// key that is lost or another's is found out now, not at the first checkpoint.
///
/// # Errors
/// When key or row cannot be written, or the log's key is not in its file.
pub async fn open_log(
    store: &Store,
    keys: &LogKeys,
    log_host: &str,
    facility: &Facility,
    random: &dyn Random,
) -> Result<LogId, NewLogError> {
    let id = facility.id;
    if let Some(log) = store
        .read("log of facility", move |r| r.logs().find(id))
        .await?
    {
        let origin = log.origin.parse()?;
        drop(keys.read(&facility.name, log.epoch, origin, log.public_key)?);
        return Ok(log.log_id);
    }
    let origin = Origin::new(log_host, &facility.name, 1)?;
    let key = keys.create(&facility.name, 1, origin, random)?;
    let new = NewLog {
        facility: id,
        epoch: 1,
        origin: key.origin().to_string(),
        log_id: key.log_id(),
        public_key: key.vkey().public_key(),
    };
    let made = store.run_tx("new log", &[], move |tx| tx.logs().insert(&new));
    Ok(made.await?.log_id)
}
