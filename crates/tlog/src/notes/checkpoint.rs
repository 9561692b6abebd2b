//! Checkpoints (<https://c2sp.org/tlog-checkpoint>): origin, size and root of a
//! log, signed. Extension lines are refused, because no monitor could audit
//! them.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use model::Digest;
//! use tlog::notes::{checkpoint, log_key::LogKey};
//!
//! let key = LogKey::from_seed("log.example/log/riverside".parse()?, &[1; 32]);
//! let note = key.sign(3, Digest::new([2; 32]));
//!
//! // Others know the public key alone.
//! let said = checkpoint::open(&note, &[key.vkey()])?;
//! assert_eq!((said.size, said.root), (3, Digest::new([2; 32])));
//!
//! let altered = note.replacen("\n3\n", "\n4\n", 1);
//! assert!(checkpoint::open(&altered, &[key.vkey()]).is_err());
//! # Ok(())
//! # }
//! ```

pub use crate::notes::note::{NoteError, SignatureError};
pub use crate::notes::origin::Origin;
pub use crate::notes::vkey::{Vkey, WitnessVkey};

use crate::{
    notes::{base64, note::Note},
    whole_number::whole_number,
};
use model::{Digest, LogId};

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// How many leaves it has.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// A checkpoint whose signatures nobody has checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It has not the form of a checkpoint.
    #[error(transparent)]
    Form(#[from] NoteError),
    /// Its signatures do not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl Checkpoint {
    /// The three lines that are signed.
    #[must_use]
    pub fn text(&self) -> String {
        let root = base64::encode(self.root.as_bytes());
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let checkpoint = Self {
            origin: lines.next()?.parse().ok()?,
            size: whole_number(lines.next()?)?,
            root: Digest::from_slice(&base64::decode(lines.next()?)?).ok()?,
        };
        lines.next().is_none().then_some(checkpoint)
    }
}

impl SignedCheckpoint {
    /// Reads a checkpoint without believing it.
    ///
    /// # Errors
    /// When it has not the form of a checkpoint.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let note = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text()).ok_or(NoteError::Checkpoint)?;
        Ok(Self { checkpoint, note })
    }

    /// What it claims.
    #[must_use]
    pub const fn claim(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Number of its signatures under the log's own name.
    #[must_use]
    pub fn signatures(&self) -> usize {
        self.note.signatures_of(self.checkpoint.origin.as_str())
    }

    /// Whether a signature of this key is there and holds.
    #[must_use]
    pub fn is_signed_by(&self, key: &Vkey) -> bool {
        self.note
            .verify(key.name(), std::slice::from_ref(key))
            .is_ok()
    }

    /// Checks the signatures of `known` keys; one whose name is the origin must
    /// hold and none may fail.
    ///
    /// # Errors
    /// When that is not so.
    pub fn verify(&self, known: &[Vkey]) -> Result<&Checkpoint, SignatureError> {
        self.note.verify(self.checkpoint.origin.as_str(), known)?;
        Ok(&self.checkpoint)
    }
}

/// Reads a signed checkpoint and checks its signatures; see
/// [`SignedCheckpoint::verify`].
///
/// # Errors
/// When the form is wrong or the signatures do not hold.
pub fn open(note: &str, known: &[Vkey]) -> Result<Checkpoint, OpenError> {
    let signed = SignedCheckpoint::parse(note)?;
    Ok(signed.verify(known)?.clone())
}

/// Whether a note is a checkpoint that says just this, signed by keys of which at least
/// one is `known`. What a row beside the note says is no word to go by.
#[must_use]
pub fn says(note: &str, known: &[Vkey], claim: &Checkpoint) -> bool {
    open(note, known).is_ok_and(|opened| opened == *claim)
}

/// The log's name on the chain; see [`Origin::log_id`].
#[must_use]
pub fn log_id(first_public_key: &[u8; 32], origin: &Origin) -> LogId {
    origin.log_id(first_public_key)
}
