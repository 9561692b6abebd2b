//! What a node can lie about, each lie as it would be told by one that wants to be believed:
//! head, events, receipt and blocks fit together.

use crate::{gateway::Gateway, proxy::with, support::CHAIN};
use alloy::{
    primitives::B256,
    sol_types::{SolError as _, SolValue as _},
};
use anchor_service::ledger::evm::AnchorRegistry;
use serde_json::{Value, json};
use store::PostState;

/// What a liar knows of the chain and of what waits.
#[derive(Clone)]
pub struct Facts {
    /// The genuine event of anchor 2.
    pub event: Value,
    /// The genuine receipt of its transaction.
    receipt: Value,
    /// Hash of the transaction that waits.
    waiting: String,
    /// The number of transactions of the submitter.
    count: u64,
    log_id: B256,
    size: u64,
    root: [u8; 32],
}

impl Facts {
    /// Two anchors stand in blocks and a third waits.
    pub async fn of(gateway: &Gateway) -> Self {
        let filter = json!([{ "fromBlock": "0x0", "address": hex_of(&gateway.registry) }]);
        let logs = gateway.anvil.must("eth_getLogs", filter).await;
        let mut logs = logs.as_array().unwrap().iter();
        let event = logs.rfind(|log| log["topics"].as_array().unwrap().len() == 3);
        let event = event.unwrap().clone();
        let sent = json!([event["transactionHash"]]);
        let receipt = gateway.anvil.must("eth_getTransactionReceipt", sent).await;
        let list = |reader: &mut store::Reader| reader.posts().list(&[PostState::Prepared]);
        let waiting = gateway.store.read("waiting", list).await.unwrap();
        let waiting = waiting.last().unwrap().new.clone();
        assert_eq!(waiting.chain_id, CHAIN);
        let anchor = gateway.anchors().await.pop().unwrap().new;
        Self {
            event,
            receipt,
            waiting: hex_of(&waiting.tx_hash),
            count: waiting.nonce,
            log_id: B256::new(*gateway.log.as_bytes()),
            size: anchor.size,
            root: *anchor.root.as_bytes(),
        }
    }

    /// An event of the registry that never was, in the block of anchor 2.
    pub fn forged(&self, seq: u64, (size, root): (u64, [u8; 32]), transaction: &str) -> Value {
        let mut log = self.event.clone();
        log["data"] = json!(hex_of(&(size, root, 0_u64).abi_encode()));
        log["topics"][2] = json!(format!("0x{seq:064x}"));
        log["transactionHash"] = json!(transaction);
        log
    }
}

