//! A chain that is emptied, or exchanged for another, under a running service.

use crate::{gateway::Gateway, nodes::before_proxies, proxy::with, support::number};
use anchor_service::{
    StepError,
    ledger::{FinalityRule, LedgerError},
};
use serde_json::{Value, json};

/// One anchor that is final, and another that waits.
async fn one_waits(gateway: &mut Gateway) {
    gateway.plant(3).await;
    gateway.post().await;
    gateway.anchored().await;
    gateway.anvil.must("evm_setAutomine", json!([false])).await;
    gateway.plant(2).await;
    gateway.post().await;
}

/// Two steps, each of which names it.
async fn named(gateway: &mut Gateway, fits: fn(&LedgerError) -> bool) {
    for _ in 0..2 {
        let said = gateway.service.step_post().await.unwrap_err();
        let StepError::Ledger(said) = said else {
            panic!("{said:?}");
        };
        assert!(fits(&said), "{said:?}");
    }
}

#[tokio::test]
async fn a_registry_that_goes_under_a_running_service_is_named_while_something_waits() {
    let mut gateway = Gateway::start(&[], FinalityRule::Immediate).await;
    one_waits(&mut gateway).await;
    let registry = format!("0x{}", hex::encode(gateway.registry));
    let code = json!([registry.as_str(), "latest"]);
    let code = gateway.anvil.must("eth_getCode", code).await;
    let set = |code: Value| json!([registry.as_str(), code]);
    gateway.anvil.must("anvil_setCode", set(json!("0x"))).await;
    named(&mut gateway, |said| {
        matches!(said, LedgerError::NoRegistry(_))
    })
    .await;
    gateway.anvil.must("anvil_setCode", set(code)).await;
    gateway.service.step_post().await.unwrap();
    gateway.mine(1).await;
    assert_eq!(gateway.anchored().await.new.seq, 2, "it goes on");
    // The chain begins anew: no contract, no anchor, no transaction.
    gateway.anvil.must("anvil_reset", json!([])).await;
    named(&mut gateway, |said| {
        matches!(said, LedgerError::NoRegistry(_))
    })
    .await;
}

#[tokio::test]
async fn another_chain_under_a_running_service_is_named_while_something_waits() {
    let (mut gateway, proxies) = before_proxies(1, FinalityRule::Immediate).await;
    one_waits(&mut gateway).await;
    let chain = gateway.anvil.must("eth_chainId", json!([])).await;
    let other = json!(format!("{:#x}", number(&chain) + 1));
    proxies[0].answer(move |method, _, answer| match method {
        "eth_chainId" => with(answer, other.clone()),
        _ => answer,
    });
    named(&mut gateway, |said| {
        matches!(said, LedgerError::ForeignChain { expected, found } if expected + 1 == *found)
    })
    .await;
    proxies[0].be_honest();
    gateway.service.step_post().await.unwrap();
    gateway.mine(1).await;
    assert_eq!(gateway.anchored().await.new.seq, 2, "it goes on");
}
