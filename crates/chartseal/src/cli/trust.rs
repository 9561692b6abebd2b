//! `chartseal trust`: what a verifier believes.

use anchor_service::{ledger::FinalityRule, posting::address::AddressError};
use clap::{Args, Subcommand};
use model::{FacilityName, LogId};
use proof::ChainKind;
use std::path::PathBuf;
use tlog::notes::checkpoint::Vkey;

/// `chartseal trust`.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// What to do with a trust file.
    #[command(subcommand)]
    pub command: TrustCommand,
}

/// What can be done with a trust file.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Read the final anchors of a log from a node; what the file has already stays.
    Refresh(RefreshArgs),
}

/// `chartseal trust refresh`.
#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// JSON-RPC of a node that you trust, not the operator's.
    #[arg(long, value_name = "URL")]
    pub rpc: String,
    /// The registry's address.
    #[arg(long, value_name = "0x...", value_parser = address)]
    pub registry: proof::Registry,
    /// The log's key as `chartseal init` printed it; once more for each further key, the
    /// log's first key first.
    #[arg(long, value_name = "VKEY", required = true)]
    pub log: Vec<Vkey>,
    /// The log's id, where its first key is not at hand.
    #[arg(long, value_name = "0x...", value_parser = log_id)]
    pub log_id: Option<LogId>,
    /// The facility whose log it is.
    #[arg(long, value_name = "NAME")]
    pub facility: FacilityName,
    /// Add the anchor that this proof names, if the chain has it.
    #[arg(long, value_name = "FILE")]
    pub proof: Vec<PathBuf>,
    /// The newest anchors that are read.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub anchors: u32,
    /// When a block is final: `tag`, `immediate` (QBFT, IBFT 2) or `depth=N`.
    #[arg(long, value_name = "RULE", default_value = "tag", value_parser = finality)]
    pub finality: FinalityRule,
    /// How the chain hashes its headers: `ethereum` or `qbft`.
    #[arg(long, value_name = "KIND", default_value = "ethereum")]
    pub kind: ChainKind,
    /// The trust file to make or renew; left out, it is printed.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// With `0x` as chains write it, or without as files of trust do.
fn log_id(text: &str) -> Result<LogId, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let id = digits.to_ascii_lowercase().parse();
    id.map_err(|_| "a log id has 64 hex digits, with or without `0x` before them".to_owned())
}

/// Often copied with the capitals of a checksum.
pub(super) fn address(text: &str) -> Result<proof::Registry, AddressError> {
    anchor_service::posting::address::parse(text).map(proof::Registry)
}

fn finality(text: &str) -> Result<FinalityRule, String> {
    match (text, text.strip_prefix("depth=")) {
        ("tag", _) => Ok(FinalityRule::Tag),
        ("immediate", _) => Ok(FinalityRule::Immediate),
        (_, Some(depth)) => {
            let depth = depth.parse().map_err(|_| "the depth must be a number");
            Ok(FinalityRule::Depth(depth?))
        }
        _ => Err("`tag`, `immediate` or `depth=N`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_id_is_read_with_and_without_0x() {
        let digits = "ab".repeat(32);
        for text in [
            digits.clone(),
            format!("0x{digits}"),
            format!("0x{}", digits.to_uppercase()),
        ] {
            assert_eq!(log_id(&text), Ok(LogId::new([0xab; 32])), "{text}");
        }
        for text in [
            String::new(),
            "0x".to_owned(),
            "0xab".to_owned(),
            format!("{digits}0"),
            format!("0x0x{digits}"),
            "zz".repeat(32),
        ] {
            let refused = log_id(&text).unwrap_err();
            assert!(refused.contains("64 hex digits"), "{text}: {refused}");
        }
    }
}
