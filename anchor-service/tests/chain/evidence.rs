//! Evidence where a node tells header and receipts otherwise than the chain has them.

use crate::{lies::hex_of, nodes::before_proxies, proxy::with};
use anchor_service::ledger::{Evidence, FinalityRule};
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
