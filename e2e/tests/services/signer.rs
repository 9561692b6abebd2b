//! Tokens made by hand: a P-256 key, and any header and claims under it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign, jwk::Jwk};
use p256::{
    SecretKey,
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};
use serde_json::{Value, json};

/// A key with its id. The same seed makes the same key.
#[derive(Clone)]
pub struct Signer {
    pub id: String,
    seed: u8,
    key: EncodingKey,
}

impl Signer {
    pub fn new(id: &str, seed: u8) -> Self {
        let der = secret(seed).to_pkcs8_der().unwrap();
        Self {
            id: id.to_owned(),
            seed,
            key: EncodingKey::from_ec_der(der.as_bytes()),
        }
    }

    pub fn public_jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, Algorithm::ES256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = self.id.clone().into();
        jwk["use"] = "sig".into();
        jwk["alg"] = "ES256".into();
        jwk
    }

    pub fn private_jwk(&self) -> Value {
        let mut jwk = self.public_jwk();
        jwk["d"] = BASE64URL.encode([self.seed; 32]).into();
        jwk
    }

    pub fn public_pem(&self) -> String {
        let key = secret(self.seed).public_key();
        key.to_public_key_pem(LineEnding::LF).unwrap()
    }

    pub fn header(&self, typ: &str) -> Value {
        json!({"alg": "ES256", "typ": typ, "kid": self.id})
    }

    /// Signed by ES256, whatever the header says.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, &self.key, Algorithm::ES256)
    }
}

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_slice(&[seed; 32]).unwrap()
}

/// A token with exactly this header and these claims.
pub fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let input = format!("{}.{}", part(header), part(claims));
    let signature = sign(input.as_bytes(), key, algorithm).unwrap();
    format!("{input}.{signature}")
}

pub fn part(value: &Value) -> String {
    BASE64URL.encode(value.to_string())
}

/// Header and claims of a token, unverified.
pub fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = BASE64URL.decode(part).unwrap();
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}
