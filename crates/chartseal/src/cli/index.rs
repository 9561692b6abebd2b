//! `chartseal index`.

use super::ConfigArgs;
use clap::{Args, Subcommand};

/// `chartseal index`.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: IndexCommand,
}

/// What can be done about index cards and patient heads.
#[derive(Debug, Subcommand)]
pub enum IndexCommand {
    /// Make damaged and missing index cards and patient heads anew, from the versions; over
    /// SQLite, stop `serve` first.
    Rebuild(ConfigArgs),
}
