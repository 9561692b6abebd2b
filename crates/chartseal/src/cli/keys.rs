//! `chartseal keys`.

use clap::{Args, Subcommand};
use model::FacilityName;
use std::path::PathBuf;

/// `chartseal keys`.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// What to show or do.
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// What can be asked about keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Key encryption keys, data keys by kind, log keys.
    List,
    /// Where each key is kept and who may open it.
    Custody,
    /// Give a log a new key, which signs beside the old one until `--finish`.
    Rotate(RotateArgs),
    /// Look at the keys of a log that has no mac that holds, and take them over.
    Adopt(AdoptKeysArgs),
}

/// `chartseal keys adopt`.
#[derive(Debug, Args)]
pub struct AdoptKeysArgs {
    /// The facility whose log it is.
    #[arg(long, value_name = "NAME")]
    pub facility: FacilityName,
    /// Take over what was shown; without it nothing is written.
    #[arg(long)]
    pub confirm: bool,
}

/// `chartseal keys rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The facility whose log it is.
    #[arg(long, value_name = "NAME")]
    pub facility: FacilityName,
    /// End the old key's signing.
    #[arg(long)]
    pub finish: bool,
}
