//! Takes the newest checkpoint that the database holds for what a log's keys signed
//! last, where nothing outside the database says so: for installations of releases that
//! kept it nowhere else, and after the file was lost. It cannot see checkpoints that the
//! database has lost; so it wants the registry's word too, and is for an operator to do. Nor
//! does it go by keys that the rows alone name: they have their mac, or their files are here.

use crate::{
    failure::StepError,
    keys::{
        log_keys::LogKeys,
        signed::{Signed, SignedKeeper, SignedState},
    },
    ledger::Ledger,
    log::{
        guard,
        journal::{Journal, Log, Signers},
    },
    posting::bound,
    service::alarm::Bell,
};
use model::FacilityName;
use std::sync::Arc;
use store::Store;

/// A log whose state was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Whose log.
    pub facility: FacilityName,
    /// The log's origin.
    pub origin: String,
    /// Leaves under the checkpoint.
    pub size: u64,
}

/// Adopts the newest checkpoint of each log of which no state is kept; gives them.
///
/// # Errors
/// When a log contradicts its checkpoint, the registry or a kept state, or one of them
/// cannot be read, or nothing shows that its keys are its own. Nothing is kept then.
pub async fn adopt<L: Ledger>(
    store: &Store,
    ledger: &L,
    keeper: Arc<dyn SignedKeeper>,
    keys: &LogKeys,
) -> Result<Vec<Adopted>, StepError> {
    let (journal, bell) = (Journal::new(store.clone()), Bell::default());
    let signed = Signed::new(keeper);
    signed.refresh().await?;
    let (mut adopted, mut states) = (Vec::new(), Vec::new());
    let mut current = Vec::new();
    for log in journal.all_logs().await? {
        // A row alone is no word for a log in the place of another.
        let signers = match log.epoch {
            1 if signed.of(&log.origin).is_none() => known(&journal, &log, keys).await?,
            1 => log.stored_signers(),
            _ => Signers::of(&keys.here(&log)),
        };
        let newest = journal.newest_checkpoint(&log, signers);
        let newest = newest.await?;
        if !log.ended {
            current.push((log.clone(), newest.clone()));
        }
        let Some(checkpoint) = newest.filter(|_| signed.of(&log.origin).is_none()) else {
            continue;
        };
        states.push(SignedState::of(&log.origin, &checkpoint));
        adopted.push(Adopted {
            facility: log.facility,
            origin: log.origin.to_string(),
            size: checkpoint.size,
        });
    }
    if states.is_empty() {
        return Ok(adopted);
    }
    for (log, newest) in current {
        guard::check_checkpoint(&journal, &bell, &log, newest.as_ref()).await?;
    }
    ledger.check().await?;
    bound::check(&journal, ledger).await?;
    for log in journal.current_logs().await? {
        guard::head(&journal, ledger, &bell, &log).await?;
    }
    signed.advance(states.into_iter().collect()).await?;
    Ok(adopted)
}

/// The keys whose checkpoint is adopted of a facility's first log.
async fn known(journal: &Journal, log: &Log, keys: &LogKeys) -> Result<Signers, StepError> {
    let is_signed = journal.newest_row(log.id).await?.is_some();
    if !is_signed || log.keys.shown().is_ok() {
        return Ok(log.stored_signers());
    }
    let mut here = Vec::new();
    for key in log.keys.as_they_stand() {
        let key = keys
            .read_of(log, key)
            .map_err(|problem| StepError::KeysNotAdopted {
                origin: log.origin.to_string(),
                problem: problem.into(),
            })?;
        here.push(Arc::new(key));
    }
    Ok(Signers::of(&here))
}
