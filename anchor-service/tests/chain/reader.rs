//! What a verifier reads out of the registry's events, on anvil.

use crate::{
    proxy::{Proxy, with},
    support::{Anvil, CHAIN, Tree, log_id, number},
};
use anchor_service::ledger::{
    Extension, FinalityRule, Ledger as _, LedgerError,
    evm::{EvmLedger, RegistryReader, SubmitterKey},
};
use serde_json::{Value, json};

/// Anchors the next size of a log; a heartbeat where it does not grow.
async fn anchor(anvil: &Anvil, ledger: &EvmLedger, tree: &Tree, log: u32, size: u64) {
    let head = ledger.head(log_id(log)).await.unwrap();
    let before = head.map_or(0, |head| head.size);
    let extension = Extension {
        log_id: log_id(log),
        seq: head.map_or(1, |head| head.seq + 1),
        size,
        root: tree.root(size),
        consistency: match before {
            0 => Vec::new(),
            before if before == size => Vec::new(),
            before => tree.path(before, size),
        },
    };
    let nonce = ledger.next_nonce().await.unwrap();
    let signed = ledger.prepare(nonce, &[extension]).await.unwrap();
    ledger.broadcast(&signed.raw).await.unwrap();
    assert_eq!(anvil.receipt(signed.hash).await["status"], "0x1");
}

#[tokio::test]
async fn final_anchors_are_read_newest_first_and_no_others() {
    let anvil = Anvil::start(&[]);
    let (one, other) = (log_id(1), log_id(2));
    let ledger = anvil.registry(0x44, &[one, other]).await;
    let tree = Tree::new(20);
    for (log, size) in [(1, 4), (2, 3), (1, 4), (1, 9)] {
        anchor(&anvil, &ledger, &tree, log, size).await;
    }
    // More blocks than one question asks for, between the old and the new.
    anvil.must("anvil_mine", json!(["0x4b0"])).await;
    for size in [12, 12, 20] {
        anchor(&anvil, &ledger, &tree, 1, size).await;
    }
    let connect = async |rule| {
        RegistryReader::connect(&anvil.url, ledger.registry(), rule)
            .await
            .unwrap()
    };
    let reader = connect(FinalityRule::Immediate).await;
    assert_eq!(reader.chain_id(), CHAIN);
    let all = reader.newest(one, 100).await.unwrap();
    let shape: Vec<_> = all.iter().map(|event| (event.seq, event.size)).collect();
    assert_eq!(shape, [(1, 4), (2, 4), (3, 9), (4, 12), (5, 12), (6, 20)]);
    assert!(all.iter().all(|event| event.root == tree.root(event.size)));
    let newest = reader.newest(one, 2).await.unwrap();
    assert_eq!(newest, all[4..]);
    let found = reader.find(one, &[2, 3]).await.unwrap();
    assert_eq!(found, all[1..3]);
    assert_eq!(reader.find(one, &[7]).await, Ok(Vec::new()));
    assert_eq!(reader.newest(log_id(3), 5).await, Ok(Vec::new()));

    // What is not final yet is not there.
    let reader = connect(FinalityRule::Depth(1)).await;
    let seqs: Vec<_> = reader.newest(one, 100).await.unwrap();
    assert_eq!(seqs.last().map(|event| event.seq), Some(5));
    let nowhere = RegistryReader::connect(&anvil.url, [9; 20], FinalityRule::Tag).await;
    assert!(matches!(nowhere, Err(LedgerError::NoRegistry(_))));
}

/// Says that the chain has this number of blocks, and answers for a thousand of them at once.
fn long_chain(proxy: &Proxy, newest: u64) {
    proxy.answer(move |method, params, mut answer| match method {
        "eth_blockNumber" => with(answer, json!(format!("{newest:#x}"))),
        "eth_getLogs" => {
            let end = |name| number(&params[0][name]);
            let refusal = json!({ "code": -32_600, "message": "range is too large" });
            if end("toBlock") - end("fromBlock") >= 1_000 {
                answer.as_object_mut().unwrap().remove("result");
                answer["error"] = refusal;
            } else if !answer["result"].is_array() {
                // Blocks that anvil has not.
                answer = with(answer, Value::Array(Vec::new()));
            }
            answer
        }
        _ => answer,
    });
}

#[tokio::test]
async fn old_events_are_found_where_a_node_answers_for_few_blocks() {
    let anvil = Anvil::start(&[]);
    let ledger = anvil.registry(0x44, &[log_id(1)]).await;
    let tree = Tree::new(4);
    anchor(&anvil, &ledger, &tree, 1, 3).await;
    anchor(&anvil, &ledger, &tree, 1, 4).await;
    let proxy = Proxy::before(&anvil.url).await;
    // More than a quarter of a million blocks were out of reach of a reader.
    long_chain(&proxy, 300_000);
    let rule = FinalityRule::Immediate;
    let reader = RegistryReader::connect(&proxy.url, ledger.registry(), rule).await;
    let reader = reader.unwrap();
    let found = reader.find(log_id(1), &[2]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(reader.newest(log_id(1), 9).await.unwrap().len(), 2);
    let key = SubmitterKey::from_bytes(&[0x44; 32]).unwrap();
    let behind = EvmLedger::new(&proxy.url, CHAIN, ledger.registry(), key).unwrap();
    let event = behind.anchored(log_id(1), 2).await.unwrap();
    assert_eq!(event.map(|event| event.size), Some(4));
}
