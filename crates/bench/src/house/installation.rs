//! An installation as an operator makes it, by the commands of docs/operations.md:
//! one process over SQLite, or gateways and an anchor-service over PostgreSQL. The
//! dev L2 and the dev issuer run in this process.

use crate::{
    Failed,
    callers::connection::Target,
    house::{demo, memory, postgres::Postgres, program::Program},
};
use devkit::{
    chain::{DevChain, DevChainConfig},
    issuer::{DemoUser, DevIssuer, DevIssuerConfig},
};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use store::Database;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// The first two of anvil's published accounts: registry admin and submitter.
const KEYS: [&str; 2] = [
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
];
const ACCOUNTS: [&str; 2] = [
    "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
];
const CHAIN_ID: u64 = 20_261;
const AUDIENCE: &str = "bench";
const FACILITY: &str = "riverside";
const CLIENTS: [&str; 5] = [
    "demo-system=system",
    "demo-admin=admin",
    "demo-patient=patient",
    "demo-clinician=clinician",
    "demo-auditor=auditor",
];
/// As long as this run at least.
const TOKEN_LIFETIME: &str = "tokenLifetimeSeconds = 86400\n";
/// In place of rates.
const NO_RATES: &str = "[gateway.limits]
requestsPerSecond = 1000000
userRequestsPerSecond = 1000000
denialsPerMinute = 1000000
userDenialsPerMinute = 1000000
userQueryBytesPerSecond = 1000000
userQueryBytesBurst = 1000000000
";
const FOR_ALL: Duration = Duration::from_secs(4 * 3_600);
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `serve` over SQLite.
    Sqlite,
    /// So many gateways and an anchor-service over PostgreSQL.
    Postgres(usize),
}

/// How it is installed.
pub struct Plan {
    /// What is installed.
    pub shape: Shape,
    /// The program.
    pub program: Program,
    /// Whether callers are held to the rates that are shipped, or to none.
    pub has_rates: bool,
}

impl Plan {
    /// The usual program without rates: for figures of what it can do.
    pub fn of(shape: Shape) -> Result<Self, Failed> {
        Ok(Self {
            shape,
            program: Program::usual()?,
            has_rates: false,
        })
    }
}

/// A running installation; dropped, it is killed and its database is gone.
pub struct Installation {
    folder: TempDir,
    plan: Plan,
    services: Vec<Child>,
    ports: Vec<u16>,
    chain: DevChain,
    issuer: DevIssuer,
    postgres: Option<Postgres>,
}