pub fn hex_of(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn head(answer: Value, seq: u64, size: u64, root: [u8; 32]) -> Value {
    let head = (seq, size, root, 1_700_000_000_u64).abi_encode();
    with(answer, json!(hex_of(&head)))
}

/// Changes the right answer to a question.
pub type Tale = fn(&Facts, &str, &Value, Value) -> Value;

pub struct Lie {
    pub name: &'static str,
    pub tale: Tale,
    /// Whether it contradicts what the others have in one and the same block, so that it is told
    /// from a node that lags.
    pub named: bool,
    /// Whether one honest node alone cannot go on beside it.
    pub stops: bool,
}

const fn lie(name: &'static str, tale: Tale, named: bool, stops: bool) -> Lie {
    Lie {
        name,
        tale,
        named,
        stops,
    }
}

pub const LIES: [Lie; 11] = [
    lie("the chain is higher", higher, false, false),
    lie("an anchor that never was", invented_head, true, true),
    lie("what waits is made", mined, true, true),
    lie("what was made has failed", failed, true, true),
    lie("nothing ever was", wiped, false, true),
    lie("it stands in another block", moved, true, true),
    lie("there are no events", no_events, true, true),
    lie("the registry refuses", refuses, false, true),
    lie("a call takes next to nothing", cheap, false, true),
    lie("gas is dear", dear, false, false),
    lie("many transactions were sent", counted, false, true),
];

fn higher(_: &Facts, method: &str, params: &Value, mut answer: Value) -> Value {
    match method {
        "eth_blockNumber" => return with(answer, json!("0xffffff")),
        "eth_getBlockByNumber" if params[0] == "finalized" || params[0] == "latest" => {
            answer["result"]["number"] = json!("0xffffff");
        }
        _ => {}
    }
    answer
}

fn invented_head(facts: &Facts, method: &str, _: &Value, answer: Value) -> Value {
    let transaction = hex_of(&[0xab; 32]);
    match method {
        "eth_call" => head(answer, 7, 900, [9; 32]),
        "eth_getLogs" => with(
            answer,
            json!([facts.forged(7, (900, [9; 32]), &transaction)]),
        ),
        _ => answer,
    }
}

fn mined(facts: &Facts, method: &str, params: &Value, answer: Value) -> Value {
    match method {
        "eth_call" => head(answer, 3, facts.size, facts.root),
        "eth_getLogs" => {
            let truth = (facts.size, facts.root);
            with(answer, json!([facts.forged(3, truth, &facts.waiting)]))
        }
        "eth_getTransactionCount" => with(answer, json!(format!("{:#x}", facts.count + 1))),
        "eth_getTransactionReceipt" if answer["result"].is_null() => {
            let mut receipt = facts.receipt.clone();
            receipt["transactionHash"] = params[0].clone();
            with(answer, receipt)
        }
        _ => answer,
    }
}

fn failed(_: &Facts, method: &str, _: &Value, mut answer: Value) -> Value {
    if method == "eth_getTransactionReceipt" && answer["result"].is_object() {
        answer["result"]["status"] = json!("0x0");
    }
    answer
}

fn wiped(_: &Facts, method: &str, params: &Value, answer: Value) -> Value {
    match method {
        "eth_call" => with(answer, json!(hex_of(&[0; 128]))),
        "eth_getLogs" => with(answer, json!([])),
        "eth_getTransactionCount" => with(answer, json!("0x0")),
        "eth_getTransactionReceipt" | "eth_getTransactionByHash" => with(answer, Value::Null),
        "eth_getBlockByNumber" if params[0] != "latest" => with(answer, Value::Null),
        _ => answer,
    }
}

fn moved(_: &Facts, method: &str, params: &Value, mut answer: Value) -> Value {
    let other = json!(hex_of(&[0xab; 32]));
    match method {
        "eth_getTransactionReceipt" if answer["result"].is_object() => {
            answer["result"]["blockHash"] = other;
        }
        "eth_getBlockByNumber" if answer["result"].is_object() && params[0] != "latest" => {
            answer["result"]["hash"] = other;
        }
        "eth_getLogs" => {
            for log in answer["result"].as_array_mut().unwrap() {
                log["blockHash"] = other.clone();
            }
        }
        _ => {}
    }
    answer
}

fn no_events(_: &Facts, method: &str, _: &Value, answer: Value) -> Value {
    match method {
        "eth_getLogs" => with(answer, json!([])),
        _ => answer,
    }
}

fn refuses(facts: &Facts, method: &str, _: &Value, mut answer: Value) -> Value {
    if method == "eth_estimateGas" {
        let closed = AnchorRegistry::LogClosed {
            logId: facts.log_id,
        };
        answer.as_object_mut().unwrap().remove("result");
        let data = hex_of(&closed.abi_encode());
        answer["error"] = json!({"code": 3, "message": "execution reverted", "data": data});
    }
    answer
}

fn cheap(_: &Facts, method: &str, _: &Value, answer: Value) -> Value {
    match method {
        "eth_estimateGas" => with(answer, json!("0x5208")),
        _ => answer,
    }
}

fn dear(_: &Facts, method: &str, params: &Value, mut answer: Value) -> Value {
    match method {
        "eth_maxPriorityFeePerGas" | "eth_gasPrice" => with(answer, json!("0x8bb2c97000")),
        "eth_getBlockByNumber" if params[0] == "latest" => {
            answer["result"]["baseFeePerGas"] = json!("0x8bb2c97000");
            answer
        }
        _ => answer,
    }
}

fn counted(_: &Facts, method: &str, _: &Value, answer: Value) -> Value {
    match method {
        "eth_getTransactionCount" => with(answer, json!("0x99")),
        _ => answer,
    }
}
