//! The number under which the values of a search parameter stand in a card.

use sha2::{Digest, Sha256};
use std::fmt;

/// The first four bytes of SHA-256 of `Type.param`, such as `Observation.value-quantity`.
/// The type is the record's own, for the parameters of every resource too
/// (`Observation._tag`). The generator of the definitions refuses a collision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterNumber(u32);

impl ParameterNumber {
    /// The number of a parameter of a type.
    #[must_use]
    pub fn of(resource_type: &str, parameter: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(resource_type)
            .chain_update(".")
            .chain_update(parameter)
            .finalize();
        let first = digest.first_chunk().copied().unwrap_or_default();
        Self(u32::from_be_bytes(first))
    }

    /// From the number as it stands in a card.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ParameterNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}
