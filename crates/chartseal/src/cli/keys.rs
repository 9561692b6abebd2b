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
