//! The leaf keys: by them the anchor-service knows which waiting leaves a gateway put
//! there, and up to where it brought a log itself. Someone who can write to the database
//! and holds none makes neither (docs/storage-format.md, "Waiting leaves").
//!
//! They open nothing. The store holds them, so that nothing can be put down without.

use crate::{
    Error, FacilityId,
    log::rows::{Log, NewLog, StoredLogKey},
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use model::{Commitment, Digest, LogId, Tag, Timestamp, VersionNumber};
use sha2::{Sha256, Sha512};
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};
use zeroize::Zeroize;

const OF_LEAF: &[u8] = b"chartseal/1/leaf";
const OF_STATE: &[u8] = b"chartseal/1/log-state";
const OF_ID: &[u8] = b"chartseal/1/leaf-key-id";
const OF_LOG_KEYS: &[u8] = b"chartseal/1/log-key";
const OF_META: &[u8] = b"chartseal/1/meta";

/// Bytes of a mac.
pub(crate) const MAC: usize = 16;

/// By what rows are shown to be ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysShown {
    /// The leaf key that makes macs.
    Newest,
    /// Another leaf key that is held.
    Older,
    /// There is no mac: an earlier release wrote them, or somebody took it away.
    Never,
    /// The mac that is there is of none of them.
    Wrong,
    /// No leaf key is held.
    Unknown,
}

/// What a leaf commits to, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeafName {
    /// Whose log it belongs to.
    pub facility: FacilityId,
    /// The record, audit record or statement.
    pub record: Tag,
    /// Which of its versions; 1 of an audit record and a statement.
    pub version: VersionNumber,
}

/// A row of `meta`, with what its mac is over beside it.
pub(crate) struct MetaRow<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    /// The bytes of the rows of other tables under the same mac.
    pub(crate) beside: &'a [u8],
}

impl<'a> MetaRow<'a> {
    /// One that stands for itself.
    pub(crate) const fn alone(name: &'a str, value: &'a str) -> Self {
        Self {
            name,
            value,
            beside: &[],
        }
    }
}

/// A key with those derived from it, ready to be used.
#[derive(Clone)]
pub(crate) struct LeafKey {
    leaf: Hmac<Sha256>,
    state: Hmac<Sha256>,
    /// Tells the key from others, and nothing of it.
    id: [u8; 4],
    log_keys: Hmac<Sha256>,
    meta: Hmac<Sha256>,
}

impl LeafKey {
    fn new(secret: &[u8; 32]) -> Self {
        let (mut pseudorandom_key, hkdf) = Hkdf::<Sha512>::extract(Some(b""), secret);
        pseudorandom_key.as_mut_slice().zeroize();
        let mut id = [0; 4];
        if hkdf.expand(OF_ID, &mut id).is_err() {
            // HKDF refuses nothing but a longer output.
            std::process::abort();
        }
        Self {
            leaf: derive(&hkdf, OF_LEAF),
            state: derive(&hkdf, OF_STATE),
            id,
            log_keys: derive(&hkdf, OF_LOG_KEYS),
            meta: derive(&hkdf, OF_META),
        }
    }

    fn of_leaf(&self, name: &LeafName, commitment: &Commitment) -> Hmac<Sha256> {
        // Each part has a fixed length, so no two leaves give the same bytes.
        let mut mac = self.leaf.clone();
        mac.update(&name.facility.0.to_be_bytes());
        mac.update(name.record.as_bytes());
        mac.update(&name.version.get().to_be_bytes());
        mac.update(commitment.as_bytes());
        mac
    }

    fn of_state(&self, log: LogId, size: u64, root: &Digest) -> Hmac<Sha256> {
        let mut mac = self.state.clone();
        mac.update(log.as_bytes());
        mac.update(&size.to_be_bytes());
        mac.update(root.as_bytes());
        mac
    }

    fn of_log_keys(&self, log: &NewLog, keys: &[StoredLogKey]) -> Hmac<Sha256> {
        // The number of keys stands before them, and what has no fixed length at the end.
        let mut mac = self.log_keys.clone();
        mac.update(&log.facility.0.to_be_bytes());
        mac.update(&log.epoch.to_be_bytes());
        mac.update(log.log_id.as_bytes());
        mac.update(&log.public_key);
        mac.update(&(keys.len() as u64).to_be_bytes());
        for key in keys {
            mac.update(&key.number.to_be_bytes());
            mac.update(&key.public_key);
            for time in [key.created, key.retired] {
                mac.update(&[u8::from(time.is_some())]);
                mac.update(&time.map_or(0, Timestamp::as_millis).to_be_bytes());
            }
        }
        mac.update(log.origin.as_bytes());
        mac
    }

    fn of_meta(&self, row: &MetaRow<'_>) -> Hmac<Sha256> {
        let mut mac = self.meta.clone();
        for text in [row.name, row.value] {
            mac.update(&(text.len() as u64).to_be_bytes());
            mac.update(text.as_bytes());
        }
        mac.update(row.beside);
        mac
    }

