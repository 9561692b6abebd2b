//! The service over a database and anvil, and a gateway that writes leaves.

use crate::{
    lists::Witness,
    support::{Anvil, CHAIN},
};
use alloy::primitives::{Address, B256, keccak256};
use alloy_trie::{Nibbles, proof::verify_proof};
use anchor_service::{
    AnchorService, LogKeys, SignedFile,
    config::Config,
    ledger::{
        Anchored, Evidence, FinalityRule, Head, Ledger as _,
        evm::{EvmLedger, RpcNode, RpcNodes, SubmitterKey},
    },
    open_log,
};
use model::{
    AnchorState, Commitment, FacilityName, LogId, ManualClock, SeededRandom, SystemRandom, Tag,
    Timestamp,
};
use serde_json::json;
use std::{process::Command, sync::Arc, time::Duration};
use store::{Database, Facility, NewAudit, NewLog, Registry, Store, samples};
use tempfile::TempDir;

pub struct Gateway {
    pub anvil: Anvil,
    /// Whom the service asks.
    pub urls: Vec<String>,
    pub folder: TempDir,
    pub store: Store,
    facility: Facility,
    pub log: LogId,
    pub clock: Arc<ManualClock>,
    pub planted: u64,
    pub registry: [u8; 20],
    pub finality: FinalityRule,
    pub witness: Arc<Witness>,
    pub service: AnchorService<EvmLedger>,
}

pub const SUBMITTER: u8 = 0x33;

impl Gateway {
    pub async fn start(args: &[&str], finality: FinalityRule) -> Self {
        Self::over(None, args, finality).await
    }

    /// Over this database, or one of SQLite.
    pub async fn over(database: Option<Database>, args: &[&str], finality: FinalityRule) -> Self {
        let anvil = Anvil::start(args);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let store = Store::open(&database.unwrap_or(Database::Sqlite { path })).unwrap();
        store.leaf_keys().set([&[1; 32]]);
        let created = Timestamp::from_millis(0).unwrap();
        let id = store
            .run_tx("facility", &[], move |tx| {
                tx.facilities().insert(&"general".parse().unwrap(), created)
            })
            .await
            .unwrap();
        let facility = Facility {
            id,
            name: "general".parse().unwrap(),
            created,
        };
        let keys = LogKeys::new(folder.path());
        let random = SeededRandom::new(1);
        let log = open_log(&store, &keys, "gw.test", &facility, &random)
            .await
            .unwrap();
        assert_eq!(
            open_log(&store, &keys, "gw.test", &facility, &random).await,
            Ok(log)
        );
        let ledger = anvil.registry(SUBMITTER, &[log]).await;
        let registry = ledger.registry();
        let noted = Registry {
            chain_id: CHAIN,
            address: registry,
        };
        let note = store.run_tx("registry", &[], move |tx| tx.registries().insert(noted));
        note.await.unwrap();
        let clock = Arc::new(ManualClock::new(created));
        let witness = Witness::new(SignedFile::new(folder.path().join("signed.json")));
        let service = service(&store, ledger, &clock, (&folder, &witness), finality);
        Self {
            witness,
            urls: vec![anvil.url.clone()],
            anvil,
            folder,
            store,
            facility,
            log,
            clock,
            planted: 0,
            registry,
            finality,
            service,
        }
    }

    pub async fn restart(&mut self) {
        let ledger = self.ledger();
        self.service = service(
            &self.store,
            ledger,
            &self.clock,
            (&self.folder, &self.witness),
            self.finality,
        );
    }

    fn ledger(&self) -> EvmLedger {
        let key = SubmitterKey::from_bytes(&[SUBMITTER; 32]).unwrap();
        EvmLedger::new(self.nodes(), CHAIN, self.registry, key).unwrap()
    }

    /// The registry's event of an anchor.
    pub async fn event(&self, seq: u64) -> Option<Anchored> {
        self.ledger().anchored(self.log, seq).await.unwrap()
    }

    fn nodes(&self) -> RpcNodes {
        // As the configuration makes them of `bearer`, and of `user` and `password`.
        let opens = ["Bearer secret", "Basic QWxhZGRpbjpodW50ZXIy"];
        let nodes = self.urls.iter().zip(opens.iter().cycle());
        let node = |(url, opens): (&String, &&str)| RpcNode {
            url: url.clone(),
            authorization: Some((*opens).to_owned().into()),
        };
        RpcNodes(nodes.map(node).collect())
    }

    /// Runs SQL past the store, as someone without the keys would.
    pub fn sql(&self, statements: &str) {
        const RUN: &str = "import sqlite3, sys\n\
                           with sqlite3.connect(sys.argv[1], timeout=30) as database:\n    \
                               database.executescript(sys.argv[2])";
        let python = std::env::var_os("CHARTSEAL_PYTHON");
        let status = Command::new(python.unwrap_or_else(|| "python3".into()))
            .args(["-c", RUN])
            .arg(self.folder.path().join("db"))
            .arg(statements)
            .status();
        assert!(status.unwrap().success(), "{statements}");
    }

    /// Ends the log: another takes its place.
    pub async fn put_next_log(&self) {
        let new = NewLog {
            facility: self.facility.id,
            epoch: 2,
            origin: "gw.test/log/general/2".to_owned(),
            log_id: LogId::new([2; 32]),
            public_key: [2; 32],
        };
        let insert = move |tx: &mut store::Tx| tx.logs().insert(&new);
        self.store.run_tx("next log", &[], insert).await.unwrap();
    }

