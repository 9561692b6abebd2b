//! The arguments of the command.

use clap::Args;
use std::path::PathBuf;

/// `chartseal verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The proof bundle.
    pub proof: PathBuf,
    /// The trust file.
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,
    /// The resource that the proof is about; its content is then checked too.
    #[arg(long, value_name = "FILE")]
    pub resource: Option<PathBuf>,
    /// What must be shown: `inclusion`, `checkpoint`, `anchor` or `block`. Left out, what
    /// the trust file requires, or all that it can give.
    #[arg(long, value_name = "LEVEL")]
    pub require: Option<proof::Require>,
    /// Print verdicts and statement as JSON.
    #[arg(long)]
    pub json: bool,
    /// Write what is proved, and what was checked, as a page to be read or printed.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Check the age of anchors at this moment (YYYY-MM-DDThh:mm:ss.sssZ)
    /// instead of now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
}
