//! An installation in a folder: sample configurations with places and ports of
//! their own, key files, and the commands that an operator types.

use crate::chain::{Chain, KEYS};
use devkit::issuer::{DemoUser, DevIssuer, DevIssuerConfig};
use e2e::{
    Caller, Ran, Reply, Service, fetch_proof, free_port, program, python, run, until, verify,
};
use serde_json::json;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

pub const HOME: &str = "riverside";
pub const OTHER: &str = "hillcrest";
pub const LOG_HOST: &str = "log.hospital.example";
const PUBLIC: &str = "https://fhir.hospital.example";
const TLS: &str = "[gateway.tls]\ncertificate = \"/etc/chartseal/tls/tls.crt\"\n\
                   key = \"/etc/chartseal/tls/tls.key\"\n";
const SQL: &str = "
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30) as database:
    database.executescript('BEGIN IMMEDIATE;' + sys.argv[2] + ';COMMIT')
";
const HOUR: Duration = Duration::from_secs(3_600);

pub struct Installation {
    folder: TempDir,
}

/// A file of `deploy/config`, made to fit.
pub struct Sample(String);

/// What `chartseal init` says of a log.
pub struct Log {
    pub origin: String,
    pub vkey: String,
    pub id: String,
}

impl Installation {
    /// A folder with the keys of admin and submitter.
    pub fn new() -> Self {
        let new = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in ["data", "keys"] {
            fs::create_dir(new.path(folder)).unwrap();
        }
        for (name, key) in ["admin.key", "keys/submitter.key"].iter().zip(KEYS) {
            new.write_secret(name, &format!("{key}\n"));
        }
        new
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write_secret(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o600)).unwrap();
    }

    /// A sample whose paths lie in this folder.
    pub fn sample(&self, name: &str) -> Sample {
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/config");
        let mut text = fs::read_to_string(deploy.join(name)).unwrap();
        for (old, new) in [
            ("/var/lib/chartseal-keys", "keys"),
            ("/var/lib/chartseal", "data"),
            ("/etc/chartseal/secrets", ""),
        ] {
            text = text.replace(old, &self.path(new).display().to_string());
        }
        Sample(text)
    }

    pub fn write(&self, name: &str, sample: &Sample) -> PathBuf {
        fs::write(self.path(name), &sample.0).unwrap();
        self.path(name)
    }

    /// The configuration of a gateway, its port and that of its operations listener.
    pub fn gateway(&self, name: &str, issuer: &str) -> (PathBuf, u16, u16) {
        let (port, watch) = (free_port(), free_port());
        let sample = self
            .sample("gateway.toml")
            .with(TLS, "")
            .with_gateway("0.0.0.0:8443", port, issuer)
            .with_operations("0.0.0.0:9464", watch);
        (self.write(name, &sample), port, watch)
    }

    /// The configuration of an anchor-service, and the port of its operations listener.
    pub fn anchor(&self, name: &str, chain: &Chain) -> (PathBuf, u16) {
        let watch = free_port();
        let sample = self
            .sample("anchor.toml")
            .with_chain("http://l2-node:8545", chain)
            .with_operations("0.0.0.0:9464", watch);
        (self.write(name, &sample), watch)
    }

    /// The configuration of both services in one process, its port and that of its
    /// operations listener.
    pub fn serve(&self, issuer: &str, chain: &Chain) -> (Sample, u16, u16) {
        let (port, watch) = (free_port(), free_port());
        let sample = self
            .sample("serve.toml")
            .with_gateway("127.0.0.1:8080", port, issuer)
            .with_chain("http://127.0.0.1:8545", chain)
            .with_operations("127.0.0.1:9464", watch);
        (sample, port, watch)
    }

    /// The dev issuer, which plays an operator's, on this port or any.
    pub fn issuer(&self, port: Option<u16>) -> DevIssuer {
        DevIssuer::start_unmarked(self.issuer_config(port)).unwrap()
    }

    pub fn issuer_config(&self, port: Option<u16>) -> DevIssuerConfig {
        DevIssuerConfig {
            dir: self.path("issuer"),
            port,
            audience: PUBLIC.to_owned(),
            lifetime: HOUR,
            facilities: [HOME, OTHER].map(|name| name.parse().unwrap()),
        }
    }

    /// `chartseal COMMAND... --config FILE MORE...`.
    pub fn chartseal(&self, command: &[&str], config: &Path, more: &[&str]) -> Ran {
        run(Command::new(program())
            .args(command)
            .arg("--config")
            .arg(config)
            .args(more)
            .current_dir(self.folder.path()))
    }

    /// `chartseal` with these words alone.
    pub fn plain(&self, words: &[&str]) -> Ran {
        run(Command::new(program())
            .args(words)
            .current_dir(self.folder.path()))
    }

    /// Writes to the SQLite database past every service, running or not.
    pub fn sql(&self, statements: &str) {
        let status = Command::new(python())
            .args(["-c", SQL])
            .arg(self.path("data/chartseal.sqlite"))
            .arg(statements)
            .status();
        assert!(status.unwrap().success(), "{statements}");
    }

    pub fn init(&self, config: &Path, facility: &str) -> Log {
        self.init_with(config, facility, &founders(config, facility))
    }

    /// The same by a configuration that names no issuer: people and clients are of this
    /// one.
    pub fn init_by(&self, config: &Path, facility: &str, issuer: &str) -> Log {
        let mut founders = founders_of(facility, issuer);
        founders.push("--unchecked-issuer".to_owned());
        self.init_with(config, facility, &founders)
    }

    /// `init` with whatever comes of it.
    pub fn init_again(&self, config: &Path, facility: &str) -> Ran {
        let founders = founders(config, facility);
        let mut more = vec!["--log-host", LOG_HOST];
        more.extend(founders.iter().map(String::as_str));
        self.chartseal(&["init"], config, &more)
    }

    fn init_with(&self, config: &Path, facility: &str, founders: &[String]) -> Log {
        let mut more = vec!["--log-host", LOG_HOST];
        more.extend(founders.iter().map(String::as_str));
        let ran = self.chartseal(&["init"], config, &more).good();
        assert!(ran.text.contains(&format!("made facility `{facility}`")));
        Log::of(&ran.text)
    }

    /// Deploys; gives the registry's address.
    pub fn deploy(&self, config: &Path) -> String {
        let admin = self.path("admin.key").display().to_string();
        let ran = self.chartseal(&["anchor", "deploy"], config, &["--admin-key", &admin]);
        let text = ran.good().text;
        let (_, rest) = text.split_once("deployed registry ").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    pub fn grant(&self, config: &Path, which: &[&str]) -> Ran {
        let admin = self.path("admin.key").display().to_string();
        let mut more = vec!["--admin-key", &admin];
        more.extend(which);
        self.chartseal(&["anchor", "grant"], config, &more)
    }

    /// The commands of going live with the first facility: its log, and the
    /// registry's address.
    pub fn go_live(&self, config: &Path) -> (Log, String) {
        let log = self.init(config, HOME);
        let registry = self.enter_registry(config);
        (log, registry)
    }

    /// The same by a configuration that names no issuer.
    pub fn go_live_by(&self, config: &Path, issuer: &str) -> (Log, String) {
        let log = self.init_by(config, HOME, issuer);
        let registry = self.enter_registry(config);
        (log, registry)
    }

    fn enter_registry(&self, config: &Path) -> String {
        let registry = self.deploy(config);
        drop(self.grant(config, &["--all"]).good());
        registry
    }

    pub fn start(&self, command: &str, config: &Path) -> Service {
        let log = config.with_extension(format!("{command}.log"));
        Service::start(command, config, &log)
    }

    /// Waits for the final proof of a version, and verifies it against what the
    /// chain says and the log key that `init` printed.
    pub fn assert_proof(&self, caller: &User, version: &str, log: &Log, chain: &Chain, at: &str) {
        let (proof, resource) = self.final_proof(caller, version);
        let bundle: serde_json::Value = serde_json::from_slice(&fs::read(&proof).unwrap()).unwrap();
        let seq = bundle["anchor"]["seq"].as_u64().unwrap();
        let trust = self.path("trust.json");
        fs::write(&trust, log.trust(chain, at, seq, &[&log.vkey])).unwrap();
        let report = verify(&proof, &trust, Some(&resource));
        assert_eq!(report.code, 0, "{}", report.text);
        assert_eq!(report.verdict("anchor"), Some("holds"));
        assert_eq!(report.verdict("content"), Some("holds"));
    }

    /// Waits for the final proof of a version; the files of proof and resource.
    pub fn final_proof(&self, caller: &User, version: &str) -> (PathBuf, PathBuf) {
        let (proof, resource) = (self.path("proof.json"), self.path("resource.json"));
        let url = caller.at.url(version);
        until("a final proof", 60, || {
            let ran = fetch_proof(&url, &caller.token, &proof);
            assert_eq!(ran.code, 0, "{}", ran.text);
            ran.text.contains("(finalized)").then_some(())
        });
        fs::write(&resource, caller.at.get(version).expect(200, "vread").body).unwrap();
        (proof, resource)
    }
}

