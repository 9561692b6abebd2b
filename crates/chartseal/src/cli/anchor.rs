//! `chartseal anchor`: the service, and what the registry's admin does.

use super::{service::ConfigArgs, trust::address};
use clap::{Args, Subcommand, ValueEnum};
use model::FacilityName;
use proof::Registry;
use std::path::PathBuf;

/// `chartseal anchor`.
#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true)]
pub struct AnchorArgs {
    /// Look at the keys, compare the logs with their checkpoints and the registry, and end.
    #[arg(long)]
    pub check_only: bool,
    /// What else to do than run the service.
    #[command(subcommand)]
    pub command: Option<AnchorCommand>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG", required = true)]
    pub config: Option<PathBuf>,
}

/// What an operator or the registry's admin does.
#[derive(Debug, Subcommand)]
pub enum AnchorCommand {
    /// Note the newest checkpoint of each log as what its keys signed last; once after
    /// an update from a release before 0.2, or when that file is lost.
    Adopt(ConfigArgs),
    /// Deploy a registry and take it into use for this database.
    Deploy(AdminArgs),
    /// Let the submitter anchor a log.
    Grant(GrantArgs),
    /// Take a submitter's right to anchor a log back.
    Revoke(RevokeArgs),
    /// Close a log at the registry for good, because a key of it was stolen.
    Close(CloseArgs),
    /// Change the registry that the logs are anchored at.
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Post anchors again that were final, where the chain has lost their blocks for good.
    PostAgain(PostAgainArgs),
    /// Begin another log for a facility whose log cannot go on.
    NewEpoch(NewEpochArgs),
}

/// `chartseal anchor new-epoch`.
#[derive(Debug, Args)]
pub struct NewEpochArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// The facility.
    #[arg(long, value_name = "FACILITY")]
    pub facility: FacilityName,
    /// Begin it; without this the log is shown and nothing written.
    #[arg(long)]
    pub confirm: bool,
    /// Also where the database has all that was signed: the registry holds a root that is
    /// not this log's.
    #[arg(long)]
    pub although_whole: bool,
}

/// `chartseal anchor deploy`.
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// The file of the registry admin's key, mode 0600.
    #[arg(long, value_name = "FILE")]
    pub admin_key: PathBuf,
    /// Make the key when the file is not there.
    #[arg(long)]
    pub new_key: bool,
    /// Deploy another registry than the one in use, to move to by `registry set`.
    #[arg(long)]
    pub another: bool,
}

/// `chartseal anchor grant`.
#[derive(Debug, Args)]
pub struct GrantArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// The file of the registry admin's key, mode 0600.
    #[arg(long, value_name = "FILE")]
    pub admin_key: PathBuf,
    /// The facility whose log the submitter may anchor.
    #[arg(long, value_name = "FACILITY", required_unless_present = "all")]
    pub log: Option<FacilityName>,
    /// Every log.
    #[arg(long, conflicts_with = "log")]
    pub all: bool,
}

/// `chartseal anchor revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// What `grant` takes too.
    #[command(flatten)]
    pub grant: GrantArgs,
    /// The account whose right is taken back: `0x` and 40 hex digits. Left out, that of the
    /// configured submitter's key.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub submitter: Option<Registry>,
}

/// `chartseal anchor close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// The file of the registry admin's key, mode 0600.
    #[arg(long, value_name = "FILE")]
    pub admin_key: PathBuf,
    /// The facility whose log is closed: the last that has ended, whose successor is the
    /// one that takes leaves.
    #[arg(long, value_name = "FACILITY")]
    pub facility: FacilityName,
    /// Which key was stolen.
    #[arg(long, value_name = "KEY")]
    pub reason: Stolen,
    /// Close the log that takes leaves; nothing of the facility is anchored until
    /// `new-epoch` has begun another.
    #[arg(long)]
    pub current: bool,
    /// Close it; without this the log is shown and nothing sent.
    #[arg(long)]
    pub confirm: bool,
}

/// A key that was stolen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stolen {
    /// The log's: what it signed and was not anchored counts no more.
    LogKey,
    /// The submitter's.
    SubmitterKey,
}

/// `chartseal anchor registry`.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Move all logs to the registry that `registry` in `[anchor]` names.
    Set(MoveArgs),
    /// Look at the registry that the database names without a mac that holds, and take it
    /// over.
    Adopt(AdoptRegistryArgs),
}

/// `chartseal anchor registry set`.
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// The configuration file, whose `registry` is the one to go to.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// The registry that the logs leave: `0x` and 40 hex digits.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub from: Registry,
    /// The file of the key of the new registry's admin, mode 0600, by which logs are closed
    /// there that are closed at the one that is left.
    #[arg(long, value_name = "FILE")]
    pub admin_key: Option<PathBuf>,
    /// Move; without this the logs are compared and nothing written.
    #[arg(long)]
    pub confirm: bool,
}

/// `chartseal anchor registry adopt`.
#[derive(Debug, Args)]
pub struct AdoptRegistryArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// Take over what was shown; without it nothing is written.
    #[arg(long)]
    pub confirm: bool,
}

/// `chartseal anchor post-again`.
#[derive(Debug, Args)]
pub struct PostAgainArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// Post them again; without this they are shown and nothing written.
    #[arg(long)]
    pub confirm: bool,
}
