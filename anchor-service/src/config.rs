//! The section `anchor` of the configuration. Unknown keys are refused, and so
//! are values that cannot work together.

mod rpc;

pub use rpc::RpcUrl;

use crate::{
    ledger::{FinalityRule, evm::Fees},
    posting::address::{self, AddressError},
};
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

/// What the operator says. Times are how often or after how long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the table `[anchor]`"
)]
pub struct Config {
    /// JSON-RPC of the L2's nodes, `http://` or `https://`: one or several.
    pub rpc_url: RpcUrl,
    /// Number of the chain that it must serve.
    pub chain_id: u64,
    /// Address of the registry contract: `0x` and 40 hex digits. Left out, the one
    /// that was noted in the database when it was deployed.
    #[serde(default)]
    pub registry: Option<String>,
    /// File of the submitter's key.
    pub submitter_key: PathBuf,
    /// Folder of the logs' keys.
    pub log_keys: PathBuf,
    /// File of what the logs' keys signed last; left out, `signed.json` in the folder of
    /// the keys.
    #[serde(default)]
    pub signed: Option<PathBuf>,
    /// When a block is final: `"tag"`, `{ depth = 10 }` or `"immediate"`.
    pub finality: FinalityRule,
    /// Milliseconds between looks for pending leaves.
    #[serde(default = "sequence_millis")]
    pub sequence_millis: u64,
    /// Milliseconds between checkpoints of a growing log.
    #[serde(default = "checkpoint_millis")]
    pub checkpoint_millis: u64,
    /// Milliseconds between posts.
    #[serde(default = "post_millis")]
    pub post_millis: u64,
    /// Seconds after which an unchanged log is anchored again; 0 for never.
    #[serde(default = "heartbeat_seconds")]
    pub heartbeat_seconds: u64,
    /// Seconds that the newest final anchor of a log may be old until the service says that
    /// it is not ready; 0 for any age. Left out, three times `heartbeatSeconds`, or three
    /// hours where there are none.
    #[serde(default)]
    pub max_anchor_age_seconds: Option<u64>,
    /// The hour of the day, UTC, at which the logs are checked as a whole.
    #[serde(default = "check_hour")]
    pub check_hour: u64,
    /// Seconds after which a transaction in no block is sent again.
    #[serde(default = "resend_seconds")]
    pub resend_seconds: u64,
    /// Seconds after which it is replaced at a higher price.
    #[serde(default = "replace_seconds")]
    pub replace_seconds: u64,
    /// Gwei paid for a unit of gas at most.
    #[serde(default = "max_fee_gwei")]
    pub max_fee_gwei: u64,
    /// Gwei of it that are a tip, at most.
    #[serde(default = "max_tip_gwei")]
    pub max_tip_gwei: u64,
    /// Gwei that the submitter's account should have at least; left out, what a day of
    /// writing costs at the day's price.
    #[serde(default)]
    pub min_balance_gwei: Option<u64>,
}

const THREE_HOURS: u64 = 10_800;

