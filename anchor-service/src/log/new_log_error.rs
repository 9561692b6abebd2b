//! Why a facility has no log.

use crate::keys::key_file::KeyFileError;
use model::Invalid;

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
