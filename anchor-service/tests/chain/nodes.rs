//! Several nodes of one chain: what fails, lags or lies is passed over, and named.

use crate::{
    gateway::Gateway,
    proxy::{Proxy, with},
};
use alloy::sol_types::SolValue as _;
use anchor_service::{
    StepError,
    ledger::{FinalityRule, LedgerError},
};
use serde_json::{Value, json};

async fn before_proxies(count: usize, finality: FinalityRule) -> (Gateway, Vec<Proxy>) {
    let mut gateway = Gateway::start(&[], finality).await;
    let mut proxies = Vec::new();
    for _ in 0..count {
        proxies.push(Proxy::before(&gateway.anvil.url).await);
    }
    gateway.urls = proxies.iter().map(|proxy| proxy.url.clone()).collect();
    gateway.restart().await;
    (gateway, proxies)
}

/// The nodes that are passed over, by place in the configuration.
fn passed_over(gateway: &Gateway) -> Vec<usize> {
    let noted = gateway.service.status().nodes();
    let place = |url: &String| noted.get(url.strip_prefix("http://").unwrap()).unwrap();
    let places = gateway.urls.iter().map(place).enumerate();
    places
        .filter_map(|(place, problem)| problem.as_ref().map(|_| place))
        .collect()
}

async fn anchor_once(gateway: &mut Gateway) {
    gateway.plant(5).await;
    gateway.post().await;
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
}

/// What a node says that is not one, or whose login has run out.
fn nonsense(answer: Value) -> Value {
    with(answer, json!({"login": "please"}))
}

#[tokio::test]
async fn a_node_that_fails_is_passed_over_and_named() {
    let (mut gateway, proxies) = before_proxies(2, FinalityRule::Immediate).await;
    anchor_once(&mut gateway).await;
    assert_eq!(passed_over(&gateway), [0; 0]);
    proxies[0].answer(|_, _, answer| nonsense(answer));
    anchor_once(&mut gateway).await;
    assert_eq!(passed_over(&gateway), [0]);
    let asked = proxies[0].asked("eth_getTransactionReceipt");
    anchor_once(&mut gateway).await;
    assert_eq!(
        proxies[0].asked("eth_getTransactionReceipt"),
        asked,
        "it is not asked again at once"
    );
    // With none left all are asked, and what is wrong is said.
    proxies[1].answer(|_, _, answer| nonsense(answer));
    assert!(gateway.service.step_post().await.is_err());
    proxies[0].be_honest();
    anchor_once(&mut gateway).await;
    assert_eq!(passed_over(&gateway), [1]);
}

#[tokio::test]
async fn a_node_of_another_chain_or_behind_is_passed_over() {
    let (mut gateway, proxies) = before_proxies(3, FinalityRule::Immediate).await;
    anchor_once(&mut gateway).await;
    proxies[0].answer(|method, _, answer| match method {
        "eth_chainId" => with(answer, json!("0x1")),
        _ => answer,
    });
    proxies[1].answer(|method, _, mut answer| {
        if method == "eth_getBlockByNumber" && answer["result"].is_object() {
            answer["result"]["timestamp"] = json!("0x1");
        }
        answer
    });
    anchor_once(&mut gateway).await;
    assert_eq!(passed_over(&gateway), [0, 1]);
}

#[tokio::test]
async fn one_of_three_that_lies_decides_nothing() {
    let (mut gateway, proxies) = before_proxies(3, FinalityRule::Depth(20)).await;
    let head = (7_u64, 900_u64, [9_u8; 32], 0_u64).abi_encode();
    let head = format!("0x{}", hex::encode(head));
    proxies[0].answer(move |method, _, answer| match method {
        "eth_call" => with(answer, json!(head)),
        "eth_getTransactionCount" => with(answer, json!("0x99")),
        "eth_blockNumber" => with(answer, json!("0xffffff")),
        _ => answer,
    });
    gateway.plant(5).await;
    gateway.post().await;
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(0));
    gateway.mine(20).await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    assert_eq!(gateway.service.status().alarm(), None);
    assert_eq!(passed_over(&gateway), [0]);
}

#[tokio::test]
async fn two_that_differ_about_a_block_make_nothing_final() {
    let (mut gateway, proxies) = before_proxies(2, FinalityRule::Immediate).await;
    gateway.plant(5).await;
    gateway.post().await;
    gateway.anchored().await;
    proxies[1].answer(|method, _, mut answer| {
        if method == "eth_getBlockByNumber" && answer["result"].is_object() {
            answer["result"]["hash"] = json!(format!("0x{}", "ab".repeat(32)));
        }
        answer
    });
    let differ = gateway.service.step_finality().await;
    let expected = StepError::Ledger(LedgerError::NodesDiffer("a block"));
    assert_eq!(differ, Err(expected));
}

#[tokio::test]
async fn nodes_are_shown_what_opens_them() {
    let (mut gateway, proxies) = before_proxies(2, FinalityRule::Immediate).await;
    anchor_once(&mut gateway).await;
    for proxy in proxies {
        assert_eq!(proxy.authorization().as_deref(), Some("Bearer secret"));
    }
}
