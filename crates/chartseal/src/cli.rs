//! The command line: what can be asked, and how it is explained. A file for each group of
//! commands holds their arguments.

mod anchor;
#[cfg(feature = "demo")]
mod demo;
mod facility;
mod index;
mod keys;
mod leaves;
mod log;
mod scopes;
mod service;
mod token;
mod trust;

#[cfg(feature = "demo")]
pub use self::demo::DemoArgs;
pub use self::{
    anchor::{
        AdminArgs, AdoptRegistryArgs, AnchorArgs, AnchorCommand, CloseArgs, GrantArgs, MoveArgs,
        NewEpochArgs, PostAgainArgs, RegistryCommand, RevokeArgs, Stolen,
    },
    facility::{InitArgs, TakeOverArgs},
    index::{IndexArgs, IndexCommand},
    keys::{AdoptKeysArgs, KeysArgs, KeysCommand, RotateArgs},
    leaves::LeavesArgs,
    log::{CheckArgs, LogArgs, LogCommand},
    scopes::{MendArgs, ScopesArgs, ScopesCommand},
    service::{ConfigArgs, ServeArgs},
    token::{ExplainArgs, TokenArgs, TokenCommand},
    trust::{RefreshArgs, TrustArgs, TrustCommand},
};

use clap::{Parser, Subcommand};
use client::{import::ImportArgs, login::LoginArgs, proof::ProofArgs};
use command::GLOSSARY;
use verifying::VerifyArgs;

/// A gateway through which hospitals share patient records over FHIR R4: every record
/// sealed, every access decided by policy, audited and provable.
#[derive(Debug, Parser)]
#[command(name = "chartseal", version, after_help = DOCUMENTS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where a reader goes on.
const DOCUMENTS: &str = "\
To see it work: chartseal demo
Documents, in the source: README.md (a tour), docs/operations.md (configuration, going
live, import), deploy/runbook.md (what to do when), docs/proof-format.md (proofs)";

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process, with sample data, to try it out.
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// Load FHIR Bundles and NDJSON into a gateway; run again, it goes on.
    Import(ImportArgs),
    /// Run a gateway; several can run over one PostgreSQL database.
    Gateway(ConfigArgs),
    /// Run the anchor-service, or look after its registry and logs.
    #[command(after_help = GLOSSARY)]
    Anchor(AnchorArgs),
    /// Run gateway and anchor-service in one process; needed with SQLite.
    Serve(ServeArgs),
    /// Make the first facility with its keys and log, or one more.
    Init(InitArgs),
    /// Look at what version 0.1 left of policy sets and registrations, and seal it.
    TakeOver(TakeOverArgs),
    /// Show which keys there are and who can open them; change a log's key.
    #[command(after_help = GLOSSARY)]
    Keys(KeysArgs),
    /// Check the logs in the database as a whole.
    #[command(after_help = GLOSSARY)]
    Log(LogArgs),
    /// Find and mend records that are sealed under another scope than they belong to.
    Scopes(ScopesArgs),
    /// Compare every row with its leaf now; over SQLite, stop `serve` first.
    Sweep(ConfigArgs),
    /// Show the leaves that were refused an index, and put back those whose rows are good;
    /// over SQLite, stop `serve` first.
    Leaves(LeavesArgs),
    /// Show how far the long jobs of the gateways are; over SQLite, stop `serve` first.
    Jobs(ConfigArgs),
    /// Mend the index cards by which records are found.
    Index(IndexArgs),
    /// Log in at an issuer with a browser, and keep the token for the gateway.
    Login(LoginArgs),
    /// Say which rule of the gateway a token keeps and which it breaks.
    Token(TokenArgs),
    /// Fetch a proof bundle from a gateway.
    #[command(after_help = GLOSSARY)]
    Proof(ProofArgs),
    /// Make or renew a trust file from a node of your own choice.
    #[command(after_help = GLOSSARY)]
    Trust(TrustArgs),
    /// Verify a proof bundle, with no network and no database.
    #[command(after_help = GLOSSARY)]
    Verify(VerifyArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    /// Help is pasted into tickets.
    #[test]
    fn help_shows_no_value_of_the_environment_but_a_path() {
        let mut commands = vec![Cli::command()];
        let mut of_environment = 0;
        while let Some(command) = commands.pop() {
            for arg in command.get_arguments() {
                let Some(name) = arg.get_env() else { continue };
                of_environment += 1;
                let is_path = name == "CHARTSEAL_CONFIG";
                assert!(is_path || arg.is_hide_env_values_set(), "{}", arg.get_id());
            }
            commands.extend(command.get_subcommands().cloned());
        }
        assert!(of_environment > 0);
    }
}
