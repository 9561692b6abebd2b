//! Paging cursors: what a search must remember between pages, handed to the
//! client as a text that only this facility can read and nobody can change.
//! `base64url(nonce 12 ‖ ciphertext ‖ tag 16)` without padding characters,
//! AES-256-GCM.

use crate::{
    DataKey, SealError,
    envelope::aes,
    keys::{derive::derive, secret::Secret},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::Random;

/// The key of one facility's cursors; wiped when dropped. Nonces are random, so
/// it is good for 2^32 cursors (NIST SP 800-38D, 8.3).
pub struct CursorKey(Secret);

impl CursorKey {
    /// From the data key of the facility's scope `IdRoot`.
    #[must_use]
    pub fn new(id_root: &DataKey) -> Self {
        let mut key = Secret::zeros();
        *key.as_mut_bytes() = *derive(id_root.0.as_bytes(), &[b"chartseal/1/cursor"]);
        Self(key)
    }

    /// Seals `cursor` for the search that `aad` describes (caller, base, type,
    /// criteria: whatever must be the same on the next page).
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn seal(
        &self,
        aad: &[u8],
        cursor: &[u8],
        random: &dyn Random,
    ) -> Result<String, SealError> {
        let mut nonce = [0; aes::NONCE];
        random.fill(&mut nonce)?;
        let mut ciphertext = cursor.to_vec();
        let tag = aes::encrypt(self.0.as_bytes(), &nonce, aad, &mut ciphertext)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &ciphertext, &tag].concat()))
    }

    /// Opens a cursor; `None` when it was not sealed by this key for this
    /// `aad`, whatever the reason: a client gets no other answer.
    #[must_use]
    pub fn open(&self, aad: &[u8], text: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, rest) = sealed.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk()?;
        let mut cursor = ciphertext.to_vec();
        aes::decrypt(self.0.as_bytes(), nonce, aad, &mut cursor, tag)?;
        Some(cursor)
    }
}
