//! One process per SQLite database: a lock of the operating system on a file
//! beside it, which ends with the process however it ends.

use crate::OpenError;
use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

/// The lock, held until it is dropped. The file stays: removing it would let two
/// processes lock two files of the same name.
#[derive(Debug)]
pub(crate) struct LockFile {
    _locked: File,
}

impl LockFile {
    /// Takes the lock of the database at `database`.
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let file = open_private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _locked: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database.to_owned())),
            Err(TryLockError::Error(source)) => Err(OpenError::File { path, source }),
        }
    }
}

/// Opens a file, made for its owner alone if it is not there. SQLite gives the
/// files it makes beside the database the database's own mode.
pub(crate) fn open_private(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| OpenError::File {
        path: path.to_owned(),
        source,
    })
}
