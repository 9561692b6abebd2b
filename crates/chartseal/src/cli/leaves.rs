//! `chartseal leaves`: leaves that were refused an index.

use clap::Args;
use model::{FacilityName, Tag, VersionNumber};
use std::path::PathBuf;

/// `chartseal leaves`.
#[derive(Debug, Args)]
pub struct LeavesArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// Let the rows have their leaves again that are good and have none.
    #[arg(long)]
    pub put_again: bool,
    /// Forget the refused leaves whose rows lack none, after you have looked at them.
    #[arg(long)]
    pub forget: bool,
    /// Of this facility alone.
    #[arg(long, value_name = "FACILITY")]
    pub facility: Option<FacilityName>,
    /// One row, whether a leaf of it was refused or not: its record tag, as the sweep
    /// names it.
    #[arg(long, value_name = "TAG", requires_all = ["facility", "put_again"])]
    pub record: Option<Tag>,
    /// The version of that row.
    #[arg(long, value_name = "NUMBER", value_parser = number, default_value = "1", requires = "record")]
    pub version: VersionNumber,
}

fn number(text: &str) -> Result<VersionNumber, String> {
    let number = text.parse().ok().and_then(VersionNumber::new);
    number.ok_or_else(|| "a version is a number from 1".to_owned())
}
