//! The digest of a request: it tells whether two requests under one idempotency key
//! ask for the same, and nothing to whoever has only the database.

use crate::{
    DataKey,
    envelope::length_prefix,
    keys::{derive::derive, secret::Secret},
};
use hmac::{Hmac, KeyInit, Mac};
use model::{Digest, Tag};
use sha2::Sha256;

/// The key of one facility's request digests; wiped when dropped.
pub struct RequestKey(Secret);

impl RequestKey {
    /// From the data key of the facility's scope `IdRoot`.
    #[must_use]
    pub fn new(id_root: &DataKey) -> Self {
        let mut key = Secret::zeros();
        *key.as_mut_bytes() = *derive(id_root.0.as_bytes(), &[b"chartseal/1/request"]);
        Self(key)
    }

    /// The digest of what is asked for in `parts` and `body` under the idempotency
    /// key of this tag. Equal requests under other keys have other digests.
    #[must_use]
    pub fn digest(&self, key: Tag, parts: &[&str], body: &[u8]) -> Digest {
        let mut mac_key = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (target, source) in mac_key.iter_mut().zip(self.0.as_bytes()) {
            *target = *source;
        }
        let mut mac = Hmac::<Sha256>::new(&mac_key);
        zeroize::Zeroize::zeroize(mac_key.as_mut_slice());
        mac.update(key.as_bytes());
        for part in parts {
            mac.update(&length_prefix::length(part.as_bytes()));
            mac.update(part.as_bytes());
        }
        mac.update(body);
        Digest::new(mac.finalize().into_bytes().into())
    }
}