/// Arguments of `init`: a facility, its first administrators and its clients, of the
/// issuer that the configuration names.
pub fn founders(config: &Path, facility: &str) -> Vec<String> {
    let text = fs::read_to_string(config).unwrap();
    let configured = text
        .split_once("[[gateway.issuers]]")
        .and_then(|(_, rest)| rest.split('"').nth(1));
    let issuer = configured.unwrap_or("https://login.hospital.example/realms/care");
    let mut words = founders_of(facility, issuer);
    if configured.is_none() {
        words.push("--unchecked-issuer".to_owned());
    }
    words
}

fn founders_of(facility: &str, issuer: &str) -> Vec<String> {
    let mut words = vec!["--facility".to_owned(), facility.to_owned()];
    for subject in ["chidi.marek", "dana.silva"] {
        words.extend(["--administrator", issuer, subject].map(str::to_owned));
    }
    for client in [
        "demo-admin=admin",
        "demo-admin-second=admin",
        "demo-system=system",
        "demo-clinician-other",
        "backend",
        "backend-rs256",
        "chartseal-login",
    ] {
        words.extend(["--client", client].map(str::to_owned));
    }
    words
}

impl Sample {
    /// Another text in place of one that must be there.
    pub fn with(mut self, old: &str, new: &str) -> Self {
        assert!(self.0.contains(old), "no `{old}` in:\n{}", self.0);
        self.0 = self.0.replace(old, new);
        self
    }