impl Installation {
    /// Makes the facility, deploys the registry, starts what the shape says, and
    /// waits until it can serve.
    pub async fn start(plan: Plan) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let accounts = [ACCOUNTS[0].parse()?, ACCOUNTS[1].parse()?].to_vec();
        let chain = DevChain::start_unmarked(DevChainConfig {
            dir: folder.path().join("l2"),
            port: None,
            chain_id: CHAIN_ID,
            allowed: accounts.clone(),
            funded: accounts,
        })?;
        let issuer = DevIssuer::start_unmarked(DevIssuerConfig {
            dir: folder.path().join("issuer"),
            port: None,
            audience: AUDIENCE.to_owned(),
            lifetime: FOR_ALL,
            facilities: [FACILITY.parse()?, "hillcrest".parse()?],
        })?;
        let postgres = match plan.shape {
            Shape::Sqlite => None,
            Shape::Postgres(_) => Some(Postgres::create()?),
        };
        let mut new = Self {
            folder,
            plan,
            services: Vec::new(),
            ports: Vec::new(),
            chain,
            issuer,
            postgres,
        };
        new.install()?;
        new.run().await?;
        Ok(new)
    }

    fn install(&self) -> Result<(), Failed> {
        for (name, key) in ["admin.key", "submitter.key"].iter().zip(KEYS) {
            secret(&self.path(name), key)?;
        }
        if let Some(postgres) = &self.postgres {
            secret(&self.path("database-url"), postgres.url())?;
        }
        let config = self.config(None)?;
        let issuer = self.issuer.issuer_url();
        let mut init = vec!["--facility", FACILITY, "--log-host", "log.bench.example"];
        if !self.plan.program.is_first_release() {
            // This configuration names no issuer by which to check.
            init.push("--unchecked-issuer");
        }
        for subject in ["chidi.marek", "dana.silva"] {
            init.extend(["--administrator", &issuer, subject]);
        }
        for client in CLIENTS {
            init.extend(["--client", client]);
        }
        self.command(&["init"], &config, &init)?;
        let admin = self.path("admin.key").display().to_string();
        let admin = ["--admin-key", &admin];
        self.command(&["anchor", "deploy"], &config, &admin)?;
        self.command(
            &["anchor", "grant"],
            &config,
            &[admin[0], admin[1], "--all"],
        )
    }

    async fn run(&mut self) -> Result<(), Failed> {
        let (command, gateways) = match self.plan.shape {
            Shape::Sqlite => ("serve", 1),
            Shape::Postgres(gateways) => ("gateway", gateways),
        };
        for _ in 0..gateways {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let config = self.config(Some(port))?;
            self.services.push(self.spawn(command, &config)?);
            self.ports.push(port);
        }
        if self.postgres.is_some() {
            let config = self.config(None)?;
            self.services.push(self.spawn("anchor", &config)?);
        }
        for port in &self.ports {
            until_ready(*port).await?;
        }
        Ok(())
    }

    /// A configuration with the gateway on this port, if one.
    fn config(&self, port: Option<u16>) -> Result<PathBuf, Failed> {
        let database = match self.plan.shape {
            Shape::Sqlite => "sqlite = \"chartseal.sqlite\"",
            Shape::Postgres(_) => "postgres = { file = \"database-url\" }",
        };
        let gateway = port.map_or(String::new(), |port| self.gateway_section(port));
        let text = format!(
            "[database]\n{database}\n[keys]\nfile = \"kms.json\"\n{gateway}\
             [anchor]\nrpcUrl = \"{}\"\nchainId = {CHAIN_ID}\n\
             submitterKey = \"submitter.key\"\nlogKeys = \"logs\"\nfinality = \"tag\"\n",
            self.chain.rpc_url()
        );
        let path = self.path(&format!("{}.toml", port.unwrap_or(0)));
        fs::write(&path, text)?;
        Ok(path)
    }

    fn gateway_section(&self, port: u16) -> String {
        let (rates, lifetime) = match (self.plan.program.is_first_release(), self.plan.has_rates) {
            (true, _) => ("", ""),
            (false, true) => ("", TOKEN_LIFETIME),
            (false, false) => (NO_RATES, TOKEN_LIFETIME),
        };
        format!(
            "[gateway]\nlisten = \"127.0.0.1:{port}\"\n\
             publicUrl = \"http://127.0.0.1:{port}\"\n{rates}\
             [[gateway.issuers]]\nurl = \"{}\"\naudience = \"{AUDIENCE}\"\n{lifetime}",
            self.issuer.issuer_url()
        )
    }

    fn command(&self, words: &[&str], config: &Path, more: &[&str]) -> Result<(), Failed> {
        let done = Command::new(self.plan.program.path())
            .args(words)
            .arg("--config")
            .arg(config)
            .args(more)
            .current_dir(self.folder.path())
            .output()?;
        if done.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&done.stderr).into())
        }
    }

    fn spawn(&self, command: &str, config: &Path) -> Result<Child, Failed> {
        let log = fs::File::create(config.with_extension("log"))?;
        let child = Command::new(self.plan.program.path())
            .args([command, "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Ok(child)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Each gateway's FHIR base, with the token of a backend service.
    pub fn targets(&self) -> Result<Vec<Target>, Failed> {
        let token = self.issuer.mint(&DemoUser::System, FOR_ALL)?;
        let base = |port: &u16| Target::new(&format!("http://127.0.0.1:{port}/fhir"), &token);
        self.ports.iter().map(base).collect()
    }

    /// The first gateway's FHIR base, with the token of somebody who is what the user is.
    pub fn caller(&self, user: &DemoUser, subject: &str) -> Result<Target, Failed> {
        Target::new(
            &self.base()?,
            &self.issuer.mint_for(user, subject, FOR_ALL)?,
        )
    }

    /// The same with any token.
    pub fn caller_with(&self, token: &str) -> Result<Target, Failed> {
        Target::new(&self.base()?, token)
    }

    fn base(&self) -> Result<String, Failed> {
        let port = self.ports.first().ok_or("no gateway")?;
        Ok(format!("http://127.0.0.1:{port}/fhir"))
    }

    /// The processes.
    pub fn processes(&self) -> Vec<u32> {
        self.services.iter().map(Child::id).collect()
    }

    /// The most resident memory of a gateway, in MB.
    pub fn resident(&self) -> Result<f64, Failed> {
        let gateways = self.services.iter().take(self.ports.len());
        gateways
            .map(|gateway| memory::resident(gateway.id()))
            .try_fold(0.0, |most: f64, one| Ok(most.max(one?)))
    }

    /// What the database takes on the disk, in MB.
    pub fn stored(&self) -> Result<f64, Failed> {
        let bytes = match &self.postgres {
            Some(postgres) => postgres.size()?,
            None => fs::metadata(self.path("chartseal.sqlite"))?.len(),
        };
        Ok(bytes as f64 / 1e6)
    }

    /// Stops every service; the database that they leave.
    pub fn stop(&mut self) -> Result<Database, Failed> {
        for mut service in self.services.drain(..) {
            demo::terminate(&service)?;
            let status = service.wait()?;
            if !status.success() {
                return Err(format!("a service ended with {status}").into());
            }
        }
        Ok(match &self.postgres {
            None => Database::Sqlite {
                path: self.path("chartseal.sqlite"),
            },
            Some(postgres) => Database::Postgres {
                url: Zeroizing::new(postgres.url().to_owned()),
            },
        })
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        for service in &mut self.services {
            drop(service.kill());
            drop(service.wait());
        }
    }
}

fn secret(path: &Path, text: &str) -> Result<(), Failed> {
    fs::write(path, format!("{text}\n"))?;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o600),
    )?)
}

async fn until_ready(port: u16) -> Result<(), Failed> {
    let start = Instant::now();
    let url = format!("http://127.0.0.1:{port}/readyz");
    let client = reqwest::Client::builder().no_proxy().build()?;
    while start.elapsed() < PATIENCE {
        let answer = client.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err("a gateway did not get ready".into())
}
