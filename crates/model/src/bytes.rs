//! Fixed-length byte strings, each a type of its own; hex on display and in JSON.

use crate::Invalid;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// Decodes exactly `N` bytes of lower-case hex.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

macro_rules! byte_type {
    ($(#[$doc:meta])* $name:ident, $len:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes the bytes as they are.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Takes a slice of exactly the right length.
            ///
            /// # Errors
            /// When the length differs.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, Invalid> {
                let bytes = bytes.try_into().map_err(|_| Invalid {
                    what: stringify!($name),
                    rule: concat!(stringify!($len), " bytes"),
                })?;
                Ok(Self(bytes))
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                decode(text).map(Self).ok_or(Invalid { what: stringify!($name), rule: $rule })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

byte_type!(
    /// A record, patient, user or client without its name: a keyed hash of
    /// type and id under the facility's id root (docs/storage-format.md).
    Tag, 16, "32 lower-case hex digits"
);
byte_type!(
    /// A search value without the value (docs/storage-format.md).
    Token, 16, "32 lower-case hex digits"
);
byte_type!(
    /// Names a data key; random.
    DataKeyId, 16, "32 lower-case hex digits"
);
byte_type!(
    /// A SHA-256 value.
    Digest, 32, "64 lower-case hex digits"
);
byte_type!(
    /// What the log holds of a statement (docs/proof-format.md).
    Commitment, 32, "64 lower-case hex digits"
);
byte_type!(
    /// Names a log on the chain without naming the hospital (docs/proof-format.md).
    LogId, 32, "64 lower-case hex digits"
);

impl Tag {
    /// The tag of scopes without a subject, and of "no patient".
    pub const ZERO: Self = Self([0; 16]);
}

impl Digest {
    /// Stands for "no policy set in force is valid".
    pub const ZERO: Self = Self([0; 32]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hex_round_trips(bytes: [u8; 16]) {
            let tag = Tag::new(bytes);
            prop_assert_eq!(tag.to_string().parse::<Tag>(), Ok(tag));
        }
    }

    #[test]
    fn only_lower_case_hex_of_the_right_length_is_read() {
        for text in [
            "",
            "00",
            &"0".repeat(31),
            &"0".repeat(33),
            &"A".repeat(32),
            &"g".repeat(32),
        ] {
            assert!(text.parse::<Tag>().is_err(), "{text}");
        }
    }
}