    pub fn with_gateway(self, listen: &str, port: u16, issuer: &str) -> Self {
        let here = format!("127.0.0.1:{port}");
        self.with(listen, &here)
            .with(
                &format!("publicUrl = \"{PUBLIC}\""),
                &format!("publicUrl = \"http://{here}\""),
            )
            .with("https://login.hospital.example/realms/care", issuer)
    }

    pub fn with_chain(self, url: &str, chain: &Chain) -> Self {
        self.with(url, &chain.url())
            .with("chainId = 1337", &format!("chainId = {}", chain.id()))
    }

    /// With this at its end.
    pub fn and(self, text: &str) -> Self {
        Self(self.0 + text)
    }

    pub fn with_operations(self, listen: &str, port: u16) -> Self {
        self.with(listen, &format!("127.0.0.1:{port}"))
    }
}

impl Log {
    pub fn of(text: &str) -> Self {
        let member = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().to_owned()
        };
        Self {
            origin: member("  log        "),
            vkey: member("  log key    "),
            id: member("  log id     0x"),
        }
    }

    /// A trust file: the log's keys as commands print them, its anchors from the chain.
    pub fn trust(&self, chain: &Chain, registry: &str, seq: u64, vkeys: &[&str]) -> String {
        let (seq, size, root, time) = chain.anchor(registry, &self.id, seq);
        let (_, facility) = self.origin.split_once("/log/").unwrap();
        let (facility, _) = facility.split_once('/').unwrap_or((facility, ""));
        let anchor = json!({"logId": self.id, "seq": seq, "size": size, "root": root});
        let mut head = anchor.clone();
        head["time"] = json!(time);
        json!({
            "format": "chartseal-trust/1",
            "logs": [{
                "origin": self.origin, "logId": self.id, "facility": facility,
                "source": "operator", "vkeys": vkeys,
            }],
            "chains": [{
                "chainId": chain.id(), "registry": registry, "kind": "ethereum",
                "source": "node", "anchors": [anchor], "heads": [head],
            }],
            "require": "anchor",
        })
        .to_string()
    }
}

/// Someone with a token at a gateway.
pub struct User {
    pub at: Caller,
    pub token: String,
}

impl User {
    pub fn new(issuer: &DevIssuer, user: &DemoUser, port: u16) -> Self {
        let token = issuer.mint(user, HOUR).unwrap();
        let base = format!("http://127.0.0.1:{port}/fhir");
        Self {
            at: Caller::new(&base, Some(&token)),
            token,
        }
    }

    /// Creates a patient; gives `Patient/id/_history/1`.
    pub fn create_patient(&self, name: &str) -> String {
        let patient = json!({"resourceType": "Patient", "name": [{"family": name}]});
        let made = self.at.post("Patient", patient.to_string());
        made.expect(201, "create").location()
    }
}

/// Anything that a test says of how a command ended.
pub trait Ended {
    fn good(self) -> Self;
    fn refused(&self, advice: &str);
}

impl Ended for Ran {
    fn good(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.text);
        self
    }

    fn refused(&self, advice: &str) {
        assert_eq!(self.code, 1, "{advice}: {}", self.text);
        assert!(self.text.contains(advice), "{advice}: {}", self.text);
        assert!(!self.text.contains("panicked"), "{}", self.text);
    }
}

/// A port that is free now.
/// What the operations listener says.
pub fn operations(port: u16, path: &str) -> Option<Reply> {
    let caller = Caller::new(&format!("http://127.0.0.1:{port}"), None);
    caller.try_send("GET", path, &[], Vec::new()).ok()
}

pub fn is_ready(port: u16) -> bool {
    operations(port, "readyz").is_some_and(|reply| reply.status == 200)
}

/// The value of a series of `/metrics`, named with its labels.
pub fn metric(port: u16, series: &str) -> f64 {
    let text = operations(port, "metrics")
        .unwrap()
        .expect(200, "metrics")
        .text();
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    let line = line.unwrap_or_else(|| panic!("no series `{series}` in:\n{text}"));
    line.trim().parse().unwrap()
}
