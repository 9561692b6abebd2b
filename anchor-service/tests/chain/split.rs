//! More logs than a block has gas for.

use crate::{gateway::Gateway, support::number};
use anchor_service::ledger::FinalityRule;
use serde_json::json;
use std::time::Duration;

/// Gas of a block: three first anchors fit, six do not.
const BLOCK_GAS: u64 = 250_000;

#[tokio::test]
async fn what_does_not_fit_into_one_block_goes_into_several() {
    let mut gateway = Gateway::start(&[], FinalityRule::Immediate).await;
    let mut logs = vec![gateway.log];
    for name in ["east", "north", "south", "west", "centre"] {
        logs.push(gateway.add_log(name).await);
    }
    gateway.plant(1).await;
    gateway
        .anvil
        .must("evm_setBlockGasLimit", json!([format!("{BLOCK_GAS:#x}")]))
        .await;
    gateway.mine(1).await;
    assert_eq!(gateway.service.step_sequence().await, Ok(6));
    assert_eq!(gateway.service.step_checkpoint().await, Ok(6));
    let mut posted = Vec::new();
    for _ in 0..200 {
        match gateway.service.step_post().await.unwrap() {
            0 => tokio::time::sleep(Duration::from_millis(20)).await,
            anchors => posted.push(anchors),
        }
        if posted.iter().sum::<u64>() == 6 {
            break;
        }
    }
    assert!(posted.len() > 1, "{posted:?}");
    gateway.anchored().await;
    for log in logs {
        let head = gateway.head(log).await.unwrap();
        assert_eq!((head.seq, head.size), (1, 1));
    }
    let sent = json!([gateway.submitter(), "latest"]);
    let sent = gateway.anvil.must("eth_getTransactionCount", sent).await;
    assert_eq!(number(&sent), posted.len() as u64, "none was refused");
}
