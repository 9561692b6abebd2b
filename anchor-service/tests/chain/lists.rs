//! Random lists of operations over anvil, with blocks that go, base fees that leap, answers
//! that are false and connections to PostgreSQL that are killed: the invariants of the
//! simulation, where a real node and a real server decide.

use crate::{
    fees,
    gateway::Gateway,
    lies::hex_of,
    postgres::Postgres,
    proxy::{Proxy, with},
};
use alloy::sol_types::SolValue as _;
use anchor_service::{
    SignedError, SignedFile, SignedKeeper, SignedStates, StepError, ledger::FinalityRule,
};
use model::{AnchorState, Digest, Random as _, SeededRandom};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use store::Database;
use tlog::{leaf::leaf_hash, tree::CompactRange};

/// Blocks on top that make one final; as deep as reorganisations go.
const DEPTH: u64 = 64;
const SEEDS: u64 = 6;
const OPS: u32 = 40;

struct Dice(SeededRandom);

impl Dice {
    fn below(&self, sides: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes).unwrap();
        u64::from_be_bytes(bytes) % sides
    }
}

/// The file of signed states, and every state that it was ever handed.
pub struct Witness {
    file: SignedFile,
    seen: Mutex<BTreeMap<u64, BTreeSet<Digest>>>,
}

impl Witness {
    pub fn new(file: SignedFile) -> Arc<Self> {
        Arc::new(Self {
            file,
            seen: Mutex::default(),
        })
    }
}

impl SignedKeeper for Witness {
    fn read(&self) -> Result<SignedStates, SignedError> {
        self.file.read()
    }

    fn swap(&self, before: &SignedStates, after: &SignedStates) -> Result<(), SignedError> {
        for state in after.values() {
            let (size, root) = state.claim();
            let mut seen = self.seen.lock().unwrap();
            seen.entry(size).or_default().insert(root);
        }
        self.file.swap(before, after)
    }

    fn place(&self) -> String {
        self.file.place()
    }
}

/// A step, of which any may fail; a failure is a crash.
async fn step(gateway: &mut Gateway, which: u64) -> Result<u64, StepError> {
    let outcome = match which {
        0 => gateway.service.step_sequence().await,
        1 => gateway.service.step_checkpoint().await,
        2 => gateway.service.step_finality().await,
        _ => gateway.service.step_post().await,
    };
    if outcome.is_err() {
        gateway.restart().await;
    }
    outcome
}

/// The next answer to one question is false or missing.
fn lie_once(proxy: &Proxy, dice: &Dice) {
    let head = (7_u64, 900_u64, [9_u8; 32], 0_u64).abi_encode();
    let lies = [
        ("eth_getTransactionCount", json!("0x99")),
        ("eth_getTransactionReceipt", Value::Null),
        ("eth_blockNumber", json!("0xffffff")),
        ("eth_call", json!(hex_of(&head))),
        ("eth_getLogs", json!([])),
        (
            "eth_maxPriorityFeePerGas",
            json!(format!("{:#x}", 10_u128.pow(30))),
        ),
        ("eth_estimateGas", json!("0x5208")),
        ("eth_sendRawTransaction", json!({ "login": "please" })),
    ];
    let (about, lie) = lies[usize::try_from(dice.below(lies.len() as u64)).unwrap()].clone();
    let mut told = false;
    proxy.answer(move |method, _, answer| {
        if told || method != about {
            return answer;
        }
        told = true;
        with(answer, lie.clone())
    });
}

async fn act(gateway: &mut Gateway, dice: &Dice, proxy: &Proxy, server: Option<&Postgres>) {
    match dice.below(23) {
        0..4 => gateway.plant(1 + dice.below(300)).await,
        4..11 => drop(step(gateway, dice.below(4)).await),
        11..14 => gateway.mine(1 + dice.below(12)).await,
        14..16 => {
            let depth = 1 + dice.below(DEPTH);
            gateway.anvil.must("anvil_reorg", json!([depth, []])).await;
        }
        16 => drop(
            gateway
                .anvil
                .must("anvil_dropAllTransactions", json!([]))
                .await,
        ),
        17 => {
            let millis =
                [11_000, 60_000, 86_400_000, -3_600_000][usize::try_from(dice.below(4)).unwrap()];
            gateway.clock.advance_millis(millis);
        }
        18 => gateway.restart().await,
        19 if dice.below(2) == 0 => {
            // From nothing to more than is ever paid.
            let gwei = [0, 1, 90, 400, 600][usize::try_from(dice.below(5)).unwrap()];
            let fee = json!([format!("{:#x}", gwei * 1_000_000_000_u64)]);
            gateway
                .anvil
                .must("anvil_setNextBlockBaseFeePerGas", fee)
                .await;
            gateway.mine(1).await;
        }
        20..22 => lie_once(proxy, dice),
        _ => match server {
            Some(server) => {
                let (late, which) = (Duration::from_millis(dice.below(12)), dice.below(4));
                let kill = async {
                    tokio::time::sleep(late).await;
                    server.kill_connections().await;
                };
                drop(tokio::join!(step(gateway, which), kill).0);
                wait_for(gateway).await;
            }
            None => gateway.mine(1).await,
        },
    }
}

