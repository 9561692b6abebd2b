//! The text form of an inclusion proof with its checkpoint
//! (<https://c2sp.org/tlog-proof>), narrowed by docs/proof-format.md, section 4:
//! no `extra` line, at most 63 path lines. The proof is read here, not checked.

use crate::{
    notes::{base64, checkpoint::SignedCheckpoint, note::NoteError},
    whole_number::whole_number,
};
use model::Digest;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most lines of a path that are read.
pub const MAX_PATH: usize = 63;

/// An inclusion proof and the checkpoint that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofText {
    /// The leaf's place in the log, from 0.
    pub index: u64,
    /// From the leaf's sibling up.
    pub path: Vec<Digest>,
    checkpoint: SignedCheckpoint,
    note: String,
}

/// Why a text is not a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofTextError {
    /// The first line is not `c2sp.org/tlog-proof@v1`.
    #[error("the first line is not `c2sp.org/tlog-proof@v1`")]
    Header,
    /// The second line is not `index` and a number.
    #[error("the second line is not `index` and a whole number")]
    Index,
    /// A path line is not the base 64 of 32 bytes.
    #[error("a path line is not the base64 of 32 bytes")]
    Path,
    /// More than [`MAX_PATH`] path lines.
    #[error("the path has more than 63 lines")]
    TooLong,
    /// No empty line after the path.
    #[error("there is no empty line between path and checkpoint")]
    NoCheckpoint,
    /// The checkpoint is malformed.
    #[error(transparent)]
    Checkpoint(#[from] NoteError),
}

impl ProofText {
    /// A proof that leads to the signed checkpoint `note`.
    ///
    /// # Errors
    /// When the path is too long or the checkpoint malformed.
    pub fn new(index: u64, path: Vec<Digest>, note: &str) -> Result<Self, ProofTextError> {
        if path.len() > MAX_PATH {
            return Err(ProofTextError::TooLong);
        }
        let checkpoint = SignedCheckpoint::parse(note)?;
        Ok(Self {
            index,
            path,
            checkpoint,
            note: note.to_owned(),
        })
    }

    /// The checkpoint, not yet believed.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// The text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = format!("{HEADER}\nindex {}\n", self.index);
        for hash in &self.path {
            text.push_str(&base64::encode(hash.as_bytes()));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.note);
        text
    }

    /// Reads the text.
    ///
    /// # Errors
    /// When anything differs from what [`ProofText::encode`] writes.
    pub fn decode(text: &str) -> Result<Self, ProofTextError> {
        let (header, rest) = line(text).ok_or(ProofTextError::Header)?;
        if header != HEADER {
            return Err(ProofTextError::Header);
        }
        let (index, mut rest) = line(rest).ok_or(ProofTextError::Index)?;
        let index = index.strip_prefix("index ").and_then(whole_number);
        let index = index.ok_or(ProofTextError::Index)?;
        let mut path = Vec::new();
        loop {
            let (hash, after) = line(rest).ok_or(ProofTextError::NoCheckpoint)?;
            rest = after;
            if hash.is_empty() {
                return Self::new(index, path, rest);
            }
            if path.len() == MAX_PATH {
                return Err(ProofTextError::TooLong);
            }
            let bytes = base64::decode(hash).ok_or(ProofTextError::Path)?;
            path.push(Digest::from_slice(&bytes).map_err(|_| ProofTextError::Path)?);
        }
    }
}

fn line(text: &str) -> Option<(&str, &str)> {
    text.split_once('\n')
}
