//! The chain that anchors go to: the dev L2 in this process, or anvil beside it,
//! both with the same two accounts.

use anchor_service::ledger::evm::{RegistryAdmin, SubmitterKey};
use devkit::chain::{DevChain, DevChainConfig};
use model::LogId;
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// The first two of anvil's published accounts.
const ADMIN: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const SUBMITTER: &str = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const DEV_CHAIN_ID: u64 = 20_261;
const ANVIL_CHAIN_ID: u64 = 31_337;

/// A chain; it ends with the value.
pub enum Chain {
    Dev(DevChain),
    Anvil(Anvil),
}

/// anvil as a child process.
pub struct Anvil {
    child: Child,
    url: String,
}

impl Chain {
    /// The dev L2.
    pub fn dev(folder: &TempDir) -> Self {
        let accounts = vec![admin().address(), submitter().address()];
        let config = DevChainConfig {
            dir: folder.path().join("chain"),
            port: None,
            chain_id: DEV_CHAIN_ID,
            allowed: accounts.clone(),
            funded: accounts,
        };
        Self::Dev(DevChain::start(config).unwrap())
    }

    /// The binary that `CHARTSEAL_ANVIL` names. A block each second, and short
    /// epochs, so that the tag `finalized` moves while the test waits.
    pub fn anvil(_: &TempDir) -> Self {
        let binary = std::env::var("CHARTSEAL_ANVIL")
            .expect("CHARTSEAL_ANVIL must name anvil's binary; `cargo xtask test` installs one");
        let mut child = Command::new(&binary)
            .args(["--port", "0", "--host", "127.0.0.1"])
            .args(["--block-time", "1", "--slots-in-an-epoch", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("start `{binary}`: {error}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| Some(format!("http://{}", line.strip_prefix("Listening on ")?)))
            .expect("anvil says where it listens");
        // anvil writes a line per request; a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self::Anvil(Anvil { child, url })
    }

    /// Where its JSON-RPC is.
    pub fn url(&self) -> String {
        match self {
            Self::Dev(chain) => chain.rpc_url(),
            Self::Anvil(anvil) => anvil.url.clone(),
        }
    }

    /// Its number.
    pub fn id(&self) -> u64 {
        match self {
            Self::Dev(chain) => chain.chain_id(),
            Self::Anvil(_) => ANVIL_CHAIN_ID,
        }
    }

    /// A new registry at which the submitter may anchor these logs.
    pub async fn registry(&self, logs: &[LogId]) -> [u8; 20] {
        let admin = RegistryAdmin::connect(&self.url(), self.id(), admin())
            .await
            .unwrap();
        let address = admin.deploy().await.unwrap();
        for log in logs {
            let submitter = submitter().address().0.0;
            admin.grant(address, *log, submitter).await.unwrap();
        }
        address
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Who sends the anchors.
pub fn submitter() -> SubmitterKey {
    key(SUBMITTER)
}

fn admin() -> SubmitterKey {
    key(ADMIN)
}

fn key(digits: &str) -> SubmitterKey {
    let mut secret = [0; 32];
    hex::decode_to_slice(digits, &mut secret).unwrap();
    SubmitterKey::from_bytes(&secret).unwrap()
}
