//! Proofs: fetched, and verified.

use clap::Args;
use std::path::PathBuf;

/// `chartseal proof`.
#[derive(Debug, Args)]
pub struct ProofArgs {
    /// The URL of a version or an audit event, such as
    /// `http://127.0.0.1:8080/fhir/Patient/1/_history/1`; without `?` and `#`.
    pub url: String,
    /// A file that holds the bearer token.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// The bearer token; other users of the machine can see it on the command line. Without
    /// either, that of the environment as `CHARTSEAL_TOKEN`.
    // Not by `env`: clap would take the variable for the option, which conflicts.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Where to write the bundle.
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// Also fetch the resource itself and write it here, for `verify --resource`.
    #[arg(long, value_name = "FILE")]
    pub resource: Option<PathBuf>,
    /// Wait up to this many seconds until the proof is final.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
    /// Send the token to an http:// URL that is not on this machine.
    #[arg(long)]
    pub plain_http: bool,
    /// Certificates (PEM) of authorities to believe besides the system's.
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
}

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
