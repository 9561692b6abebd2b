//! HKDF-SHA512 (RFC 5869), <https://www.rfc-editor.org/rfc/rfc5869>, always from
//! a 32-byte key and always to a whole number of 32-byte keys.

use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::{Zeroize, Zeroizing};

/// What "extract" made of a key and a salt; gives any number of keys.
pub(crate) struct Extracted(Hkdf<Sha512>);

impl Extracted {
    /// RFC 5869, 2.2; the empty salt is the salt that is not provided.
    pub(crate) fn new(key: &[u8; 32], salt: &[u8]) -> Self {
        let (mut pseudorandom_key, hkdf) = Hkdf::extract(Some(salt), key);
        pseudorandom_key.as_mut_slice().zeroize();
        Self(hkdf)
    }

    /// RFC 5869, 2.3: `N` keys of 32 bytes, for the parts of `info` joined.
    pub(crate) fn expand<const N: usize>(&self, info: &[&[u8]]) -> Zeroizing<[[u8; 32]; N]> {
        const { assert!(32 * N <= 255 * 64, "RFC 5869, 2.3: L <= 255 * HashLen") };
        let mut keys = Zeroizing::new([[0; 32]; N]);
        let output = keys.as_flattened_mut();
        if self.0.expand_multi_info(info, output).is_err() {
            // HKDF refuses nothing but the length that is checked above when
            // this is compiled. Should it ever, no key of zeros may come of it.
            std::process::abort();
        }
        keys
    }
}

/// One 32-byte key from `key`, without a salt.
pub(crate) fn derive(key: &[u8; 32], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let keys = Extracted::new(key, b"").expand::<1>(info);
    let [only] = &*keys;
    Zeroizing::new(*only)
}
