//! Signed notes (<https://c2sp.org/signed-note>): a text and signature lines.
//!
//! Only Ed25519 signatures of type 0x01 are checked; lines of keys that the
//! verifier does not know are ignored, as the specification demands.

use crate::notes::{base64, origin::is_key_name, vkey::Vkey};

/// The most signature lines that are read.
pub const MAX_SIGNATURES: usize = 32;

/// A note whose signatures nobody has checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Line>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: String,
    key_id: u32,
    signature: Vec<u8>,
}

/// Why bytes are not a note or not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// A control character other than the line feed.
    #[error("the note holds a control character")]
    ControlCharacter,
    /// No empty line between text and signatures, or no line feed at the end.
    #[error("the note is not a text, an empty line and signature lines, each ended by a line feed")]
    Shape,
    /// A signature line that is not `— <name> <base64>`.
    #[error("a signature line of the note is not written `— <name> <base64>`")]
    SignatureLine,
    /// More than [`MAX_SIGNATURES`].
    #[error("the note has more than 32 signature lines")]
    TooManySignatures,
    /// The text is not origin, size and root.
    #[error("the checkpoint is not exactly the three lines origin, size and root")]
    Checkpoint,
}

/// Why a note is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A signature under the name and id of a known key fails.
    #[error("the signature of a known key fails")]
    Fails,
    /// No line belongs to a known key of the wanted name.
    #[error("no signature is by a known key of this name")]
    NoneKnown,
}

impl Note {
    /// Splits a note into text and signatures.
    ///
    /// # Errors
    /// When the form is not that of a note.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::ControlCharacter);
        }
        // The last empty line separates; text keeps its own line feed.
        let gap = note.rfind("\n\n").ok_or(NoteError::Shape)?;
        let (text, rest) = note.split_at_checked(gap + 1).ok_or(NoteError::Shape)?;
        let lines = rest
            .strip_prefix('\n')
            .and_then(|lines| lines.strip_suffix('\n'))
            .ok_or(NoteError::Shape)?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let signatures = lines.split('\n').map(Line::parse).collect::<Option<_>>();
        Ok(Self {
            text: text.to_owned(),
            signatures: signatures.ok_or(NoteError::SignatureLine)?,
        })
    }

    /// The text with its final line feed: what is signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of signature lines under this name.
    #[must_use]
    pub fn signatures_of(&self, name: &str) -> usize {
        let named = self.signatures.iter().filter(|line| line.name == name);
        named.count()
    }

    /// Checks every signature line of a known key; at least one must be by a
    /// key named `name`.
    ///
    /// # Errors
    /// When a known key's signature fails, or none is by a key named `name`.
    pub fn verify(&self, name: &str, known: &[Vkey]) -> Result<(), SignatureError> {
        let mut found = false;
        for line in &self.signatures {
            let same = |key: &&Vkey| key.name() == line.name && key.id() == line.key_id;
            for key in known.iter().filter(same) {
                if !key.verifies(&self.text, &line.signature) {
                    return Err(SignatureError::Fails);
                }
                found |= key.name() == name;
            }
        }
        if found {
            Ok(())
        } else {
            Err(SignatureError::NoneKnown)
        }
    }
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = base64::decode(signature)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        (is_key_name(name) && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            key_id: u32::from_be_bytes(*id),
            signature: signature.to_vec(),
        })
    }
}
