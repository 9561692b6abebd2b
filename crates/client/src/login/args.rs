//! The arguments of the command.

use clap::Args;
use std::path::PathBuf;

/// `chartseal login`.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The issuer, as `url` in `[[gateway.issuers]]` has it.
    #[arg(long, value_name = "URL")]
    pub issuer: String,
    /// What the issuer knows this program by: a public client for native apps.
    #[arg(long, value_name = "ID")]
    pub client_id: String,
    /// What to ask for besides `openid`, such as `profile user/AuditEvent.rs`.
    #[arg(
        long,
        value_name = "SCOPES",
        value_delimiter = ' ',
        default_value = "profile"
    )]
    pub scope: Vec<String>,
    /// The gateway, where the issuer wants to be told by `resource` (RFC 8707).
    #[arg(long, value_name = "URI")]
    pub resource: Option<String>,
    /// The gateway, where the issuer wants to be told by `audience`.
    #[arg(long, value_name = "URI")]
    pub audience: Option<String>,
    /// The port on 127.0.0.1 to which the browser comes back; any free one.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// How many minutes the browser may take.
    #[arg(long, value_name = "MINUTES", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub wait: u64,
    /// Where to write the access token, mode 0600.
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
}
