//! AES-256-GCM in place with a detached tag (NIST SP 800-38D; 96-bit nonce,
//! 128-bit tag). The only file that touches the cipher crate.

use crate::SealError;
use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};

/// Bytes of a nonce.
pub(crate) const NONCE: usize = 12;
/// Bytes of an authentication tag.
pub(crate) const TAG: usize = 16;

/// A key made ready for many messages, such as the cards of one patient; wiped when
/// dropped.
pub(crate) struct Cipher(Aes256Gcm);

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// Encrypts `buffer` where it stands and gives its tag.
    pub(crate) fn encrypt(
        &self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Result<[u8; TAG], SealError> {
        self.0
            .encrypt_inout_detached(nonce.into(), aad, buffer.into())
            .map(Into::into)
            .map_err(|_| SealError::TooLarge)
    }

    /// Decrypts `buffer` where it stands; `None`, and `buffer` untouched, when the
    /// tag does not belong to key, nonce, AAD and buffer.
    pub(crate) fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG],
    ) -> Option<()> {
        self.0
            .decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into())
            .ok()
    }
}

/// [`Cipher::encrypt`] under a key that seals one message.
pub(crate) fn encrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    aad: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG], SealError> {
    Cipher::new(key).encrypt(nonce, aad, buffer)
}

/// [`Cipher::decrypt`] under a key that sealed one message.
pub(crate) fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG],
) -> Option<()> {
    Cipher::new(key).decrypt(nonce, aad, buffer, tag)
}
