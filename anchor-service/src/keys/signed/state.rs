//! The newest state that the keys of a log signed, and where such states are kept.

use super::error::SignedError;
use model::{Digest, Timestamp};
use std::collections::BTreeMap;
use store::StoredCheckpoint;
use tlog::notes::checkpoint::{NoteError, Origin, SignedCheckpoint};

/// The newest checkpoint of each log, by its origin: the name under which its keys sign, so
/// that no row of the database, which anybody may have changed, says whose state it is.
pub type SignedStates = BTreeMap<Origin, SignedState>;

/// What is wrong with a state, by the name under which it is kept.
pub type DamagedStates = BTreeMap<String, SignedError>;

/// A checkpoint that a log's keys signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedState {
    origin: Origin,
    size: u64,
    root: Digest,
    note: String,
}

impl SignedState {
    /// Reads a signed checkpoint; its signatures are those of whoever keeps it.
    ///
    /// # Errors
    /// When it has not the form of one.
    pub fn parse(note: String) -> Result<Self, NoteError> {
        let checkpoint = SignedCheckpoint::parse(&note)?;
        let claim = checkpoint.claim().clone();
        Ok(Self {
            origin: claim.origin,
            size: claim.size,
            root: claim.root,
            note,
        })
    }

    /// With the origin of its log.
    pub(crate) fn of(origin: &Origin, checkpoint: &StoredCheckpoint) -> (Origin, Self) {
        let state = Self {
            origin: origin.clone(),
            size: checkpoint.size,
            root: checkpoint.root,
            note: checkpoint.note.clone(),
        };
        (origin.clone(), state)
    }

    /// The log's name in it.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Leaves that it covers, and the root over them.
    #[must_use]
    pub const fn claim(&self) -> (u64, Digest) {
        (self.size, self.root)
    }

    /// The checkpoint, to be stored again.
    pub(crate) fn checkpoint(&self, time: Timestamp) -> StoredCheckpoint {
        StoredCheckpoint {
            size: self.size,
            root: self.root,
            time,
            note: self.note.clone(),
        }
    }

    /// The signed note, byte for byte.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// Where the states are kept. Whatever can sign for the same logs must share it: a file
/// among the processes of one machine, a table among machines.
pub trait SignedKeeper: Send + Sync {
    /// All states; none before the first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read(&self) -> Result<SignedStates, SignedError>;

    /// The states that can be read, and what is wrong with the others.
    ///
    /// # Errors
    /// When none can be.
    fn read_each(&self) -> Result<(SignedStates, DamagedStates), SignedError> {
        Ok((self.read()?, DamagedStates::new()))
    }

    /// Puts all of `after` in the place of what `before` holds of the same logs, or
    /// nothing; durable when it returns.
    ///
    /// # Errors
    /// [`SignedError::Changed`] when what is kept of one of these logs is not what
    /// `before` holds; nothing was changed then.
    fn swap(&self, before: &SignedStates, after: &SignedStates) -> Result<(), SignedError>;

    /// Where that is, for people.
    fn place(&self) -> String;
}
