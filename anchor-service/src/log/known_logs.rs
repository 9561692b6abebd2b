//! The logs that the service works at. A row of `log` or `facility` is no word to go by:
//! whoever can write to the database can change it. So each log that was ever signed must
//! have its row; its name must be that of its facility and epoch; and one of a later epoch
//! must have been begun by who holds its key. A row that breaks the last two is left out
//! and named: its log gets nothing, and neither does another log of its facility instead.

use crate::{
    failure::StepError,
    keys::{log_keys::LogKeys, signed::Signed},
    log::{
        journal::{Journal, Log, Signers},
        left_out::LeftOut,
    },
    service::alarm::{Alarm, Bell},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::StoredCheckpoint;
use tlog::notes::checkpoint::Origin;

/// Reads them.
#[derive(Debug, Clone)]
pub(crate) struct KnownLogs {
    journal: Journal,
    keys: Arc<LogKeys>,
    signed: Signed,
    bell: Bell,
    /// Logs that could not be compared, each with why.
    uncompared: Arc<Mutex<BTreeMap<Origin, StepError>>>,
}

/// What there is.
#[derive(Debug)]
pub(crate) struct Found {
    /// The logs that may be worked at.
    pub(crate) logs: Vec<Log>,
    /// What the others were left out for.
    pub(crate) left_out: LeftOut,
}

impl Found {
    /// Those that take leaves: of each facility the newest.
    pub(crate) fn current(mut self) -> (Vec<Log>, LeftOut) {
        self.logs.retain(|log| !log.ended);
        (self.logs, self.left_out)
    }
}

impl KnownLogs {
    pub(crate) fn new(journal: Journal, keys: Arc<LogKeys>, signed: Signed, bell: Bell) -> Self {
        Self {
            journal,
            keys,
            signed,
            bell,
            uncompared: Arc::default(),
        }
    }

    /// The same as [`Self::read`] without the logs that could not be compared with what others
    /// hold of them: they take no leaf, and nothing of them is signed.
    pub(crate) async fn compared(&self) -> Result<Found, StepError> {
        let Found {
            mut logs,
            mut left_out,
        } = self.read().await?;
        for (origin, fault) in &*self.uncompared() {
            if let Some(place) = logs.iter().position(|log| log.origin == *origin) {
                let log = logs.remove(place);
                left_out.note(&log.facility, fault.clone())?;
            }
        }
        Ok(Found { logs, left_out })
    }

    /// Takes note of how a log was compared.
    ///
    /// # Errors
    /// With what concerns all logs.
    pub(crate) fn note(&self, log: &Log, compared: Result<(), StepError>) -> Result<(), StepError> {
        match compared {
            Ok(()) => drop(self.uncompared().remove(&log.origin)),
            Err(fault) if fault.is_of_one_log() => {
                self.uncompared().insert(log.origin.clone(), fault);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Those of these logs that could not be compared; others are forgotten.
    pub(crate) fn uncompared_of(&self, mut logs: Vec<Log>) -> Vec<Log> {
        let mut uncompared = self.uncompared();
        uncompared.retain(|origin, _| logs.iter().any(|log| log.origin == *origin));
        logs.retain(|log| uncompared.contains_key(&log.origin));
        logs
    }

    /// Before all are compared anew.
    pub(crate) fn forget_compared(&self) {
        self.uncompared().clear();
    }

    /// Whether there are logs that could not be compared.
    pub(crate) fn lacks_some(&self) -> bool {
        !self.uncompared().is_empty()
    }

    fn uncompared(&self) -> MutexGuard<'_, BTreeMap<Origin, StepError>> {
        self.uncompared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// All logs, as long as each that was ever signed has its row: one that somebody renames
    /// or takes away is unknown under its new name, and its keys would sign a second history
    /// there.
    pub(crate) async fn read(&self) -> Result<Found, StepError> {
        // What was signed first and the rows after it: a log has its row before it is signed.
        let kept: BTreeSet<_> = self.signed.origins().into_iter().collect();
        let logs = self.journal.all_logs().await?;
        if let Some(origin) = self.lost(&kept, &logs).await? {
            let (origin, place) = (origin, self.signed.place());
            let alarm = Alarm::NoRow { origin, place };
            self.bell.ring(alarm.clone());
            return Err(alarm.into());
        }
        let hosts = hosts(&logs, &kept);
        let mut left_out = LeftOut::default();
        let mut sound = Vec::with_capacity(logs.len());
        for log in logs {
            match self.fault(&log, &kept, &hosts) {
                None => sound.push(log),
                Some(fault) => left_out.note(&log.facility, fault)?,
            }
        }
        Ok(Found {
            logs: sound,
            left_out,
        })
    }

    /// The newest checkpoint of a log, as far as what is kept or a key that is here says so.
    pub(crate) async fn newest_checkpoint(
        &self,
        log: &Log,
    ) -> Result<Option<StoredCheckpoint>, StepError> {
        let keys = self.keys.here(log);
        let signers = Signers {
            kept: self.signed.of(&log.origin),
            ..Signers::of(&keys)
        };
        self.journal.newest_checkpoint(log, signers).await
    }

    /// The first log of these that has no row.
    async fn lost(
        &self,
        kept: &BTreeSet<Origin>,
        logs: &[Log],
    ) -> Result<Option<Origin>, StepError> {
        let known: BTreeSet<_> = logs.iter().map(|log| &log.origin).collect();
        if kept.iter().all(|origin| known.contains(origin)) {
            return Ok(None);
        }
        // A log whose facility cannot be read has a row all the same.
        let rows = self.journal.origins().await?;
        let lost = kept.iter().find(|origin| !rows.contains(origin.as_str()));
        Ok(lost.cloned())
    }

    fn fault(
        &self,
        log: &Log,
        kept: &BTreeSet<Origin>,
        hosts: &BTreeSet<String>,
    ) -> Option<StepError> {
        let is_kept = kept.contains(&log.origin);
        let is_named =
            host(log).is_some_and(|host| is_kept || hosts.is_empty() || hosts.contains(host));
        if !is_named {
            return Some(StepError::OtherName {
                facility: log.facility.clone(),
                epoch: log.epoch,
                origin: log.origin.clone(),
            });
        }
        // `anchor new-epoch` makes the key's file before the row, and nothing is signed yet.
        let began = log.epoch == 1 || is_kept || self.keys.began(log);
        (!began).then(|| StepError::NotBegun {
            facility: log.facility.clone(),
            origin: log.origin.clone(),
        })
    }
}

/// The host in the name of a log, when the rest of it is that of its facility and epoch.
fn host(log: &Log) -> Option<&str> {
    let path = match log.epoch {
        0 => return None,
        1 => format!("/log/{}", log.facility),
        epoch => format!("/log/{}/{epoch}", log.facility),
    };
    log.origin.as_str().strip_suffix(&path)
}

/// The hosts under which logs were signed: of an installation there is one.
fn hosts(logs: &[Log], kept: &BTreeSet<Origin>) -> BTreeSet<String> {
    let signed = logs.iter().filter(|log| kept.contains(&log.origin));
    signed.filter_map(host).map(str::to_owned).collect()
}
