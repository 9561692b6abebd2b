//! What the tests of the chain share: anvil as a child process, questions to
//! it, and a tree to anchor.

use anchor_service::ledger::{
    Ledger as _,
    evm::{EvmLedger, RegistryAdmin, SubmitterKey},
};
use model::{Digest, LogId};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};
use tlog::tree::{
    self,
    tile::{self, TileId},
};

pub const CHAIN: u64 = 31_337;
/// The first of anvil's published accounts.
const ADMIN: [u8; 32] = [
    0xac, 0x09, 0x74, 0xbe, 0xc3, 0x9a, 0x17, 0xe3, 0x6b, 0xa4, 0xa6, 0xb4, 0xd2, 0x38, 0xff, 0x94,
    0x4b, 0xac, 0xb4, 0x78, 0xcb, 0xed, 0x5e, 0xfc, 0xae, 0x78, 0x4d, 0x7b, 0xf4, 0xf2, 0xff, 0x80,
];

/// A chain of anvil's; ends with the value.
pub struct Anvil {
    child: Child,
    pub url: String,
}

impl Anvil {
    /// Starts the binary that `CHARTSEAL_ANVIL` names.
    pub fn start(args: &[&str]) -> Self {
        let binary = std::env::var("CHARTSEAL_ANVIL")
            .unwrap_or_else(|_| panic!("CHARTSEAL_ANVIL must name anvil's binary"));
        let mut child = Command::new(&binary)
            .args(["--port", "0", "--host", "127.0.0.1"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("start `{binary}`: {e}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| Some(format!("http://{}", line.strip_prefix("Listening on ")?)))
            .unwrap();
        // anvil writes a line per request; a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    /// Asks; the node's error as it is.
    pub async fn ask(&self, method: &str, params: Value) -> Result<Value, Value> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer: Value = reqwest::Client::new()
            .post(&self.url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer.get("result").cloned().unwrap_or(Value::Null)),
        }
    }

    pub async fn must(&self, method: &str, params: Value) -> Value {
        self.ask(method, params)
            .await
            .unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    pub async fn admin(&self) -> RegistryAdmin {
        let key = SubmitterKey::from_bytes(&ADMIN).unwrap();
        RegistryAdmin::connect(&self.url, CHAIN, key).await.unwrap()
    }

    /// A new registry and a submitter with money and a grant for these logs.
    pub async fn registry(&self, seed: u8, logs: &[LogId]) -> EvmLedger {
        let admin = self.admin().await;
        let registry = admin.deploy().await.unwrap();
        let ledger = self.ledger(seed, registry).await;
        for log in logs {
            admin
                .grant(registry, *log, ledger.submitter())
                .await
                .unwrap();
        }
        ledger
    }

    /// A ledger whose submitter has money but no grant.
    pub async fn ledger(&self, seed: u8, registry: [u8; 20]) -> EvmLedger {
        let key = SubmitterKey::from_bytes(&[seed; 32]).unwrap();
        let account = format!("{:#x}", key.address());
        self.must("anvil_setBalance", json!([account, "0xde0b6b3a7640000000"]))
            .await;
        EvmLedger::new(&self.url, CHAIN, registry, key).unwrap()
    }

    /// Waits for a transaction and gives its receipt.
    pub async fn receipt(&self, hash: [u8; 32]) -> Value {
        let hash = format!("0x{}", hex::encode(hash));
        for _ in 0..200 {
            let receipt = self.must("eth_getTransactionReceipt", json!([hash])).await;
            if !receipt.is_null() {
                return receipt;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("no receipt");
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

pub fn log_id(number: u32) -> LogId {
    let mut bytes = [7; 32];
    for (byte, source) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *byte = source;
    }
    LogId::new(bytes)
}

/// A tree whose leaf `i` follows from `i`.
pub struct Tree(BTreeMap<TileId, Vec<u8>>);

impl Tree {
    pub fn new(size: u32) -> Self {
        let leaves: Vec<Digest> = (0..size)
            .map(|i| Digest::new(*log_id(i ^ 0x5555_5555).as_bytes()))
            .collect();
        let grown = tile::integrate(0, &leaves, |_| Ok::<_, Infallible>(None)).unwrap();
        Self(grown.tiles.into_iter().collect())
    }

    fn read(&self) -> impl FnMut(TileId) -> Result<Option<Vec<u8>>, Infallible> {
        |id| Ok(self.0.get(&id).cloned())
    }

    pub fn root(&self, size: u64) -> Digest {
        tree::root(&mut self.read(), size).unwrap()
    }

    pub fn path(&self, old: u64, new: u64) -> Vec<Digest> {
        tree::consistency::path(&mut self.read(), old, new).unwrap()
    }
}
