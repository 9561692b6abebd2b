//! Why the keys that the database names for a log are not its own.

use crate::keys::key_file::KeyFileError;

/// Why the keys that the database names for a log are not taken for its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysFault {
    /// The private key of one of them is not here.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Another leaf key is in use here than the one that made macs before.
    #[error(
        "a mac in the database was made by none of the leaf keys that are held, so put the right leaf \
         key in its place; where it was changed,"
    )]
    Mac,
    /// What was signed last says otherwise.
    #[error("what the log's keys signed last was not signed by those that it names")]
    Signature,
}
