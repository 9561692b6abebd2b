//! What names a record and its versions: type, logical id, version number.

use crate::Invalid;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::{fmt, str::FromStr};

/// The name of a resource type, such as `Observation`. Whether R4 defines the type is for
/// `fhir` to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ResourceType(String);

/// A logical id by the R4 rule: `[A-Za-z0-9\-\.]{1,64}`
/// (<https://hl7.org/fhir/R4/datatypes.html#id>), case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LogicalId(String);

/// The number of a version of a record, from 1; a delete takes one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VersionNumber(u32);

impl ResourceType {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LogicalId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl VersionNumber {
    /// The version that a create makes.
    pub const FIRST: Self = Self(1);
    /// The last that there can be.
    pub const MAX: Self = Self(u32::MAX);

    /// A version number from 1 on.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 {
            None
        } else {
            Some(Self(number))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The version after this one; `None` past 2^32 - 1.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The version before this one; `None` before the first.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).and_then(Self::new)
    }
}

impl FromStr for ResourceType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid {
                what: "resource type",
                rule: "a name of letters and digits",
            })
        }
    }
}

impl FromStr for LogicalId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let valid = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'.');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid {
                what: "id",
                rule: "1 to 64 of A-Z, a-z, 0-9, `-` and `.`",
            })
        }
    }
}

impl FromStr for VersionNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = Invalid {
            what: "version id",
            rule: "a whole number from 1",
        };
        if text.starts_with(['0', '+']) {
            return Err(invalid);
        }
        text.parse().ok().and_then(Self::new).ok_or(invalid)
    }
}

macro_rules! text_type {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}
text_type!(ResourceType LogicalId VersionNumber);

impl<'de> Deserialize<'de> for ResourceType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for LogicalId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logical_ids_keep_the_r4_rule() {
        for good in ["a", "A.b-9", &"x".repeat(64)] {
            assert!(good.parse::<LogicalId>().is_ok(), "{good}");
        }
        for bad in ["", "a_b", "a/b", "ü", "a b", &"x".repeat(65)] {
            assert!(bad.parse::<LogicalId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn resource_types_are_names_of_letters_and_digits() {
        for good in ["Observation", "a", "A1", &"x".repeat(64)] {
            assert!(good.parse::<ResourceType>().is_ok(), "{good}");
        }
        for bad in ["", "#query", "a#b", "a/b", "ü", "a b", &"x".repeat(65)] {
            assert!(bad.parse::<ResourceType>().is_err(), "{bad}");
        }
    }

    #[test]
    fn versions_are_plain_decimals_from_one() {
        assert_eq!("1".parse(), Ok(VersionNumber::FIRST));
        for bad in ["0", "01", "+1", "-1", "1.0", "", "4294967296"] {
            assert!(bad.parse::<VersionNumber>().is_err(), "{bad}");
        }
    }
}
