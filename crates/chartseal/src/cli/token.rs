//! `chartseal token`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `chartseal token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What can be asked about a token.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Hold a token against the configuration, with no network; the signature is not
    /// checked.
    Explain(ExplainArgs),
}

/// `chartseal token explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The file that holds the token.
    #[arg(value_name = "FILE")]
    pub token: PathBuf,
    /// The gateway's configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
}
