//! `chartseal proof`.

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
