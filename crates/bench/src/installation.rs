//! An installation as an operator makes it, by the commands of docs/operations.md:
//! one process over SQLite, or gateways and an anchor-service over PostgreSQL. The
//! dev L2 and the dev issuer run in this process.

use crate::{Failed, connection::Target, demo, memory};
use devkit::{
    chain::{DevChain, DevChainConfig},
    issuer::{DemoUser, DevIssuer, DevIssuerConfig},
};
use std::{
    env, fs,
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

/// A running installation; dropped, it is killed and its database is gone.
pub struct Installation {
    folder: TempDir,
    shape: Shape,
    services: Vec<Child>,
    ports: Vec<u16>,
    chain: DevChain,
    issuer: DevIssuer,
    postgres: Option<Postgres>,
}

impl Installation {
    /// Makes the facility, deploys the registry, starts what the shape says, and
    /// waits until it can serve.
    pub async fn start(shape: Shape) -> Result<Self, Failed> {
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
        let postgres = match shape {
            Shape::Sqlite => None,
            Shape::Postgres(_) => Some(Postgres::create()?),
        };
        let mut new = Self {
            folder,
            shape,
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
            secret(&self.path("database-url"), &postgres.url)?;
        }
        let config = self.config(None)?;
        let issuer = self.issuer.issuer_url();
        let mut init = vec!["--facility", FACILITY, "--log-host", "log.bench.example"];
        // This configuration names no issuer by which to check.
        init.push("--unchecked-issuer");
        for subject in ["chidi.marek", "dana.silva"] {
            init.extend(["--administrator", &issuer, subject]);
        }
        init.extend([
            "--client",
            "demo-system=system",
            "--client",
            "demo-admin=admin",
            "--client",
            "demo-patient=patient",
        ]);
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
        let (command, gateways) = match self.shape {
            Shape::Sqlite => ("serve", 1),
            Shape::Postgres(gateways) => ("gateway", gateways),
        };
        for _ in 0..gateways {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let config = self.config(Some(port))?;
            self.services.push(spawn(command, &config)?);
            self.ports.push(port);
        }
        if self.postgres.is_some() {
            let config = self.config(None)?;
            self.services.push(spawn("anchor", &config)?);
        }
        for port in &self.ports {
            until_ready(*port).await?;
        }
        Ok(())
    }

    /// A configuration with the gateway on this port, if one.
    fn config(&self, port: Option<u16>) -> Result<PathBuf, Failed> {
        let database = match self.shape {
            Shape::Sqlite => "sqlite = \"chartseal.sqlite\"",
            Shape::Postgres(_) => "postgres = { file = \"database-url\" }",
        };
        let gateway = port.map_or(String::new(), |port| {
            format!(
                "[gateway]\nlisten = \"127.0.0.1:{port}\"\n\
                 publicUrl = \"http://127.0.0.1:{port}\"\n\
                 [gateway.limits]\nrequestsPerSecond = 1000000\nuserRequestsPerSecond = 1000000\n\
                 denialsPerMinute = 1000000\nuserDenialsPerMinute = 1000000\n\
                 [[gateway.issuers]]\nurl = \"{}\"\naudience = \"{AUDIENCE}\"\n\
                 tokenLifetimeSeconds = 86400\n",
                self.issuer.issuer_url()
            )
        });
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

    fn command(&self, words: &[&str], config: &Path, more: &[&str]) -> Result<(), Failed> {
        let done = Command::new(demo::program()?)
            .args(words)
            .arg("--config")
            .arg(config)
            .args(more)
            .current_dir(self.folder.path())
            .output()?;
        match done.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&done.stderr).into()),
        }
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

    /// The first gateway's FHIR base, with the token of a patient who may ask for
    /// everything that a patient may.
    pub fn patient(&self, id: &str) -> Result<Target, Failed> {
        let user = DemoUser::Patient { id: id.parse()? };
        let token = self.issuer.mint(&user, FOR_ALL)?;
        let port = self.ports.first().ok_or("no gateway")?;
        Target::new(&format!("http://127.0.0.1:{port}/fhir"), &token)
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
                url: Zeroizing::new(postgres.url.clone()),
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

/// A database of its own on the server that `CHARTSEAL_TEST_POSTGRES` names.
struct Postgres {
    server: String,
    name: String,
    url: String,
}

impl Postgres {
    fn create() -> Result<Self, Failed> {
        let server = env::var("CHARTSEAL_TEST_POSTGRES")
            .map_err(|_| "name a PostgreSQL server in CHARTSEAL_TEST_POSTGRES")?;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value = sql(&server, &format!("SHOW {setting}"))?;
            if value.trim() != "on" {
                return Err(
                    format!("`{setting}` is {}; no figure without it", value.trim()).into(),
                );
            }
        }
        let name = format!("bench_{}", std::process::id());
        sql(
            &server,
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        )?;
        sql(&server, &format!("CREATE DATABASE {name}"))?;
        let (host, _) = server.rsplit_once('/').ok_or("the URL names no database")?;
        let url = format!("{host}/{name}");
        Ok(Self { server, name, url })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let name = &self.name;
        drop(sql(
            &self.server,
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        ));
    }
}

fn sql(server: &str, statement: &str) -> Result<String, Failed> {
    let done = Command::new("psql")
        .args([
            "--quiet",
            "--no-psqlrc",
            "--tuples-only",
            "--dbname",
            server,
        ])
        .args(["--command", statement])
        .output()?;
    match done.status.success() {
        true => Ok(String::from_utf8(done.stdout)?),
        false => Err(String::from_utf8_lossy(&done.stderr).into()),
    }
}

fn secret(path: &Path, text: &str) -> Result<(), Failed> {
    fs::write(path, format!("{text}\n"))?;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o600),
    )?)
}

fn spawn(command: &str, config: &Path) -> Result<Child, Failed> {
    let log = fs::File::create(config.with_extension("log"))?;
    let child = Command::new(demo::program()?)
        .args([command, "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?;
    Ok(child)
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
