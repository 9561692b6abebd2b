//! The signing key of a log: Ed25519, one per facility, two while one takes the place
//! of the other; in the hands of the anchor-service only. Overwritten with zeros when
//! dropped.

use crate::notes::checkpoint::Checkpoint;
use crate::notes::{base64, origin::Origin, vkey::Vkey};
use ed25519_dalek::{Signer as _, SigningKey};
use model::{Digest, LogId, Random, RandomUnavailable};
use zeroize::Zeroizing;

/// A log's key together with the origin that it signs for.
pub struct LogKey {
    origin: Origin,
    key: SigningKey,
}

impl LogKey {
    /// A new key.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(origin: Origin, random: &dyn Random) -> Result<Self, RandomUnavailable> {
        let mut seed = Zeroizing::new([0; 32]);
        random.fill(seed.as_mut())?;
        Ok(Self::from_seed(origin, &seed))
    }

    /// The key of this seed (RFC 8032, 5.1.5).
    #[must_use]
    pub fn from_seed(origin: Origin, seed: &[u8; 32]) -> Self {
        Self {
            origin,
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The seed, to be kept where keys are kept.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// The origin that it signs for.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The key that others verify with.
    #[must_use]
    pub fn vkey(&self) -> Vkey {
        Vkey::new(self.origin.as_str(), self.key.verifying_key())
    }

    /// The log's name on the chain, when this is the log's first key.
    #[must_use]
    pub fn log_id(&self) -> LogId {
        self.origin.log_id(&self.key.verifying_key().to_bytes())
    }

    /// The signed checkpoint of this size and root. The caller answers for it
    /// that the tree extends every tree signed before.
    #[must_use]
    pub fn sign(&self, size: u64, root: Digest) -> String {
        let text = self.text(size, root);
        format!("{text}\n{}", self.signature_line(&text))
    }

    /// [`Self::sign`] by several keys of one log, while one takes the place of another:
    /// whoever knows either key can verify. `None` without a key, and with keys of
    /// different origins.
    #[must_use]
    pub fn sign_together<K: AsRef<Self>>(keys: &[K], size: u64, root: Digest) -> Option<String> {
        let (first, _) = keys.split_first()?;
        let text = first.as_ref().text(size, root);
        let mut note = format!("{text}\n");
        for key in keys.iter().map(AsRef::as_ref) {
            if key.origin != first.as_ref().origin {
                return None;
            }
            note.push_str(&key.signature_line(&text));
        }
        Some(note)
    }

    fn text(&self, size: u64, root: Digest) -> String {
        let origin = self.origin.clone();
        Checkpoint { origin, size, root }.text()
    }

    fn signature_line(&self, text: &str) -> String {
        let mut signature = self.vkey().id().to_be_bytes().to_vec();
        signature.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        format!("— {} {}\n", self.origin, base64::encode(&signature))
    }
}
