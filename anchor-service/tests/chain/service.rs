//! The whole service over SQLite and anvil: to finality by each rule, through
//! reorganisations, stuck transactions and a restart; and the evidence.

use crate::support::{Anvil, number};
use alloy::primitives::{Address, B256, keccak256};
use alloy_trie::{Nibbles, proof::verify_proof};
use anchor_service::{
    AnchorService, LogKeys,
    config::Config,
    ledger::{Evidence, FinalityRule, Ledger as _, evm::EvmLedger},
    open_log,
};
use model::{
    AnchorState, AuditInteraction, Commitment, DataKeyId, LogId, ManualClock, SeededRandom, Tag,
    Timestamp,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use store::{Audit, Database, Facility, NewAudit, PostState, Store};
use tempfile::TempDir;

struct Gateway {
    anvil: Anvil,
    folder: TempDir,
    store: Store,
    facility: Facility,
    log: LogId,
    clock: Arc<ManualClock>,
    planted: u64,
    registry: [u8; 20],
    finality: FinalityRule,
    service: AnchorService<EvmLedger>,
}

const SUBMITTER: u8 = 0x33;

impl Gateway {
    async fn start(args: &[&str], finality: FinalityRule) -> Self {
        let anvil = Anvil::start(args);
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Database::Sqlite {
            path: folder.path().join("db"),
        })
        .unwrap();
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
        let clock = Arc::new(ManualClock::new(created));
        let service = service(&store, ledger, &clock, &folder, finality);
        Self {
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

    async fn restart(&mut self) {
        let ledger = self.anvil.ledger(SUBMITTER, self.registry).await;
        self.service = service(
            &self.store,
            ledger,
            &self.clock,
            &self.folder,
            self.finality,
        );
    }

    async fn plant(&mut self, count: u64) {
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
    async fn post(&mut self) {
        self.service.step_sequence().await.unwrap();
        assert_eq!(self.service.step_checkpoint().await.unwrap(), 1);
        assert_eq!(self.service.step_post().await.unwrap(), 1);
    }

    /// Looks until the newest anchor is in a block: anvil answers a broadcast
    /// before it has mined.
    async fn anchored(&mut self) -> store::Anchor {
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

    async fn mine(&self, blocks: u64) {
        self.anvil
            .must("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    async fn anchors(&self) -> Vec<store::Anchor> {
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
    async fn check_evidence(&self) {
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

fn service(
    store: &Store,
    ledger: EvmLedger,
    clock: &Arc<ManualClock>,
    folder: &TempDir,
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
    AnchorService::new(store.clone(), ledger, keys, clock.clone(), config)
}

fn audit(number: u64) -> NewAudit {
    let mut commitment = [5; 32];
    commitment[24..].copy_from_slice(&number.to_be_bytes());
    let audit = Audit {
        record: Tag::from_slice(&commitment[16..]).unwrap(),
        time: Timestamp::from_millis(0).unwrap(),
        interaction: AuditInteraction::restful("read"),
        outcome: 0,
        purpose: None,
        policy_number: 1,
        user: None,
        client: None,
        subject: None,
        events: 1,
        padded_size: 256,
        data_key: DataKeyId::new([0; 16]),
        envelope: vec![1],
        queries: Vec::new(),
    };
    NewAudit {
        audit,
        patients: Vec::new(),
        commitment: Commitment::new(commitment),
    }
}

#[tokio::test]
async fn growth_becomes_final_by_depth_with_evidence() {
    let mut gateway = Gateway::start(&[], FinalityRule::Depth(4)).await;
    for (seq, count) in [(1, 700), (2, 1), (3, 5_000)] {
        gateway.plant(count).await;
        gateway.post().await;
        assert_eq!(
            gateway.anchors().await.last().unwrap().state,
            AnchorState::Posted
        );
        let anchor = gateway.anchored().await;
        gateway.mine(3).await;
        assert_eq!(
            gateway.service.step_finality().await,
            Ok(0),
            "one block too few"
        );
        gateway.mine(1).await;
        assert_eq!(gateway.service.step_finality().await, Ok(1));
        gateway.check_evidence().await;
        assert_eq!(anchor.new.seq, seq);
        assert_eq!(anchor.new.size, gateway.planted);
    }
    let status = gateway.service.status().read().await.unwrap();
    assert_eq!((status.pending, status.logs[0].size), (0, 5_701));
    assert_eq!(status.logs[0].last_final.unwrap().seq, 3);
}

#[tokio::test]
async fn growth_becomes_final_by_tag_and_at_once() {
    let args = ["--slots-in-an-epoch", "2"];
    let mut gateway = Gateway::start(&args, FinalityRule::Tag).await;
    gateway.plant(10).await;
    gateway.post().await;
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(0));
    gateway.mine(10).await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    gateway.check_evidence().await;

    gateway.finality = FinalityRule::Immediate;
    gateway.restart().await;
    gateway.plant(10).await;
    gateway.post().await;
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    gateway.check_evidence().await;
}

#[tokio::test]
async fn a_reorganisation_heals() {
    let mut gateway = Gateway::start(&[], FinalityRule::Depth(8)).await;
    for round in 1..=3_u64 {
        gateway.plant(100).await;
        gateway.post().await;
        gateway.anchored().await;
        gateway.mine(1).await;
        // From the second round on earlier anchors are lost with it.
        gateway
            .anvil
            .must("anvil_reorg", json!([2 * round, []]))
            .await;
        gateway.service.step_finality().await.unwrap();
        let states: Vec<_> = gateway
            .anchors()
            .await
            .into_iter()
            .map(|anchor| anchor.state)
            .collect();
        assert!(states.contains(&AnchorState::Posted), "{states:?}");
        gateway.clock.advance_millis(10_000);
        // One nonce after the other.
        gateway.anchored().await;
        for anchor in gateway.anchors().await {
            assert!(
                matches!(anchor.state, AnchorState::Anchored { .. }),
                "{anchor:?}"
            );
        }
    }
    gateway.mine(8).await;
    assert_eq!(gateway.service.step_finality().await, Ok(3));
    gateway.check_evidence().await;
    assert_eq!(gateway.anchors().await.len(), 3);
}

#[tokio::test]
async fn a_stuck_transaction_is_replaced_with_the_same_nonce() {
    let mut gateway = Gateway::start(&[], FinalityRule::Depth(1)).await;
    gateway.plant(3).await;
    gateway.anvil.must("evm_setAutomine", json!([false])).await;
    gateway.post().await;
    // Known bytes again are no error; a minute later the price rises.
    gateway.clock.advance_millis(11_000);
    gateway.service.step_post().await.unwrap();
    gateway.clock.advance_millis(60_000);
    gateway.service.step_post().await.unwrap();
    let all = [PostState::Prepared, PostState::Replaced];
    let posts = gateway
        .store
        .read("posts", move |r| r.posts().list(&all))
        .await
        .unwrap();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].new.nonce, posts[1].new.nonce);
    gateway.restart().await;
    gateway.mine(2).await;
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    gateway.check_evidence().await;
    let count = gateway.anvil.must(
        "eth_getTransactionCount",
        json!([
            format!(
                "{:#x}",
                Address::new(gateway.anvil.ledger(SUBMITTER, [0; 20]).await.submitter())
            ),
            "latest",
        ]),
    );
    assert_eq!(number(&count.await), 1, "one of the two was mined");
}

#[tokio::test]
async fn the_loop_brings_leaves_to_finality_and_stops_when_told() {
    let args = ["--block-time", "1"];
    let mut gateway = Gateway::start(&args, FinalityRule::Immediate).await;
    gateway.plant(1_000).await;
    gateway.restart().await;
    let ledger = gateway.anvil.ledger(SUBMITTER, gateway.registry).await;
    let rule = gateway.finality;
    let fresh = service(
        &gateway.store,
        ledger,
        &gateway.clock,
        &gateway.folder,
        rule,
    );
    let running = std::mem::replace(&mut gateway.service, fresh);
    let status = running.status();
    let done = async {
        loop {
            let now = status.read().await.unwrap();
            if now.logs[0]
                .last_final
                .is_some_and(|anchor| anchor.size == 1_000)
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, running.run(done))
        .await
        .unwrap()
        .unwrap();
    gateway.check_evidence().await;
}
