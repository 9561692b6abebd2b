//! A key under another key: `nonce 12 ‖ ciphertext 32 ‖ tag 16`, AES-256-GCM
//! with a random nonce. Each wrapping key wraps one key per scope, far from the
//! 2^32 that random nonces allow (NIST SP 800-38D, 8.3).

use crate::{SealError, UnwrapError, envelope::aes, keys::secret::Secret};
use model::Random;

/// Bytes of a wrapped key.
const LENGTH: usize = aes::NONCE + 32 + aes::TAG;

pub(crate) fn wrap(
    under: &Secret,
    aad: &[u8],
    key: &Secret,
    random: &dyn Random,
) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; aes::NONCE];
    random.fill(&mut nonce)?;
    let mut ciphertext = Secret::zeros();
    ciphertext.as_mut_bytes().copy_from_slice(key.as_bytes());
    let tag = aes::encrypt(under.as_bytes(), &nonce, aad, ciphertext.as_mut_bytes())?;
    let mut wrapped = Vec::with_capacity(LENGTH);
    wrapped.extend_from_slice(&nonce);
    wrapped.extend_from_slice(ciphertext.as_bytes());
    wrapped.extend_from_slice(&tag);
    Ok(wrapped)
}

pub(crate) fn unwrap(under: &Secret, aad: &[u8], wrapped: &[u8]) -> Result<Secret, UnwrapError> {
    let (nonce, ciphertext, tag) = parts(wrapped).ok_or(UnwrapError::NotAWrappedKey)?;
    let mut key = Secret::zeros();
    key.as_mut_bytes().copy_from_slice(ciphertext);
    aes::decrypt(under.as_bytes(), nonce, aad, key.as_mut_bytes(), tag)
        .ok_or(UnwrapError::Refused)?;
    Ok(key)
}

type Parts<'a> = (&'a [u8; aes::NONCE], &'a [u8; 32], &'a [u8; aes::TAG]);

fn parts(wrapped: &[u8]) -> Option<Parts<'_>> {
    let (nonce, rest) = wrapped.split_first_chunk()?;
    let (ciphertext, rest) = rest.split_first_chunk()?;
    Some((nonce, ciphertext, rest.try_into().ok()?))
}
