//! Evidence where a node tells header and receipts otherwise than the chain has them.

use crate::{gateway::Gateway, lies::hex_of, nodes::before_proxies, proxy::with};
use anchor_service::ledger::{Evidence, FinalityRule};
use model::AnchorState;
use serde_json::json;

#[tokio::test]
async fn what_is_not_told_whole_is_taken_as_the_node_keeps_it() {
    let (mut gateway, proxies) = before_proxies(1, FinalityRule::Immediate).await;
    gateway.make_final(5).await;
    let anchor = gateway.anchors().await.pop().unwrap();
    let evidence: Evidence = serde_json::from_slice(&anchor.evidence.unwrap()).unwrap();
    let kept = |text: &str| hex_of(&hex::decode(text).unwrap());
    let (header, receipt) = (kept(&evidence.header), kept(&evidence.receipt));
    gateway.sql("UPDATE anchor SET evidence = NULL");
    // As from a chain whose headers and receipts have fields that nobody knows here.
    proxies[0].answer(move |method, _, mut answer| match method {
        "eth_getBlockByNumber" if answer["result"].is_object() => {
            answer["result"]["extraData"] = json!("0x01");
            answer
        }
        "eth_getBlockReceipts" => {
            answer["result"][0]["type"] = json!("0x6b");
            answer
        }
        "debug_getRawHeader" => with(answer, json!(header)),
        "debug_getRawReceipts" => with(answer, json!([receipt])),
        _ => answer,
    });
    gateway.restart().await;
    assert_eq!(gateway.service.step_late_evidence().await, Ok(1));
    gateway.check_evidence().await;
    let again = gateway.anchors().await.pop().unwrap().evidence.unwrap();
    assert_eq!(
        serde_json::from_slice::<Evidence>(&again).unwrap(),
        evidence
    );
}

/// A block of anvil's as an OP Stack: beside the anchor a deposit, whose receipt has nonce and
/// version.
#[tokio::test]
async fn a_block_with_a_deposit_gives_evidence() {
    let mut gateway = Gateway::start(&["--optimism"], FinalityRule::Immediate).await;
    gateway.plant(5).await;
    gateway.anvil.must("evm_setAutomine", json!([false])).await;
    let accounts = gateway.anvil.must("eth_accounts", json!([])).await;
    let deposit = json!([{
        "type": "0x7e",
        "from": accounts[1],
        "to": accounts[2],
        "sourceHash": hex_of(&[0x11; 32]),
        "mint": "0x0",
        "value": "0x0",
        "isSystemTx": false,
        "gas": "0x5208",
    }]);
    gateway.anvil.must("eth_sendTransaction", deposit).await;
    gateway.post().await;
    gateway.mine(1).await;
    let AnchorState::Anchored { block, .. } = gateway.anchored().await.state else {
        panic!("no block");
    };
    let block = json!([format!("{block:#x}")]);
    let receipts = gateway.anvil.must("eth_getBlockReceipts", block).await;
    let deposited = receipts.as_array().unwrap().iter();
    let mut deposited = deposited.filter(|receipt| !receipt["depositNonce"].is_null());
    assert!(deposited.next().is_some(), "{receipts}");
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    gateway.check_evidence().await;
}
