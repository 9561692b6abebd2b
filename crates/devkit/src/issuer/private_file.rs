//! Files that only their owner may read (mode 0600), replaced whole or not at
//! all.

use super::IssuerError;
use std::{
    fs::{self, DirBuilder},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};
use zeroize::Zeroizing;

/// Makes the directory when it is absent.
pub(crate) fn directory(path: &Path) -> Result<(), IssuerError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| storage(path, source))
}

/// Reads a file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, IssuerError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(storage(path, source)),
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(IssuerError::NotPrivate {
            path: path.to_owned(),
        });
    }
    fs::read(path)
        .map(|bytes| Some(Zeroizing::new(bytes)))
        .map_err(|source| storage(path, source))
}

/// Replaces a file whole.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), IssuerError> {
    files::replace(path, files::PRIVATE, content).map_err(|source| storage(path, source))
}

fn storage(path: &Path, source: io::Error) -> IssuerError {
    IssuerError::Storage {
        path: path.to_owned(),
        source,
    }
}
