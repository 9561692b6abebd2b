//! The arguments of the command.

use clap::Args;
use std::path::PathBuf;

/// `chartseal import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The FHIR base of the gateway, such as `http://127.0.0.1:8080/fhir`.
    #[arg(long, value_name = "URL")]
    pub base: String,
    /// A file that holds the bearer token; read again whenever it changes.
    #[arg(long, value_name = "FILE")]
    pub token: PathBuf,
    /// How many requests are under way at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub in_flight: u16,
    /// Where to list what was refused, to be tried again with `--retry`.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "chartseal-import-refused.ndjson"
    )]
    pub refused: PathBuf,
    /// Import only what this list names.
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    pub retry: Option<PathBuf>,
    /// Send the token to an http:// URL that is not on this machine.
    #[arg(long)]
    pub plain_http: bool,
    /// Certificates (PEM) of authorities to believe besides the system's.
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// Files (.json, .ndjson, .jsonl, each also .gz) and folders of such.
    #[arg(value_name = "FILE|DIR", required_unless_present = "retry")]
    pub files: Vec<PathBuf>,
}
