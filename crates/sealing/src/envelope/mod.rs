//! The outside of an envelope, all that can be read without a key:
//! `format 1 ‖ data key id 16 ‖ salt 32 ‖ key commitment 32 ‖ nonce 12 ‖
//! ciphertext ‖ tag 16`, the ciphertext a multiple of 256 bytes.

pub(crate) mod aes;
pub(crate) mod clear_facts;
pub(crate) mod cursor;
pub(crate) mod length_prefix;
pub(crate) mod padding;
pub(crate) mod seal;
pub(crate) mod sealed_type;

use model::{DataKeyId, Digest};
use sha2::{Digest as _, Sha256};

/// What an envelope is bound to, by its first byte. The byte itself is no part of the
/// AAD; the label in it is, so a changed byte opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The place alone, as releases before 0.2 sealed. What the row says in clear must
    /// be checked against the leaf.
    One,
    /// The place and what the row says in clear.
    Two,
}

impl Format {
    /// The first byte of an envelope.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::One => 0x01,
            Self::Two => 0x02,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        [Self::One, Self::Two]
            .into_iter()
            .find(|format| format.byte() == byte)
    }
}

/// Bytes before the ciphertext.
pub(crate) const HEADER: usize = 1 + DataKeyId::LEN + 32 + 32 + aes::NONCE;

pub(crate) struct Parts<'a> {
    pub(crate) format: Format,
    pub(crate) key_id: DataKeyId,
    pub(crate) salt: &'a [u8; 32],
    pub(crate) commitment: &'a [u8; 32],
    pub(crate) nonce: &'a [u8; aes::NONCE],
    pub(crate) ciphertext: &'a [u8],
    pub(crate) tag: &'a [u8; aes::TAG],
}

impl<'a> Parts<'a> {
    pub(crate) fn of(envelope: &'a [u8]) -> Option<Self> {
        let (format, rest) = envelope.split_first()?;
        let format = Format::of_byte(*format)?;
        let (key_id, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk()?;
        let whole_blocks = ciphertext.len().is_multiple_of(padding::BLOCK);
        (whole_blocks && !ciphertext.is_empty()).then_some(Self {
            format,
            key_id: DataKeyId::new(*key_id),
            salt,
            commitment,
            nonce,
            ciphertext,
            tag,
        })
    }
}

/// The format of an envelope; `None` when the bytes are not an envelope. Nothing is
/// authenticated by this.
#[must_use]
pub fn envelope_format(envelope: &[u8]) -> Option<Format> {
    Parts::of(envelope).map(|parts| parts.format)
}

/// The id of the data key that sealed `envelope`; `None` when the bytes are not
/// an envelope. Nothing is authenticated by this.
#[must_use]
pub fn envelope_key_id(envelope: &[u8]) -> Option<DataKeyId> {
    Parts::of(envelope).map(|parts| parts.key_id)
}

/// Bytes of the padded plaintext, which is all that an envelope shows of its
/// content's size; `None` when the bytes are not an envelope.
#[must_use]
pub fn padded_size(envelope: &[u8]) -> Option<u32> {
    Parts::of(envelope).and_then(|parts| u32::try_from(parts.ciphertext.len()).ok())
}

/// SHA-256 of the finished envelope: the `seal` of a statement.
#[must_use]
pub fn envelope_digest(envelope: &[u8]) -> Digest {
    Digest::new(Sha256::digest(envelope).into())
}