    pub(crate) fn leaf_mac(&self, name: &LeafName, commitment: &Commitment) -> [u8; MAC] {
        short(self.of_leaf(name, commitment))
    }

    pub(crate) fn state_mac(&self, log: LogId, size: u64, root: &Digest) -> [u8; MAC] {
        short(self.of_state(log, size, root))
    }

    pub(crate) fn log_keys_mac(&self, log: &NewLog, keys: &[StoredLogKey]) -> [u8; MAC] {
        short(self.of_log_keys(log, keys))
    }

    pub(crate) fn meta_mac(&self, row: &MetaRow<'_>) -> [u8; MAC] {
        short(self.of_meta(row))
    }
}

/// HMAC-SHA256 under the key that HKDF-SHA512 (RFC 5869) gives for a use.
fn derive(hkdf: &Hkdf<Sha512>, info: &[u8]) -> Hmac<Sha256> {
    // A key shorter than the block is filled up with zeros (RFC 2104, 2).
    let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
    let filled = key.as_mut_slice().get_mut(..32);
    if filled.is_none_or(|key| hkdf.expand(info, key).is_err()) {
        // HKDF refuses nothing but a longer key. Should it ever, no key of zeros may
        // come of it.
        std::process::abort();
    }
    let mac = Hmac::new(&key);
    key.as_mut_slice().zeroize();
    mac
}

fn short(mac: Hmac<Sha256>) -> [u8; MAC] {
    let mut short = [0; MAC];
    for (target, source) in short.iter_mut().zip(mac.finalize().into_bytes()) {
        *target = source;
    }
    short
}

/// The leaf keys that a store works with. Clones hold the same ones.
#[derive(Clone, Default)]
pub struct LeafKeys(Arc<RwLock<Arc<[LeafKey]>>>);

impl LeafKeys {
    /// Holds these in the place of those before. The first makes macs; each of them
    /// counts when one is checked.
    pub fn set<'a>(&self, secrets: impl IntoIterator<Item = &'a [u8; 32]>) {
        let keys = secrets.into_iter().map(LeafKey::new).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Whether whoever holds one of them brought the log to its size, with this root.
    #[must_use]
    pub fn show(&self, log: &Log, root: &Digest) -> bool {
        let made = |key: &LeafKey| key.of_state(log.log_id, log.size, root);
        log.state_mac
            .as_deref()
            .is_some_and(|mac| mac.len() == MAC && self.held().iter().any(|key| is(made(key), mac)))
    }

    /// The keys by their identifiers, 8 hex digits each, the one that makes macs first.
    #[must_use]
    pub fn ids(&self) -> String {
        let held = self.held();
        let ids = held
            .iter()
            .map(|key| format!("{:08x}", u32::from_be_bytes(key.id)));
        ids.collect::<Vec<_>>().join(" ")
    }

    /// By which of them a log's rows were put there.
    pub(crate) fn of_log(
        &self,
        log: &NewLog,
        keys: &[StoredLogKey],
        mac: Option<&[u8]>,
    ) -> KeysShown {
        self.shown(mac, |key| key.of_log_keys(log, keys))
    }

    /// By which of them a row of `meta` was put there.
    pub(crate) fn of_meta(&self, row: &MetaRow<'_>, mac: Option<&[u8]>) -> KeysShown {
        self.shown(mac, |key| key.of_meta(row))
    }

    fn shown(&self, mac: Option<&[u8]>, made: impl Fn(&LeafKey) -> Hmac<Sha256>) -> KeysShown {
        let held = self.held();
        let by = |mac: &[u8]| held.iter().position(|key| is(made(key), mac));
        match mac {
            _ if held.is_empty() => KeysShown::Unknown,
            None => KeysShown::Never,
            Some(mac) if mac.len() != MAC => KeysShown::Wrong,
            Some(mac) => match by(mac) {
                None => KeysShown::Wrong,
                Some(0) => KeysShown::Newest,
                Some(_) => KeysShown::Older,
            },
        }
    }

    /// Refuses where none is held: nothing with a mac can be written.
    ///
    /// # Errors
    /// When none is.
    pub fn require(&self) -> Result<(), Error> {
        self.newest().map(drop)
    }

    /// The key that makes macs.
    pub(crate) fn newest(&self) -> Result<LeafKey, Error> {
        self.held().first().cloned().ok_or(Error::NoLeafKey)
    }

    /// Every key.
    pub(crate) fn held(&self) -> Arc<[LeafKey]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for LeafKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeafKeys({})", self.held().len())
    }
}

/// Whether one of the keys made this mac of a leaf.
pub(crate) fn is_leaf_mac(
    keys: &[LeafKey],
    name: &LeafName,
    commitment: &Commitment,
    mac: &[u8],
) -> bool {
    let made = |key: &LeafKey| key.of_leaf(name, commitment);
    mac.len() == MAC && keys.iter().any(|key| is(made(key), mac))
}

fn is(made: Hmac<Sha256>, mac: &[u8]) -> bool {
    made.verify_truncated_left(mac).is_ok()
}

#[cfg(test)]
mod tests;
