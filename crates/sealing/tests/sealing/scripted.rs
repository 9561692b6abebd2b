//! Randomness that was written down beforehand, and the vector files.

use model::{Random, RandomUnavailable};
use sealing::DataKey;
use serde_json::Value;
use std::{collections::VecDeque, path::Path, sync::Mutex};

/// Hands out the given bytes in order, then fails.
pub struct Scripted(Mutex<VecDeque<u8>>);

impl Scripted {
    pub fn new(bytes: &[&[u8]]) -> Self {
        Self(Mutex::new(bytes.concat().into()))
    }
}

impl Random for Scripted {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        let mut bytes = self.0.lock().unwrap();
        for byte in buffer {
            *byte = bytes.pop_front().ok_or(RandomUnavailable)?;
        }
        Ok(())
    }
}

pub fn data_key(bytes: &[u8]) -> DataKey {
    DataKey::generate(&Scripted::new(&[bytes])).unwrap()
}

/// The file of this name under `tests/vectors`.
pub fn vectors(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

/// The elements of an array; never none, so that no test passes on an empty file.
pub fn elements(value: &Value) -> &[Value] {
    let elements = value.as_array().unwrap();
    assert!(!elements.is_empty());
    elements
}

pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

pub fn bytes(value: &Value, member: &str) -> Vec<u8> {
    hex::decode(text(value, member)).unwrap()
}

pub fn array<const N: usize>(value: &Value, member: &str) -> [u8; N] {
    bytes(value, member).try_into().unwrap()
}

pub fn number(value: &Value, member: &str) -> u32 {
    value[member].as_u64().unwrap().try_into().unwrap()
}
