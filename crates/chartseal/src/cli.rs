//! The command line: what can be asked, and how it is explained.

use anchor_service::ledger::FinalityRule;
use clap::{Args, Parser, Subcommand};
use gateway::Client;
use model::{FacilityName, LogId};
use policies::Role;
use proof::ChainKind;
use std::{path::PathBuf, str::FromStr};
use tlog::checkpoint::Vkey;

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

/// Words of the commands that go beyond FHIR.
const GLOSSARY: &str = "\
Words:
  leaf        33 bytes in the log that commit to a record version or an audited access
  log         the append-only Merkle tree of a facility; checkpoint: its signed size and root
  vkey        the public key of a log, as `chartseal init` prints it
  registry    the contract on the L2 that holds each log's anchored roots
  submitter   the account that posts roots to the registry
  root key    the key in the KMS file under which all keys of records are kept
  trust file  what a verifier believes: log keys and final anchors
docs/proof-format.md and docs/operations.md, in the source, say more.";

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
    /// Run the anchor-service, or install its registry (`deploy`, `grant`).
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
    /// Find and mend records that are sealed under another scope than they belong to.
    Scopes(crate::scopes::ScopesArgs),
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

/// `chartseal demo`.
#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where everything is kept; the next start goes on with it.
    #[arg(long, value_name = "DIR", default_value = "chartseal-data")]
    pub data: PathBuf,
    /// Where the gateway listens; port 0 takes any free port.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", value_parser = listen)]
    pub listen: std::net::SocketAddr,
    /// How many sample patients each facility gets at the first start.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub patients: u32,
    /// Make no sample data.
    #[arg(long)]
    pub empty: bool,
}

#[cfg(feature = "demo")]
fn listen(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an address and a port, such as 127.0.0.1:8081".to_owned())
}

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

/// What every service is told.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
}

/// `chartseal serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
    /// Look at the keys, compare the logs with their checkpoints and the registry, and end;
    /// nobody is served and nothing written.
    #[arg(long)]
    pub check_only: bool,
}

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

/// What the registry's admin does.
#[derive(Debug, Subcommand)]
pub enum AnchorCommand {
    /// Deploy a registry and take it into use for this database.
    Deploy(AdminArgs),
    /// Let the submitter anchor a log.
    Grant(GrantArgs),
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
    /// Take issuers as they are given, where the configuration has no
    /// `[[gateway.issuers]]` to check them against.
    #[arg(long)]
    pub unchecked_issuer: bool,
    /// Let the administrators take the place of others who have never decided anything.
    #[arg(long)]
    pub replace_administrators: bool,
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

/// `chartseal token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What can be asked about a token.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Hold a token against the configuration, with no network; the signature is not
    /// checked.
    Explain(ExplainArgs),
}

/// `chartseal token explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The file that holds the token.
    #[arg(value_name = "FILE")]
    pub token: PathBuf,
    /// The gateway's configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG")]
    pub config: PathBuf,
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

/// `chartseal keys`.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "CHARTSEAL_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// What to show or do.
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// What can be asked about keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Key encryption keys, data keys by kind, log keys.
    List,
    /// Where each key is kept and who may open it.
    Custody,
    /// Give a log a new key, which signs beside the old one until `--finish`.
    Rotate(RotateArgs),
}

/// `chartseal keys rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The facility whose log it is.
    #[arg(long, value_name = "NAME")]
    pub facility: FacilityName,
    /// End the old key's signing.
    #[arg(long)]
    pub finish: bool,
}

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

/// `chartseal proof`.
#[derive(Debug, Args)]
pub struct ProofArgs {
    /// The URL of a version or an audit event, such as
    /// `http://127.0.0.1:8080/fhir/Patient/1/_history/1`.
    pub url: String,
    /// A file that holds the bearer token.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// The bearer token; other users of the machine can see it on the command line.
    #[arg(long, value_name = "TOKEN", env = "CHARTSEAL_TOKEN")]
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

/// `chartseal trust`.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// What to do with a trust file.
    #[command(subcommand)]
    pub command: TrustCommand,
}

/// What can be done with a trust file.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Read the final anchors of a log from a node; what the file has already stays.
    Refresh(RefreshArgs),
}

/// `chartseal trust refresh`.
#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// JSON-RPC of a node that you trust, not the operator's.
    #[arg(long, value_name = "URL")]
    pub rpc: String,
    /// The registry's address.
    #[arg(long, value_name = "0x...", value_parser = registry)]
    pub registry: proof::Registry,
    /// The log's key as `chartseal init` printed it; once more for each further key, the
    /// log's first key first.
    #[arg(long, value_name = "VKEY", required = true)]
    pub log: Vec<Vkey>,
    /// The log's id, where its first key is not at hand.
    #[arg(long, value_name = "0x...", value_parser = log_id)]
    pub log_id: Option<LogId>,
    /// The facility whose log it is.
    #[arg(long, value_name = "NAME")]
    pub facility: FacilityName,
    /// Add the anchor that this proof names, if the chain has it.
    #[arg(long, value_name = "FILE")]
    pub proof: Vec<PathBuf>,
    /// The newest anchors that are read.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub anchors: u32,
    /// When a block is final: `tag`, `immediate` (QBFT, IBFT 2) or `depth=N`.
    #[arg(long, value_name = "RULE", default_value = "tag", value_parser = finality)]
    pub finality: FinalityRule,
    /// How the chain hashes its headers: `ethereum` or `qbft`.
    #[arg(long, value_name = "KIND", default_value = "ethereum")]
    pub kind: ChainKind,
    /// The trust file to make or renew; left out, it is printed.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// With `0x` as chains write it, or without as files of trust do.
fn log_id(text: &str) -> Result<LogId, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let id = digits.to_ascii_lowercase().parse();
    id.map_err(|_| "a log id has 64 hex digits, with or without `0x` before them".to_owned())
}

fn registry(text: &str) -> Result<proof::Registry, model::Invalid> {
    // Often copied with the capitals of a checksum.
    text.to_ascii_lowercase().parse()
}

fn finality(text: &str) -> Result<FinalityRule, String> {
    match (text, text.strip_prefix("depth=")) {
        ("tag", _) => Ok(FinalityRule::Tag),
        ("immediate", _) => Ok(FinalityRule::Immediate),
        (_, Some(depth)) => {
            let depth = depth.parse().map_err(|_| "the depth must be a number");
            Ok(FinalityRule::Depth(depth?))
        }
        _ => Err("`tag`, `immediate` or `depth=N`".to_owned()),
    }
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
