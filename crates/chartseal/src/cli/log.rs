//! `chartseal log`: what can be done with the logs in the database.

use clap::{Args, Subcommand};
use model::FacilityName;
use std::path::PathBuf;

/// `chartseal log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LogCommand,
}

/// What can be done with a log.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Compare leaves, tiles, checkpoints, anchors, what the keys signed last and the chain
    /// with each other; over SQLite, stop `serve` first.
    Check(CheckArgs),
}

/// `chartseal log check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The facility; left out, all of them.
    pub facility: Option<FacilityName>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// Print what is found as JSON, a line for each log.
    #[arg(long)]
    pub json: bool,
}
