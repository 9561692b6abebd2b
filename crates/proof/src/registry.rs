//! The address of a registry contract.

use model::Invalid;
use std::{fmt, str::FromStr};

/// An address: `0x` and 40 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry(pub [u8; 20]);

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl FromStr for Registry {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut address = [0; 20];
        let digits = text.strip_prefix("0x").unwrap_or_default();
        let registry = hex::decode_to_slice(digits, &mut address).map(|()| Self(address));
        // The second half refuses upper case.
        registry
            .ok()
            .filter(|registry| registry.to_string() == text)
            .ok_or(Invalid {
                what: "address",
                rule: "`0x` and 40 lower-case hex digits",
            })
    }
}
