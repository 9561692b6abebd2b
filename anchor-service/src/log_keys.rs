//! The logs' signing keys (Ed25519 seeds), a file for each log in one folder:
//! `<facility>-<epoch>.log-key`. Read when first needed, so that a facility
//! added while the service runs is signed too.

use crate::{
    journal::Log,
    key_file::{self, KeyFileError},
};
use model::{FacilityName, LogId, Random};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tlog::checkpoint::{LogKey, Origin};

/// The keys in a folder.
pub struct LogKeys {
    folder: PathBuf,
    known: Mutex<BTreeMap<LogId, Arc<LogKey>>>,
}

impl LogKeys {
    /// The keys of this folder; nothing is read yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            known: Mutex::default(),
        }
    }

    /// Makes a log's key, or reads it when a start that was cut short has made
    /// it already.
    ///
    /// # Errors
    /// When the file cannot be written, or is there and unusable.
    pub fn create(
        &self,
        facility: &FacilityName,
        epoch: u32,
        origin: Origin,
        random: &dyn Random,
    ) -> Result<LogKey, KeyFileError> {
        let path = self.path(facility, epoch);
        let seed = if path.exists() {
            key_file::read(&path)?
        } else {
            key_file::create(&path, random)?
        };
        Ok(LogKey::from_seed(origin, &seed))
    }

    /// The key that the database has for this log.
    pub(crate) fn of(&self, log: &Log) -> Result<Arc<LogKey>, KeyFileError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.get(&log.log_id) {
            return Ok(Arc::clone(key));
        }
        let key = self.read(&log.facility, log.epoch, log.origin.clone(), log.public_key)?;
        let key = Arc::new(key);
        known.insert(log.log_id, Arc::clone(&key));
        Ok(key)
    }

    /// Reads the key of a log; it must be the one with this public key.
    pub(crate) fn read(
        &self,
        facility: &FacilityName,
        epoch: u32,
        origin: Origin,
        public_key: [u8; 32],
    ) -> Result<LogKey, KeyFileError> {
        let path = self.path(facility, epoch);
        let seed = key_file::read(&path).map_err(|error| match error {
            KeyFileError::Missing { path } => KeyFileError::MissingLogKey {
                path,
                origin: origin.to_string(),
            },
            other => other,
        })?;
        let key = LogKey::from_seed(origin, &seed);
        if key.vkey().public_key() == public_key {
            return Ok(key);
        }
        Err(KeyFileError::WrongKey {
            path: path.display().to_string(),
            origin: key.origin().to_string(),
        })
    }

    fn path(&self, facility: &FacilityName, epoch: u32) -> PathBuf {
        self.folder.join(format!("{facility}-{epoch}.log-key"))
    }
}

impl fmt::Debug for LogKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKeys({})", self.folder.display())
    }
}
