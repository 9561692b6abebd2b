//! Verifier keys as text: `<name>+<key id>+<base64 of type and key>`
//! (<https://c2sp.org/signed-note#signatures>).

use crate::notes::origin::Origin;
use crate::notes::{base64, origin::is_key_name};
use ed25519_dalek::{Signature, VerifyingKey};
use model::Invalid;
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};

/// The signature type of plain Ed25519.
pub(crate) const ED25519: u8 = 0x01;

/// `SHA-256(name ‖ 0x0A ‖ type ‖ public key)[..4]`; `typed` is type and key.
fn key_id(name: &str, typed: &[u8]) -> u32 {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name.as_bytes())
        .chain_update(b"\n")
        .chain_update(typed)
        .finalize()
        .into();
    let [a, b, c, d, ..] = hash;
    u32::from_be_bytes([a, b, c, d])
}

/// A key of any signature type: what witnesses have. Its signatures are not
/// checked here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessVkey {
    name: String,
    typed: Vec<u8>,
}

/// An Ed25519 key (type 0x01): what logs have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vkey {
    name: String,
    key: VerifyingKey,
}

const INVALID: Invalid = Invalid {
    what: "verifier key",
    rule: "`<name>+<8 hex digits>+<base64>` with the key id that belongs to the key",
};

impl WitnessVkey {
    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for WitnessVkey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // Base 64 may hold `+`, a name may not.
        let (name, rest) = text.split_once('+').ok_or(INVALID)?;
        let (id, typed) = rest.split_once('+').ok_or(INVALID)?;
        let typed = base64::decode(typed)
            .filter(|typed| typed.len() > 1)
            .ok_or(INVALID)?;
        if is_key_name(name) && id == format!("{:08x}", key_id(name, &typed)) {
            Ok(Self {
                name: name.to_owned(),
                typed,
            })
        } else {
            Err(INVALID)
        }
    }
}

impl fmt::Display for WitnessVkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = key_id(&self.name, &self.typed);
        write!(f, "{}+{id:08x}+{}", self.name, base64::encode(&self.typed))
    }
}

impl Vkey {
    /// A log's key by its bytes; `None` when they are no point of the curve.
    #[must_use]
    pub fn of_log(origin: &Origin, public_key: &[u8; 32]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(public_key).ok()?;
        Some(Self::new(origin.as_str(), key))
    }

    pub(crate) fn new(name: &str, key: VerifyingKey) -> Self {
        Self {
            name: name.to_owned(),
            key,
        }
    }

    /// The key's name, which for a log's key is its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The four bytes that stand before its signatures.
    #[must_use]
    pub fn id(&self) -> u32 {
        key_id(&self.name, &self.typed())
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    fn typed(&self) -> Vec<u8> {
        let mut typed = vec![ED25519];
        typed.extend_from_slice(self.key.as_bytes());
        typed
    }

    /// Whether `signature` is this key's over `text`. Strict: small-order
    /// points and second spellings of a signature are refused.
    #[must_use]
    pub fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .and_then(|signature| self.key.verify_strict(text.as_bytes(), &signature))
            .is_ok()
    }
}

impl FromStr for Vkey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let any: WitnessVkey = text.parse()?;
        let key = match any.typed.split_first() {
            Some((&ED25519, key)) => VerifyingKey::try_from(key).ok(),
            _ => None,
        };
        // A small-order key verifies nothing strictly; say so at once.
        let key = key.filter(|key| !key.is_weak()).ok_or(Invalid {
            what: "log key",
            rule: "an Ed25519 key of type 0x01",
        })?;
        Ok(Self {
            name: any.name,
            key,
        })
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}+{:08x}+{}",
            self.name,
            self.id(),
            base64::encode(&self.typed())
        )
    }
}