const fn sequence_millis() -> u64 {
    200
}
const fn checkpoint_millis() -> u64 {
    1_000
}
const fn post_millis() -> u64 {
    2_000
}
const fn heartbeat_seconds() -> u64 {
    3_600
}
const fn check_hour() -> u64 {
    2
}
const fn resend_seconds() -> u64 {
    10
}
const fn replace_seconds() -> u64 {
    48
}
const fn max_fee_gwei() -> u64 {
    500
}
const fn max_tip_gwei() -> u64 {
    100
}

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a URL that can be asked.
    #[error("`rpcUrl` must start with `http://` or `https://`")]
    RpcUrl,
    /// No nodes, or more than are asked.
    #[error("`rpcUrl` must name 1 to 16 nodes")]
    RpcNodes,
    /// A password where it is printed.
    #[error("`rpcUrl` must hold no user and password; write `user` and `password` beside `url`")]
    RpcPassword,
    /// Half of what opens a node, or two ways.
    #[error("a node of `rpcUrl` has either `bearer`, or `user` and `password`, or neither")]
    RpcAuthorization,
    /// The password would begin within it.
    #[error("a `user` of `rpcUrl` must hold no colon")]
    RpcUser,
    /// Not an address.
    #[error("`registry`: {0}")]
    Registry(#[from] AddressError),
    /// A period of nothing.
    #[error("`{0}` must be at least {1}")]
    TooSmall(&'static str, u64),
    /// A period that makes no sense.
    #[error("`{0}` must be at most {1}")]
    TooLarge(&'static str, u64),
    /// Every quiet log would be too old between two heartbeats.
    #[error("`maxAnchorAgeSeconds` must be greater than `heartbeatSeconds`, or 0")]
    AgeWithinHeartbeat,
    /// Replaced before it is sent again.
    #[error("`replaceSeconds` must not be smaller than `resendSeconds`")]
    ReplaceBeforeResend,
}

impl Config {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// Names the first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.rpc_url.validate()?;
        self.registry_address()?;
        for (name, value, least, most) in [
            ("sequenceMillis", self.sequence_millis, 10, 60_000),
            ("checkpointMillis", self.checkpoint_millis, 10, 3_600_000),
            ("postMillis", self.post_millis, 10, 86_400_000),
            ("checkHour", self.check_hour, 0, 23),
            ("resendSeconds", self.resend_seconds, 1, 86_400),
            ("replaceSeconds", self.replace_seconds, 1, 86_400),
            ("heartbeatSeconds", self.heartbeat_seconds, 0, 31_536_000),
            ("maxAnchorAgeSeconds", self.max_anchor_age(), 0, 94_608_000),
            ("maxFeeGwei", self.max_fee_gwei, 0, 1_000_000),
            ("maxTipGwei", self.max_tip_gwei, 0, 1_000_000),
        ] {
            if value < least {
                return Err(ConfigError::TooSmall(name, least));
            }
            if value > most {
                return Err(ConfigError::TooLarge(name, most));
            }
        }
        if let FinalityRule::Depth(depth) = self.finality
            && depth > 1_000_000
        {
            return Err(ConfigError::TooLarge("finality.depth", 1_000_000));
        }
        if (1..=self.heartbeat_seconds).contains(&self.max_anchor_age()) {
            return Err(ConfigError::AgeWithinHeartbeat);
        }
        if self.replace_seconds < self.resend_seconds {
            return Err(ConfigError::ReplaceBeforeResend);
        }
        Ok(())
    }

    /// The registry's address, where one is configured.
    ///
    /// # Errors
    /// When it is not written as one.
    pub fn registry_address(&self) -> Result<Option<[u8; 20]>, ConfigError> {
        let parsed = self.registry.as_deref().map(address::parse);
        Ok(parsed.transpose()?)
    }

    /// Where the states that the logs' keys signed last are kept.
    #[must_use]
    pub fn signed_file(&self) -> PathBuf {
        let usual = || self.log_keys.join("signed.json");
        self.signed.clone().unwrap_or_else(usual)
    }

    /// Seconds that the newest final anchor may be old; 0 for any age.
    pub(crate) fn max_anchor_age(&self) -> u64 {
        let usual = || match self.heartbeat_seconds {
            0 => THREE_HOURS,
            seconds => seconds.saturating_mul(3),
        };
        self.max_anchor_age_seconds.unwrap_or_else(usual)
    }

    /// What is paid for gas, at most.
    #[must_use]
    pub const fn fees(&self) -> Fees {
        Fees::in_gwei(self.max_fee_gwei, self.max_tip_gwei)
    }

    pub(crate) const fn sequence_every(&self) -> Duration {
        Duration::from_millis(self.sequence_millis)
    }

    pub(crate) const fn checkpoint_every(&self) -> Duration {
        Duration::from_millis(self.checkpoint_millis)
    }

    pub(crate) const fn post_every(&self) -> Duration {
        Duration::from_millis(self.post_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sample() -> Value {
        json!({
            "rpcUrl": "http://127.0.0.1:8545",
            "chainId": 31_337,
            "registry": "0x00000000000000000000000000000000000000ab",
            "submitterKey": "keys/submitter",
            "logKeys": "keys",
            "finality": { "depth": 4 },
        })
    }

    fn with(name: &str, value: Value) -> Result<Config, serde_json::Error> {
        let mut config = sample();
        config[name] = value;
        serde_json::from_value(config)
    }

    #[test]
    fn a_sample_is_read_with_its_defaults() {
        let config: Config = serde_json::from_value(sample()).unwrap();
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.finality, FinalityRule::Depth(4));
        assert_eq!(config.registry_address().unwrap().unwrap()[19], 0xab);
        assert_eq!(
            (config.checkpoint_millis, config.heartbeat_seconds),
            (1_000, 3_600)
        );
        assert_eq!(
            with("finality", json!("tag")).unwrap().finality,
            FinalityRule::Tag
        );
        assert_eq!(
            with("finality", json!("immediate")).unwrap().finality,
            FinalityRule::Immediate
        );
    }

    #[test]
    fn unknown_keys_and_values_that_cannot_work_are_refused() {
        assert!(with("rpcURL", json!("http://x")).is_err());
        assert!(with("finality", json!("soon")).is_err());
        assert!(with("finality", json!({ "depth": 1, "height": 1 })).is_err());
        for (name, value, error) in [
            ("rpcUrl", json!("ws://x"), ConfigError::RpcUrl),
            ("registry", json!("0x12"), AddressError::Form.into()),
            (
                "registry",
                json!("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"),
                AddressError::Checksum.into(),
            ),
            (
                "postMillis",
                json!(0),
                ConfigError::TooSmall("postMillis", 10),
            ),
            ("checkpointMillis", json!(u64::MAX), {
                ConfigError::TooLarge("checkpointMillis", 3_600_000)
            }),
            (
                "checkHour",
                json!(24),
                ConfigError::TooLarge("checkHour", 23),
            ),
            ("replaceSeconds", json!(5), ConfigError::ReplaceBeforeResend),
            (
                "maxAnchorAgeSeconds",
                json!(3_600),
                ConfigError::AgeWithinHeartbeat,
            ),
        ] {
            assert_eq!(with(name, value).unwrap().validate(), Err(error));
        }
    }
}
