//! A facility: made anew, or taken over from version 0.1.

use clap::Args;
use gateway::Client;
use model::FacilityName;
use policies::Role;
use std::{path::PathBuf, str::FromStr};

/// `chartseal init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// The facility's name, as it stands in URLs: a-z, 0-9 and `-`.
    #[arg(long, value_name = "NAME")]
    pub facility: FacilityName,
    /// The host by which the logs are known, such as `log.hospital.example`; needed
    /// the first time and fixed for good.
    #[arg(long, value_name = "HOST")]
    pub log_host: Option<String>,
    /// A first administrator: the issuer of the person's tokens, exactly as configured,
    /// and the subject in them. A new facility needs two at least.
    #[arg(long, num_args = 2, value_names = ["ISSUER", "SUBJECT"])]
    pub administrator: Vec<String>,
    /// A first client, with the roles that its tokens may carry; without roles, all.
    /// The one by which administrators log in needs `admin`.
    #[arg(long, value_name = "ID[=ROLE,ROLE]")]
    pub client: Vec<FirstClient>,
    /// The issuer of the first clients, exactly as configured; needed when several are
    /// configured.
    #[arg(long, value_name = "URL")]
    pub client_issuer: Option<String>,
    /// The gateways' configuration file, where `--config` has no `[[gateway.issuers]]`:
    /// issuers are checked against it. Nothing else of it is used, no secret is read.
    #[arg(long, value_name = "FILE")]
    pub gateway_config: Option<PathBuf>,
    /// Take issuers as they are given, where no `[[gateway.issuers]]` are at hand to check
    /// them against.
    #[arg(long, conflicts_with = "gateway_config")]
    pub unchecked_issuer: bool,
    /// Let the administrators take the place of others who have never decided anything.
    #[arg(long)]
    pub replace_administrators: bool,
    /// Make a leaf key in the place of one that was in use and is lost. Leaves that waited
    /// under it are refused then (deploy/runbook.md, "Keys lost").
    #[arg(long)]
    pub new_leaf_key: bool,
}

/// A client as `--client` names it.
#[derive(Debug, Clone)]
pub struct FirstClient(pub Client);

impl FromStr for FirstClient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (client_id, roles) = match text.rsplit_once('=') {
            None => (text, EVERY_ROLE.into()),
            Some((id, roles)) => (id, roles.split(',').map(role).collect::<Result<_, _>>()?),
        };
        Ok(Self(Client {
            client_id: client_id.to_owned(),
            issuer: String::new(),
            name: None,
            roles,
        }))
    }
}

const EVERY_ROLE: [Role; 6] = [
    Role::Clinician,
    Role::Patient,
    Role::Admin,
    Role::Auditor,
    Role::System,
    Role::Monitor,
];

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_| {
        let known = EVERY_ROLE.map(Role::as_str).join("`, `");
        format!("`{text}` is no role; the roles are `{known}`")
    })
}

/// `chartseal take-over`.
#[derive(Debug, Args)]
pub struct TakeOverArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// Seal what was shown. Without it nothing is written.
    #[arg(long)]
    pub confirm: bool,
    /// The issuer of the clients that are registered, exactly as configured; needed when
    /// there are any and several issuers are configured.
    #[arg(long, value_name = "URL")]
    pub client_issuer: Option<String>,
}
