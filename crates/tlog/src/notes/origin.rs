//! The origin of a log: its name in checkpoints, and the name of its keys
//! (docs/proof-format.md, section 4; <https://c2sp.org/tlog-checkpoint>).

use model::{FacilityName, Invalid, LogId};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};

/// `<log host>/log/<facility>`, or with `/<n>` for log epoch n from 2 on. As
/// read from elsewhere: not empty, no white space, no control character, no `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin of a facility's log of this epoch, from 1.
    ///
    /// # Errors
    /// When the host breaks the rule of key names.
    pub fn new(log_host: &str, facility: &FacilityName, epoch: u32) -> Result<Self, Invalid> {
        match epoch {
            0 | 1 => format!("{log_host}/log/{facility}").parse(),
            epoch => format!("{log_host}/log/{facility}/{epoch}").parse(),
        }
    }

    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `SHA-256("chartseal/1/logid\n" ‖ first public key ‖ origin)`: the name of
    /// the log on the chain.
    #[must_use]
    pub fn log_id(&self, first_public_key: &[u8; 32]) -> LogId {
        let hash = Sha256::new()
            .chain_update(b"chartseal/1/logid\n")
            .chain_update(first_public_key)
            .chain_update(self.0.as_bytes());
        LogId::new(hash.finalize().into())
    }
}

/// Whether a text can name a key (<https://c2sp.org/signed-note#format>).
pub(crate) fn is_key_name(text: &str) -> bool {
    let barred = |c: char| c.is_whitespace() || c < ' ' || c == '+';
    !text.is_empty() && !text.contains(barred)
}

impl FromStr for Origin {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        is_key_name(text)
            .then(|| Self(text.to_owned()))
            .ok_or(Invalid {
                what: "origin",
                rule: "a name without white space and `+`",
            })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_follow_host_facility_and_epoch() {
        let facility = "st-mary".parse().expect("a facility");
        let origin = |epoch| Origin::new("gw.example", &facility, epoch).expect("an origin");
        assert_eq!(origin(1).as_str(), "gw.example/log/st-mary");
        assert_eq!(origin(2).as_str(), "gw.example/log/st-mary/2");
        for host in ["gw example", "gw+1", "gw\n", "gw\u{a0}"] {
            assert!(Origin::new(host, &facility, 1).is_err(), "{host:?}");
        }
    }
}
