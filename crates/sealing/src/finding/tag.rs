//! Tags: names of records, patients, users and clients that say nothing without
//! the facility's id root, and are the same each time.

use crate::{DataKey, envelope::length_prefix, keys::derive::derive};
use hmac::{Hmac, KeyInit, Mac};
use model::{Tag, Token};
use sha2::Sha256;
use zeroize::Zeroizing;

/// HMAC-SHA256 under a derived key, cut to 16 bytes.
#[derive(Clone)]
pub(crate) struct ShortMac(Hmac<Sha256>);

impl ShortMac {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // A key shorter than the block is filled up with zeros (RFC 2104, 2).
        let mut block = Zeroizing::new([[0; 32]; 2]);
        let [start, _] = &mut *block;
        *start = *key;
        let mut mac_key = hmac::digest::Key::<Hmac<Sha256>>::default();
        mac_key.copy_from_slice(block.as_flattened());
        let mac = Self(Hmac::new(&mac_key));
        zeroize::Zeroize::zeroize(mac_key.as_mut_slice());
        mac
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn add_prefixed(&mut self, bytes: &[u8]) {
        self.add(&length_prefix::length(bytes));
        self.add(bytes);
    }

    /// All 32 bytes, for those who add many of them up.
    pub(crate) fn whole(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }

    fn finish(self) -> [u8; 16] {
        let [short, _] = halves(self.whole());
        short
    }

    pub(crate) fn into_token(self) -> Token {
        Token::new(self.finish())
    }
}

fn halves(whole: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    halves.as_flattened_mut().copy_from_slice(&whole);
    halves
}

/// Makes the tags of one facility. The id root never rotates: rows, leaves and
/// envelopes name records by its tags.
pub struct IdRoot(ShortMac);

impl IdRoot {
    /// From the data key of the facility's scope `IdRoot`.
    #[must_use]
    pub fn new(root: &DataKey) -> Self {
        Self(ShortMac::new(&derive(
            root.0.as_bytes(),
            &[b"chartseal/1/id"],
        )))
    }

    /// The tag of the record of this type and logical id; a patient's tag is
    /// the record tag of the Patient.
    #[must_use]
    pub fn record_tag(&self, resource_type: &str, id: &str) -> Tag {
        self.tag(resource_type, &[id])
    }

    /// The tag of a user: the record tag of `#user` and issuer, line feed,
    /// subject. An issuer is a configured URL, so it has no line feed.
    #[must_use]
    pub fn user_tag(&self, issuer: &str, subject: &str) -> Tag {
        self.tag("#user", &[issuer, "\n", subject])
    }

    /// The tag of a client: the record tag of `#client` and the client id.
    #[must_use]
    pub fn client_tag(&self, client: &str) -> Tag {
        self.tag("#client", &[client])
    }

    /// The tag of an idempotency key, which is its caller's own: the record tag of
    /// `#idempotency` and the tags of user and client in hex, the key, each but the
    /// last followed by a line feed.
    #[must_use]
    pub fn idempotency_tag(&self, user: Tag, client: Tag, key: &str) -> Tag {
        let (user, client) = (user.to_string(), client.to_string());
        self.tag("#idempotency", &[&user, "\n", &client, "\n", key])
    }

    /// The tag of criteria by which records of a type are chosen: the record tag of
    /// `#criteria` and the type, line feed, the criteria. It names a lock and is not stored.
    #[must_use]
    pub fn criteria_tag(&self, resource_type: &str, criteria: &str) -> Tag {
        self.tag("#criteria", &[resource_type, "\n", criteria])
    }

    fn tag(&self, resource_type: &str, id: &[&str]) -> Tag {
        let mut mac = self.0.clone();
        mac.add_prefixed(resource_type.as_bytes());
        mac.add_prefixed(id.concat().as_bytes());
        Tag::new(mac.finish())
    }
}
