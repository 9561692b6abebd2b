//! The outside of an envelope, all that can be read without a key:
//! `0x01 ‖ data key id 16 ‖ salt 32 ‖ key commitment 32 ‖ nonce 12 ‖
//! ciphertext ‖ tag 16`, the ciphertext a multiple of 256 bytes.

use crate::{aes, padding};
use model::{DataKeyId, Digest};
use sha2::{Digest as _, Sha256};

/// The version byte of this format.
pub(crate) const VERSION: u8 = 0x01;
/// Bytes before the ciphertext.
pub(crate) const HEADER: usize = 1 + DataKeyId::LEN + 32 + 32 + aes::NONCE;

pub(crate) struct Parts<'a> {
    pub(crate) key_id: DataKeyId,
    pub(crate) salt: &'a [u8; 32],
    pub(crate) commitment: &'a [u8; 32],
    pub(crate) nonce: &'a [u8; aes::NONCE],
    pub(crate) ciphertext: &'a [u8],
    pub(crate) tag: &'a [u8; aes::TAG],
}

impl<'a> Parts<'a> {
    pub(crate) fn of(envelope: &'a [u8]) -> Option<Self> {
        let rest = envelope.strip_prefix(&[VERSION])?;
        let (key_id, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk()?;
        let whole_blocks = ciphertext.len().is_multiple_of(padding::BLOCK);
        (whole_blocks && !ciphertext.is_empty()).then_some(Self {
            key_id: DataKeyId::new(*key_id),
            salt,
            commitment,
            nonce,
            ciphertext,
            tag,
        })
    }
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
