//! The chain that anchors go to: the dev L2 or anvil, with the same two accounts,
//! and what its registry says of itself.

use devkit::chain::{DevChain, DevChainConfig};
use e2e::{Caller, until};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// The first two of anvil's published accounts: admin and submitter.
pub const KEYS: [&str; 2] = [
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
];
const ADDRESSES: [&str; 2] = [
    "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
];
const DEV_CHAIN_ID: u64 = 20_261;
const ANVIL_CHAIN_ID: u64 = 31_337;

pub enum Chain {
    Dev(DevChain),
    Anvil { child: Child, url: String },
}

impl Chain {
    /// The dev L2, which plays an operator's.
    pub fn dev(folder: &Path) -> Self {
        Self::Dev(DevChain::start_unmarked(Self::config(folder)).unwrap())
    }

    pub fn config(folder: &Path) -> DevChainConfig {
        let accounts: Vec<_> = ADDRESSES.map(|text| text.parse().unwrap()).into();
        DevChainConfig {
            dir: folder.join("l2"),
            port: None,
            chain_id: DEV_CHAIN_ID,
            allowed: accounts.clone(),
            funded: accounts,
        }
    }

    pub fn anvil() -> Self {
        let binary = std::env::var("CHARTSEAL_ANVIL").unwrap_or_else(|_| {
            panic!("CHARTSEAL_ANVIL must name anvil's binary; `cargo xtask test` installs one")
        });
        let mut child = Command::new(binary)
            .args(["--port", "0", "--host", "127.0.0.1", "--block-time", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| Some(format!("http://{}", line.strip_prefix("Listening on ")?)))
            .unwrap();
        // anvil writes a line per request; a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self::Anvil { child, url }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Dev(chain) => chain.rpc_url(),
            Self::Anvil { url, .. } => url.clone(),
        }
    }

    pub const fn id(&self) -> u64 {
        match self {
            Self::Dev(_) => DEV_CHAIN_ID,
            Self::Anvil { .. } => ANVIL_CHAIN_ID,
        }
    }

    /// The result of a question to the node.
    pub fn ask(&self, method: &str, params: &Value) -> Value {
        let question = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = Caller::new(&self.url(), None).send(
            "POST",
            "",
            &[("content-type", "application/json")],
            question.to_string().into_bytes(),
        );
        let mut answer = answer.expect(200, method).json();
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The registry's events of a log's anchors.
    pub fn events(&self, registry: &str, log_id: &str) -> Vec<Value> {
        let filter = json!({"address": registry, "fromBlock": "0x0", "toBlock": "latest"});
        let events = self.ask("eth_getLogs", &json!([filter]));
        let ours = |event: &&Value| {
            let topics = event["topics"].as_array().unwrap();
            // A grant has three topics too, but no data.
            let data = event["data"].as_str().unwrap();
            data.len() == 2 + 192 && topics[1] == format!("0x{log_id}")
        };
        let events = events.as_array().unwrap();
        events.iter().filter(ours).cloned().collect()
    }

    /// The anchors of a log as the chain has them: seq, size, root, time.
    pub fn anchors(&self, registry: &str, log_id: &str) -> Vec<(u64, u64, String, u64)> {
        let events = self.events(registry, log_id);
        events.iter().map(anchor).collect()
    }

    /// The same, once one of this number is there.
    pub fn anchor(&self, registry: &str, log_id: &str, seq: u64) -> (u64, u64, String, u64) {
        until("the anchor on the chain", 30, || {
            let anchors = self.anchors(registry, log_id);
            anchors.into_iter().find(|anchor| anchor.0 == seq)
        })
    }
}

/// A number as nodes write it.
pub fn number(word: &str) -> u64 {
    u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap()
}

/// `Anchored(logId indexed, seq indexed, size, root, time)`.
pub fn anchor(event: &Value) -> (u64, u64, String, u64) {
    let data = event["data"].as_str().unwrap().trim_start_matches("0x");
    (
        number(event["topics"][2].as_str().unwrap()),
        number(&data[..64]),
        data[64..128].to_owned(),
        number(&data[128..192]),
    )
}

impl Drop for Chain {
    fn drop(&mut self) {
        if let Self::Anvil { child, .. } = self {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
