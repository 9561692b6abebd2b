//! A facility's first log: its key file, then its row. In this order, because a
//! key without a log harms nobody, and a log without a key is lost.

use crate::{
    failure::StepError,
    keys::log_keys::LogKeys,
    log::{host::log_host, journal::Journal, new_log_error::NewLogError},
    service::span,
};
use model::{LogId, Random};
use std::sync::{Arc, Mutex, PoisonError};
use store::{Error, Facility, FacilityId, NewLog, Store, StoredLogKey};
use tlog::notes::checkpoint::Origin;

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
    if let Some(log) = find(store, keys, facility).await? {
        return Ok(log);
    }
    let origin = Origin::new(log_host, &facility.name, 1)?;
    let key = keys.create(&facility.name, 1, 1, origin, random)?;
    let new = NewLog {
        facility: facility.id,
        epoch: 1,
        origin: key.origin().to_string(),
        log_id: key.log_id(),
        public_key: key.vkey().public_key(),
    };
    let made = store.run_tx("new log", &[], move |tx| tx.logs().insert(&new));
    match made.await {
        // Another process made it in the same moment; the key must be the same.
        Err(error @ Error::Taken(_)) => find(store, keys, facility).await?.ok_or(error.into()),
        made => Ok(made?.log_id),
    }
}

/// The facility's log, if there is one; the keys that sign it must be there.
async fn find(
    store: &Store,
    keys: &LogKeys,
    facility: &Facility,
) -> Result<Option<LogId>, NewLogError> {
    let id = facility.id;
    let found = store.read("log of facility", move |reader| {
        let Some(log) = reader.logs().find(id)? else {
            return Ok(None);
        };
        let keys = reader.log_keys().find(&log)?;
        Ok(Some((log, keys)))
    });
    let Some((log, stored)) = found.await? else {
        return Ok(None);
    };
    let origin: Origin = log.origin.parse()?;
    let signing = |key: &&StoredLogKey| key.retired.is_none();
    for key in stored.as_they_stand().iter().filter(signing) {
        drop(keys.read(&facility.name, log.epoch, log.log_id, key, origin.clone())?);
    }
    Ok(Some(log.log_id))
}

/// Makes the logs of facilities that were added without one.
pub(crate) struct LogMaker {
    journal: Journal,
    keys: Arc<LogKeys>,
    random: Arc<dyn Random>,
    round: Mutex<Round>,
}

/// How far the facilities without a log were looked at, which many rows are looked at in turn.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    /// The last that was.
    after: Option<FacilityId>,
    /// How many were said to wait for a later look.
    told: u64,
}

impl LogMaker {
    pub(crate) fn new(journal: Journal, keys: Arc<LogKeys>, random: Arc<dyn Random>) -> Self {
        Self {
            journal,
            keys,
            random,
            round: Mutex::default(),
        }
    }

    /// The next that may have a log.
    async fn next(&self) -> Result<Vec<Facility>, StepError> {
        let mut round = *self.round.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.journal.without_log(round.after).await?;
        if round.after.is_none() {
            if found.later > round.told {
                tracing::warn!(
                    facilities = found.later,
                    "more facilities have no log than are looked at at once, the others in turn; \
                     where nobody made so many, somebody put rows into `facility`"
                );
            }
            round.told = found.later;
        }
        round.after = found.next;
        *self.round.lock().unwrap_or_else(PoisonError::into_inner) = round;
        Ok(found.sealed)
    }

    /// Makes what is missing; one that cannot be made holds up no other.
    pub(crate) async fn step(&self) -> Result<u64, StepError> {
        let waiting = self.next().await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let store = self.journal.store();
        // Before the first `init` there is no host, and soon there will be.
        let Some(host) = log_host(store).await? else {
            return Ok(0);
        };
        let (mut made, mut failed) = (0, None);
        for facility in waiting {
            let opening = open_log(store, &self.keys, &host, &facility, &*self.random);
            match span::within(span::of_log("logs", &facility.name), opening).await {
                Ok(log_id) => {
                    made += 1;
                    tracing::info!(
                        facility = %facility.name,
                        %log_id,
                        "made a log and its key; back the key up, and let the registry's admin grant the log"
                    );
                }
                Err(problem) => {
                    failed.get_or_insert(StepError::NoLog {
                        facility: facility.name,
                        problem,
                    });
                }
            }
        }
        failed.map_or(Ok(made), Err)
    }
}
