//! The logs' signing keys (Ed25519 seeds), files in one folder: the first of a log is
//! `<facility>-<epoch>.log-key`, later ones `<facility>-<epoch>.<number>.log-key`. Read
//! when first needed, so that a facility added and a key changed while the service runs
//! are signed with too.

use crate::{
    keys::key_file::{self, KeyFileError},
    log::journal::Log,
};
use model::{FacilityName, LogId, Random};
use std::{
    collections::BTreeMap,
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use store::StoredLogKey;
use tlog::notes::{checkpoint::Origin, log_key::LogKey};

/// The keys in a folder.
pub struct LogKeys {
    folder: PathBuf,
    /// By log and number.
    known: Mutex<BTreeMap<(LogId, u32), Arc<LogKey>>>,
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

    /// Makes a key of a log, or reads it when it was made already, by a start that was
    /// cut short or by another process.
    ///
    /// # Errors
    /// When the file cannot be written, or is there and unusable.
    pub fn create(
        &self,
        facility: &FacilityName,
        epoch: u32,
        number: u32,
        origin: Origin,
        random: &dyn Random,
    ) -> Result<LogKey, KeyFileError> {
        let path = self.path(facility, epoch, number);
        let seed = match key_file::create(&path, random) {
            Err(KeyFileError::Unusable {
                kind: ErrorKind::AlreadyExists,
                ..
            }) => key_file::read(&path)?,
            made => made?,
        };
        Ok(LogKey::from_seed(origin, &seed))
    }

    /// The keys that sign this log now, the oldest first, and why one of them does not. A
    /// newer key may be of a row whose file comes later; the older ones sign without it. It
    /// never signs without an older one that has not ended: whoever knows that one alone
    /// could not verify any more, and the older could not sign beside it again.
    pub(crate) fn signing(&self, log: &Log) -> (Vec<Arc<LogKey>>, Option<KeyFileError>) {
        let mut keys = Vec::new();
        for key in log.signers() {
            match self.one(log, key) {
                Ok(key) => keys.push(key),
                Err(missing) => return (keys, Some(missing)),
            }
        }
        (keys, None)
    }

    /// Those of its keys that are here, the oldest first.
    pub(crate) fn here(&self, log: &Log) -> Vec<Arc<LogKey>> {
        let signers = log.signers().into_iter();
        signers.filter_map(|key| self.one(log, key).ok()).collect()
    }

    /// Whether the files of this log's keys are there and hold them, whatever is known
    /// of them from before.
    pub(crate) fn check(&self, log: &Log) -> Result<(), KeyFileError> {
        let mut signers = log.signers().into_iter();
        signers.try_for_each(|key| self.read_of(log, key).map(drop))
    }

    /// Whether the first key of this log is here, so that whoever made its row had it.
    pub(crate) fn began(&self, log: &Log) -> bool {
        let first = StoredLogKey {
            number: 1,
            public_key: log.public_key,
            created: None,
            retired: None,
        };
        // From the file, for the row is what is doubted.
        self.read_of(log, &first).is_ok()
    }

    fn one(&self, log: &Log, stored: &StoredLogKey) -> Result<Arc<LogKey>, KeyFileError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.get(&(log.log_id, stored.number)) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.read_of(log, stored)?);
        known.insert((log.log_id, stored.number), Arc::clone(&key));
        Ok(key)
    }

    /// Reads a key of a log as [`Self::read`] does, whatever is known of it from before.
    pub(crate) fn read_of(&self, log: &Log, key: &StoredLogKey) -> Result<LogKey, KeyFileError> {
        self.read(
            &log.facility,
            log.epoch,
            log.log_id,
            key,
            log.origin.clone(),
        )
    }

    /// Reads a key of a log; it must be the one that is stored, and the first one that which
    /// the log's id is made of.
    pub(crate) fn read(
        &self,
        facility: &FacilityName,
        epoch: u32,
        log_id: LogId,
        stored: &StoredLogKey,
        origin: Origin,
    ) -> Result<LogKey, KeyFileError> {
        let path = self.path(facility, epoch, stored.number);
        let seed = key_file::read(&path).map_err(|error| match error {
            KeyFileError::Missing { path } => KeyFileError::MissingLogKey {
                path,
                origin: origin.to_string(),
            },
            other => other,
        })?;
        let key = LogKey::from_seed(origin, &seed);
        let names_the_log = stored.number != 1 || key.log_id() == log_id;
        if key.vkey().public_key() == stored.public_key && names_the_log {
            return Ok(key);
        }
        Err(KeyFileError::WrongKey {
            path: path.display().to_string(),
            origin: key.origin().to_string(),
        })
    }

    /// A point cannot stand in a facility's name, so no two files share theirs.
    fn path(&self, facility: &FacilityName, epoch: u32, number: u32) -> PathBuf {
        self.folder.join(match number {
            1 => format!("{facility}-{epoch}.log-key"),
            _ => format!("{facility}-{epoch}.{number}.log-key"),
        })
    }
}

impl fmt::Debug for LogKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKeys({})", self.folder.display())
    }
}
