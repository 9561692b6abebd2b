//! `chartseal scopes`.

use super::ConfigArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `chartseal scopes`.
#[derive(Debug, Args)]
pub struct ScopesArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ScopesCommand,
}

/// What can be done about such records.
#[derive(Debug, Subcommand)]
pub enum ScopesCommand {
    /// List the records: facility, record, its versions under a wrong scope, and whether the
    /// current one is among them; over SQLite, stop `serve` first.
    List(ConfigArgs),
    /// Write each record of a list again, as it is, through the gateway.
    Mend(MendArgs),
}

/// `chartseal scopes mend`.
#[derive(Debug, Args)]
pub struct MendArgs {
    /// The gateway, such as `https://fhir.example.org`.
    #[arg(long, value_name = "URL")]
    pub base: String,
    /// A file that holds a bearer token which may read and update the records.
    #[arg(long, value_name = "FILE")]
    pub token: PathBuf,
    /// Send the token without TLS to another machine, where the network is trusted.
    #[arg(long)]
    pub plain_http: bool,
    /// A PEM file with the certificate of the CA that the gateway's certificate is of.
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// What `chartseal scopes list` printed.
    #[arg(value_name = "FILE")]
    pub list: PathBuf,
}
