//! The next log of a facility, where the one it has cannot go on, because the database
//! lost leaves that its keys had signed. The old log stays as it is, with
//! its proofs; the new one has a key, an origin and an id of its own, and a statement that
//! names the last state that the old one signed.

use crate::{
    failure::StepError,
    keys::{
        key_file::KeyFileError,
        log_keys::LogKeys,
        signed::{Signed, SignedKeeper},
    },
    log::{host::log_host, journal::Journal},
};
use model::{Digest, Invalid, LogId, Random};
use std::sync::Arc;
use store::{Facility, NewLog, Store};
use tlog::notes::checkpoint::{Origin, Vkey};

/// Why there is no next log.
#[derive(Debug, thiserror::Error)]
pub enum NewEpochError {
    /// The facility has no log.
    #[error("the facility has no log yet; start the anchor-service, which makes it")]
    NoLog,
    /// The log can go on.
    #[error(
        "the log has signed nothing yet, so there is nothing that a new one would continue; \
         start the anchor-service"
    )]
    NothingSigned,
    /// The origin's host cannot stand in one.
    #[error(transparent)]
    Origin(#[from] Invalid),
    /// The new key could not be made.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The database or the signed states cannot be read.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// A log and the last state that its keys signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastState {
    /// Its name on the chain.
    pub log_id: LogId,
    /// Its name in checkpoints.
    pub origin: Origin,
    /// Counts from 1.
    pub epoch: u32,
    /// Leaves that the database holds.
    pub leaves: u64,
    /// Leaves under that state.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// Whether the database holds all that the keys are known to have signed. It is not
    /// known where nothing outside the database says what that was.
    pub whole: bool,
}

/// The last state that the keys of the facility's log signed: as it is kept outside the
/// database, else by the newest checkpoint.
///
/// # Errors
/// When there is no log, it has signed nothing, or it cannot be read.
pub async fn last_state(
    store: &Store,
    keeper: Arc<dyn SignedKeeper>,
    facility: &Facility,
) -> Result<LastState, NewEpochError> {
    let (journal, signed) = (Journal::new(store.clone()), Signed::new(keeper));
    signed.refresh().await.map_err(StepError::from)?;
    let logs = journal.current_logs().await?;
    let mut of_facility = logs.into_iter().filter(|log| log.facility == facility.name);
    let log = of_facility.next().ok_or(NewEpochError::NoLog)?;
    let newest = journal
        .newest_checkpoint(&log, log.stored_signers())
        .await?;
    let stored = newest.map(|checkpoint| (checkpoint.size, checkpoint.root));
    let kept = signed.of(&log.origin).map(|state| state.claim());
    let whole = match kept {
        Some((size, root)) => log.size >= size && journal.root(&log, size).await? == root,
        None => false,
    };
    let (size, root) = kept.or(stored).ok_or(NewEpochError::NothingSigned)?;
    Ok(LastState {
        log_id: log.log_id,
        origin: log.origin,
        epoch: log.epoch,
        leaves: log.size,
        size,
        root,
        whole,
    })
}

/// A log to be, whose key is in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextLog {
    /// To be stored, with the statement of what it continues.
    pub new: NewLog,
    /// What verifiers know it by.
    pub vkey: Vkey,
}

/// Makes the key of the log after this one. Nothing is stored; cut short, it is called
/// again and finds the key.
///
/// # Errors
/// When the key cannot be made.
pub async fn prepare(
    store: &Store,
    keys: &LogKeys,
    facility: &Facility,
    last: &LastState,
    random: &dyn Random,
) -> Result<NextLog, NewEpochError> {
    let host = log_host(store).await.map_err(StepError::from)?;
    let (host, epoch) = (host.ok_or(NewEpochError::NoLog)?, last.epoch + 1);
    let origin = Origin::new(&host, &facility.name, epoch)?;
    let key = keys.create(&facility.name, epoch, 1, origin, random)?;
    Ok(NextLog {
        new: NewLog {
            facility: facility.id,
            epoch,
            origin: key.origin().to_string(),
            log_id: key.log_id(),
            public_key: key.vkey().public_key(),
        },
        vkey: key.vkey(),
    })
}
