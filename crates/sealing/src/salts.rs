//! The salts that come out of an envelope's key: without them, destroyed with
//! the data key, nothing in the log can be matched to a guessed record.

use crate::derive::derive;
use model::{Digest, Tag};
use sha2::{Digest as _, Sha256};
use zeroize::ZeroizeOnDrop;

/// The two salts of one envelope; wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub struct Salts {
    /// Salt of the leaf's commitment.
    pub leaf: [u8; 32],
    /// Salt of the content digest; of an audit record it gives every event
    /// salt, so it never leaves with an audit proof.
    pub content: [u8; 32],
}

impl Salts {
    /// The salt of one patient's event of an audit record;
    /// [`Tag::ZERO`] where no patient is concerned.
    #[must_use]
    pub fn event_salt(&self, patient: Tag) -> [u8; 32] {
        *derive(&self.content, &[b"chartseal/1/event", patient.as_bytes()])
    }

    /// What a hashed AuditEvent holds in place of a query's text, before base64.
    #[must_use]
    pub fn query_digest(&self, text: &str) -> Digest {
        let salt = derive(&self.content, &[b"chartseal/1/query"]);
        let hash = Sha256::new()
            .chain_update(b"chartseal/1/query\n")
            .chain_update(salt.as_slice())
            .chain_update(text.as_bytes());
        Digest::new(hash.finalize().into())
    }
}
