//! The signing keys (ES256, RFC 7518 3.4) and their public set (RFC 7517).

use super::{IssuerError, private_file, secret::Secret};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use model::Random;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const FILE: &str = "issuer-keys.json";

/// A public key in the key set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PublicKey {
    kty: String,
    crv: String,
    x: String,
    y: String,
    #[serde(rename = "use")]
    purpose: String,
    alg: String,
    kid: String,
}

/// What the file holds. Of former keys only the public half is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    current: Secret,
    former: Vec<PublicKey>,
}

/// The key that signs, and those that did.
pub(crate) struct Keys {
    path: PathBuf,
    current: SigningKey,
    former: Vec<PublicKey>,
}

impl Keys {
    /// Reads the keys, or makes the first one.
    pub(crate) fn establish(dir: &Path, random: &dyn Random) -> Result<Self, IssuerError> {
        let path = dir.join(FILE);
        let Some(bytes) = private_file::read(&path)? else {
            let keys = Self {
                path,
                current: generate(random)?,
                former: Vec::new(),
            };
            keys.keep()?;
            return Ok(keys);
        };
        let damaged = || IssuerError::Damaged { path: path.clone() };
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        let scalar = Zeroizing::new(
            BASE64URL
                .decode(kept.current.reveal())
                .map_err(|_| damaged())?,
        );
        Ok(Self {
            current: SigningKey::from_slice(&scalar).map_err(|_| damaged())?,
            former: kept.former,
            path,
        })
    }

    /// Puts a new key in the place of the one that signs.
    pub(crate) fn rotate(&mut self, random: &dyn Random) -> Result<(), IssuerError> {
        let mut former = self.former.clone();
        former.push(self.public());
        let next = Self {
            path: self.path.clone(),
            current: generate(random)?,
            former,
        };
        next.keep()?;
        *self = next;
        Ok(())
    }

    /// The key set: the key that signs first.
    pub(crate) fn set(&self) -> Vec<PublicKey> {
        let mut set = vec![self.public()];
        set.extend(self.former.iter().rev().cloned());
        set
    }

    /// The name of the key that signs.
    pub(crate) fn kid(&self) -> String {
        self.public().kid
    }

    /// The signature of a JWS (RFC 7518 3.4): r and s, 32 bytes each.
    pub(crate) fn sign(&self, input: &[u8]) -> Vec<u8> {
        let signature: Signature = self.current.sign(input);
        signature.to_bytes().to_vec()
    }

    fn public(&self) -> PublicKey {
        let point = self.current.verifying_key().to_sec1_point(false);
        let coordinate = |bytes: Option<&[u8]>| BASE64URL.encode(bytes.unwrap_or_default());
        let x = coordinate(point.as_bytes().get(1..33));
        let y = coordinate(point.as_bytes().get(33..65));
        // The thumbprint of RFC 7638: members in this order, nothing else.
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        PublicKey {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            purpose: "sig".to_owned(),
            alg: "ES256".to_owned(),
            kid: BASE64URL.encode(Sha256::digest(members)),
            x,
            y,
        }
    }

    fn keep(&self) -> Result<(), IssuerError> {
        let scalar = Zeroizing::new(self.current.to_bytes());
        let kept = Kept {
            current: Secret::new(BASE64URL.encode(scalar.as_slice())),
            former: self.former.clone(),
        };
        let bytes = serde_json::to_vec_pretty(&kept).map_err(|_| IssuerError::Damaged {
            path: self.path.clone(),
        })?;
        private_file::write(&self.path, &Zeroizing::new(bytes))
    }
}

fn generate(random: &dyn Random) -> Result<SigningKey, IssuerError> {
    loop {
        let mut scalar = Zeroizing::new([0_u8; 32]);
        random.fill(scalar.as_mut())?;
        // One draw in 2^32 is not below the group's order.
        if let Ok(key) = SigningKey::from_slice(scalar.as_ref()) {
            return Ok(key);
        }
    }
}
