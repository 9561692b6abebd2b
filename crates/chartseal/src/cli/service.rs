//! The services: which configuration they run by.

use clap::Args;
use std::path::PathBuf;

/// What every service is told.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
}

/// `chartseal serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// Look at the keys, compare the logs with their checkpoints and the registry, and end;
    /// nobody is served and nothing written.
    #[arg(long)]
    pub check_only: bool,
}
