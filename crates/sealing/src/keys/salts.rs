//! The salts that come out of an envelope's key: without them, destroyed with
//! the data key, nothing in the log can be matched to a guessed record.

use crate::{envelope::length_prefix, keys::derive::derive};
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
    /// The salt of one patient's event of an audit record of renderer 1;
    /// [`Tag::ZERO`] where no patient is concerned.
    #[must_use]
    pub fn event_salt_1(&self, patient: Tag) -> [u8; 32] {
        *derive(&self.content, &[b"chartseal/1/event", patient.as_bytes()])
    }

    /// The salt of one event of an audit record of renderer 2, of which one patient
    /// may have several.
    #[must_use]
    pub fn event_salt_2(&self, patient: Tag, interaction: &str) -> [u8; 32] {
        let interaction = interaction.as_bytes();
        let length = length_prefix::length(interaction);
        let info: [&[u8]; 4] = [
            b"chartseal/2/event",
            patient.as_bytes(),
            &length,
            interaction,
        ];
        *derive(&self.content, &info)
    }

    /// What an AuditEvent of renderer 1 holds in place of a query's text, before base64.
    #[must_use]
    pub fn query_digest_1(&self, text: &str) -> Digest {
        digest(&derive(&self.content, &[b"chartseal/1/query"]), text)
    }

    /// What an AuditEvent of renderer 2 holds in place of query text `number` of its
    /// record.
    #[must_use]
    pub fn query_digest_2(&self, number: u32, text: &str) -> Digest {
        let number = number.to_be_bytes();
        let info: [&[u8]; 2] = [b"chartseal/2/query", &number];
        digest(&derive(&self.content, &info), text)
    }
}

fn digest(salt: &[u8; 32], text: &str) -> Digest {
    let hash = Sha256::new()
        .chain_update(b"chartseal/1/query\n")
        .chain_update(salt)
        .chain_update(text.as_bytes());
    Digest::new(hash.finalize().into())
}