    /// Another facility, whose log may be anchored, with a leaf that waits.
    pub async fn add_log(&self, name: &str) -> LogId {
        let (name, created) = (name.parse::<FacilityName>().unwrap(), self.facility.created);
        let add = name.clone();
        let add = move |tx: &mut store::Tx| tx.facilities().insert(&add, created);
        let id = self.store.run_tx("facility", &[], add).await.unwrap();
        let facility = Facility { id, name, created };
        let (keys, random) = (LogKeys::new(self.folder.path()), SystemRandom);
        let opened = open_log(&self.store, &keys, "gw.test", &facility, &random);
        let log = opened.await.unwrap();
        let (admin, submitter) = (self.anvil.admin().await, self.ledger().submitter());
        admin.grant(self.registry, log, submitter).await.unwrap();
        let wait = move |tx: &mut store::Tx| tx.audits().insert(id, &audit(u64::MAX));
        self.store.run_tx("plant", &[], wait).await.unwrap();
        log
    }

    /// The registry's head of a log.
    pub async fn head(&self, log: LogId) -> Option<Head> {
        self.ledger().head(log).await.unwrap()
    }

    /// The submitter's account.
    pub fn submitter(&self) -> String {
        let key = SubmitterKey::from_bytes(&[SUBMITTER; 32]).unwrap();
        format!("{:#x}", key.address())
    }

    pub async fn plant(&mut self, count: u64) {
        let id = self.facility.id;
        let range = self.planted..self.planted + count;
        self.planted += count;
        self.store
            .run_tx("plant", &[], move |tx| {
                range
                    .clone()
                    .try_for_each(|number| tx.audits().insert(id, &audit(number)))
            })
            .await
            .unwrap();
    }

    /// To the broadcast of an anchor over all that was planted.
    pub async fn post(&mut self) {
        self.service.step_sequence().await.unwrap();
        assert_eq!(self.service.step_checkpoint().await.unwrap(), 1);
        assert_eq!(self.service.step_post().await.unwrap(), 1);
    }

    /// Looks until the newest anchor is in a block: anvil answers a broadcast
    /// before it has mined.
    pub async fn anchored(&mut self) -> store::Anchor {
        for _ in 0..100 {
            self.service.step_post().await.unwrap();
            let newest = self.anchors().await.pop().unwrap();
            if matches!(newest.state, AnchorState::Anchored { .. }) {
                return newest;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not mined in two seconds");
    }

    /// Adds this number of leaves, up to an anchor that is final.
    pub async fn make_final(&mut self, count: u64) {
        self.plant(count).await;
        self.post().await;
        self.anchored().await;
        assert_eq!(self.service.step_finality().await, Ok(1));
    }

    pub async fn mine(&self, blocks: u64) {
        self.anvil
            .must("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    pub async fn anchors(&self) -> Vec<store::Anchor> {
        let log_id = self.log;
        let read = self.store.read("anchors", move |r| {
            let log = r
                .logs()
                .list()?
                .into_iter()
                .find(|log| log.log_id == log_id)
                .unwrap();
            (1..)
                .map_while(|seq| r.anchors().find(log.id, seq).transpose())
                .collect::<Result<Vec<_>, _>>()
        });
        read.await.unwrap()
    }

    /// The newest anchor's evidence, checked as a verifier would.
    pub async fn check_evidence(&self) {
        let anchor = self.anchors().await.pop().unwrap();
        let AnchorState::Finalized { block_hash, .. } = anchor.state else {
            panic!("not final: {:?}", anchor.state);
        };
        let evidence: Evidence = serde_json::from_slice(&anchor.evidence.unwrap()).unwrap();
        let header = hex::decode(&evidence.header).unwrap();
        assert_eq!(keccak256(&header), B256::new(block_hash));
        let header: alloy::consensus::Header =
            alloy::rlp::Decodable::decode(&mut header.as_slice()).unwrap();
        let receipt = hex::decode(&evidence.receipt).unwrap();
        let nodes: Vec<_> = evidence
            .proof
            .iter()
            .map(|node| hex::decode(node).unwrap().into())
            .collect();
        let key = Nibbles::unpack(alloy::rlp::encode(evidence.index));
        verify_proof(header.receipts_root, key, Some(receipt.clone()), &nodes).unwrap();
        let says = |bytes: &[u8]| receipt.windows(bytes.len()).any(|part| part == bytes);
        assert!(says(self.log.as_bytes()) && says(anchor.new.root.as_bytes()));
        assert!(says(&self.registry) && says(&anchor.new.size.to_be_bytes()));
    }
}

pub fn service(
    store: &Store,
    ledger: EvmLedger,
    clock: &Arc<ManualClock>,
    (folder, witness): (&TempDir, &Arc<Witness>),
    finality: FinalityRule,
) -> AnchorService<EvmLedger> {
    let config: Config = serde_json::from_value(json!({
        "rpcUrl": "http://unused",
        "chainId": ledger.chain_id(),
        "registry": Address::new(ledger.registry()),
        "submitterKey": "unused",
        "logKeys": folder.path(),
        "finality": finality,
        "sequenceMillis": 20,
        "checkpointMillis": 50,
        "postMillis": 50,
    }))
    .unwrap();
    config.validate().unwrap();
    let keys = LogKeys::new(folder.path());
    assert_eq!(config.signed_file(), folder.path().join("signed.json"));
    let signed = Arc::clone(witness);
    AnchorService::new(store.clone(), ledger, keys, signed, clock.clone(), config)
}

/// The leaf that is planted under this number, from 0.
pub fn commitment(number: u64) -> Commitment {
    let mut commitment = [5; 32];
    commitment[24..].copy_from_slice(&number.to_be_bytes());
    Commitment::new(commitment)
}

fn audit(number: u64) -> NewAudit {
    let commitment = commitment(number);
    let record = Tag::from_slice(&commitment.as_bytes()[16..]).unwrap();
    samples::audit(record, Timestamp::from_millis(0).unwrap(), commitment)
}