/// Waits until the store has connections again.
async fn wait_for(gateway: &Gateway) {
    for _ in 0..100 {
        let asked = gateway.store.run_tx("alive", &[], |_| Ok(()));
        if asked.await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the database does not come back");
}

/// Lets all come to rest.
async fn rest(gateway: &mut Gateway) {
    let mut said = Ok(0);
    let usual = json!(["0x3b9aca00"]);
    gateway
        .anvil
        .must("anvil_setNextBlockBaseFeePerGas", usual)
        .await;
    gateway.mine(1).await;
    for _ in 0..12 {
        said = Ok(0);
        for which in 0..4 {
            said = step(gateway, which).await.and(said);
        }
        // What was sent is mined soon after, not at once.
        tokio::time::sleep(Duration::from_millis(30)).await;
        gateway.mine(DEPTH + 1).await;
        gateway.clock.advance_millis(60_000);
    }
    assert_eq!(said.map(drop), Ok(()));
}

async fn judge(gateway: &Gateway) {
    fees::judge(gateway).await;
    let id = gateway.log;
    let read = gateway.store.read("judge", move |r| {
        let mut logs = r.logs().list()?.into_iter();
        let log = logs.find(|log| log.log_id == id).unwrap();
        Ok((log.size, r.leaves().range(log.id, 0, u32::MAX)?))
    });
    let (size, leaves) = read.await.unwrap();
    // None lost, doubled or in another's place.
    let found: Vec<_> = leaves.iter().map(|leaf| leaf.commitment).collect();
    let planted: Vec<_> = (0..gateway.planted)
        .map(crate::gateway::commitment)
        .collect();
    assert_eq!(
        (size, found.len() as u64),
        (gateway.planted, gateway.planted)
    );
    assert!(found == planted, "the log holds other leaves");
    let (mut tree, mut roots) = (CompactRange::default(), BTreeMap::new());
    for leaf in &found {
        tree.push(leaf_hash(leaf));
        roots.insert(tree.size(), tree.root());
    }
    for (size, signed) in &*gateway.witness.seen.lock().unwrap() {
        let root = roots.get(size).copied();
        assert_eq!(
            signed.iter().copied().collect::<Vec<_>>(),
            Vec::from_iter(root),
            "{size}"
        );
    }
    let anchors = gateway.anchors().await;
    assert_eq!(anchors.last().map_or(0, |anchor| anchor.new.size), size);
    for anchor in &anchors {
        assert!(
            matches!(anchor.state, AnchorState::Finalized { .. }),
            "{anchor:?}"
        );
        assert_eq!(roots.get(&anchor.new.size), Some(&anchor.new.root));
        let event = gateway.event(anchor.new.seq).await.unwrap();
        assert_eq!((event.size, event.root), (anchor.new.size, anchor.new.root));
    }
    let next = anchors.len() as u64 + 1;
    assert!(
        gateway.event(next).await.is_none(),
        "the chain has one more"
    );
}

async fn run(seed: u64, server: Option<Postgres>) {
    println!("seed {seed}");
    let dice = Dice(SeededRandom::new(seed));
    let mut gateway = match &server {
        Some(server) => {
            let url = server.url().into();
            Gateway::over(
                Some(Database::Postgres { url }),
                &[],
                FinalityRule::Depth(DEPTH),
            )
            .await
        }
        None => Gateway::start(&[], FinalityRule::Depth(DEPTH)).await,
    };
    // There is a time before, for a clock that goes back.
    gateway.clock.advance_millis(40 * 86_400_000);
    // Registry and grant are final.
    gateway.mine(DEPTH + 1).await;
    let proxy = Proxy::before(&gateway.anvil.url).await;
    gateway.urls = vec![proxy.url.clone()];
    gateway.restart().await;
    for _ in 0..OPS {
        act(&mut gateway, &dice, &proxy, server.as_ref()).await;
    }
    proxy.be_honest();
    rest(&mut gateway).await;
    judge(&gateway).await;
}

#[tokio::test]
async fn whatever_anvil_takes_back_there_is_one_history() {
    for seed in 0..SEEDS {
        run(seed, None).await;
    }
}

#[tokio::test]
async fn whatever_connections_are_killed_there_is_one_history() {
    for seed in 100..100 + SEEDS {
        run(seed, Some(Postgres::start())).await;
    }
}
