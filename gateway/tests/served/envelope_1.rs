//! Envelopes of format 1, as version 0.1 wrote them, made of those of format 2
//! (docs/storage-format.md, "Envelopes"): key, salt and ciphertext stay, so that the leaf
//! salt does, and the tag is made anew without what the row says in clear.

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use hkdf::Hkdf;
use serde_json::Value;
use sha2::Sha512;
use std::{fs, path::Path};

/// Where salt, nonce and ciphertext of an envelope begin.
const SALT: usize = 17;
const NONCE: usize = 81;
const CIPHERTEXT: usize = 93;

/// Encrypts in place; gives the tag.
fn encrypt(key: &[u8], nonce: &[u8], aad: &[u8], bytes: &mut [u8]) -> Vec<u8> {
    let nonce: [u8; 12] = nonce.try_into().unwrap();
    let cipher = Aes256Gcm::new_from_slice(key).unwrap();
    let tag = cipher.encrypt_inout_detached(&nonce.into(), aad, bytes.into());
    tag.unwrap().to_vec()
}

/// What stands in a ciphertext. The tag is not looked at.
fn decrypted(key: &[u8], nonce: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let mut stream = vec![0; ciphertext.len()];
    drop(encrypt(key, nonce, b"", &mut stream));
    let pairs = stream.iter().zip(ciphertext);
    pairs.map(|(one, other)| one ^ other).collect()
}

/// The key in a wrapped one.
pub fn unwrapped(wrapping: &[u8], wrapped: &[u8]) -> Vec<u8> {
    decrypted(wrapping, &wrapped[..12], &wrapped[12..44])
}

/// The newest root key of a facility in a key file.
pub fn root_key(file: &Path, facility: &str) -> Vec<u8> {
    let file: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let mut roots = file["roots"].as_array().unwrap().iter();
    let root = roots.rfind(|root| root["facility"] == facility).unwrap();
    hex::decode(root["key"].as_str().unwrap()).unwrap()
}

/// The same content in format 1.
pub fn turned_back(
    key: &[u8],
    facility: &str,
    row: (&str, &[u8], u32),
    envelope: &[u8],
) -> Vec<u8> {
    let (kind, record, number) = row;
    let mut derived = [0; 128];
    Hkdf::<Sha512>::new(Some(&envelope[SALT..SALT + 32]), key)
        .expand(b"chartseal/1/seal", &mut derived)
        .unwrap();
    let end = envelope.len() - 16;
    let (nonce, ciphertext) = (&envelope[NONCE..CIPHERTEXT], &envelope[CIPHERTEXT..end]);
    let mut plain = decrypted(&derived[..32], nonce, ciphertext);
    let lp = |text: &str| {
        let length = u32::try_from(text.len()).unwrap();
        [length.to_be_bytes().as_slice(), text.as_bytes()].concat()
    };
    let aad = [
        lp("chartseal/1/seal").as_slice(),
        &lp(facility),
        &envelope[1..SALT],
        &lp(kind),
        record,
        &number.to_be_bytes(),
    ]
    .concat();
    let tag = encrypt(&derived[..32], nonce, &aad, &mut plain);
    [[1].as_slice(), &envelope[1..CIPHERTEXT], &plain, &tag].concat()
}
