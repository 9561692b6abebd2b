//! What the service offers for gas, read from the transactions that it stored.

use crate::{gateway::Gateway, nodes::before_proxies, proxy::with};
use alloy::{
    consensus::{Transaction as _, TxEnvelope},
    eips::eip2718::Decodable2718 as _,
};
use anchor_service::{
    StepError,
    ledger::{FinalityRule, LedgerError},
};
use serde_json::json;
use store::PostState;

const GWEI: u128 = 1_000_000_000;
const STATES: [PostState; 6] = [
    PostState::Prepared,
    PostState::Broadcast,
    PostState::Mined,
    PostState::Final,
    PostState::Replaced,
    PostState::Failed,
];

/// Fee and tip in wei for a unit of gas of each transaction that was ever stored, and the gas
/// that it may take, in the order they were made.
pub async fn offered(gateway: &Gateway) -> Vec<(u128, u128, u64)> {
    let posts = gateway.store.read("posts", |r| r.posts().list(&STATES));
    let mut posts = posts.await.unwrap();
    posts.sort_by_key(|post| post.id);
    let of = |post: &store::Post| {
        let sent = TxEnvelope::decode_2718_exact(&post.new.raw).unwrap();
        let tip = sent.max_priority_fee_per_gas().unwrap();
        (sent.max_fee_per_gas(), tip, sent.gas_limit())
    };
    posts.iter().map(of).collect()
}

/// Nothing that was ever stored offers more than the configuration allows.
pub async fn judge(gateway: &Gateway) {
    for (fee, tip, gas) in offered(gateway).await {
        assert!(fee <= 500 * GWEI && tip <= 100 * GWEI, "{fee}, {tip}");
        assert!(gas < 300_000, "{gas}");
    }
}

/// The only node names a tip that nobody could pay, and the account cannot; then it is right.
#[tokio::test]
async fn a_false_tip_of_a_time_is_not_kept() {
    let (mut gateway, proxies) = before_proxies(1, FinalityRule::Immediate).await;
    proxies[0].answer(|method, _, answer| match method {
        "eth_maxPriorityFeePerGas" => with(answer, json!(format!("{:#x}", 10_u128.pow(30)))),
        _ => answer,
    });
    // For an anchor at the usual price, and not at 100 gwei.
    let balance = json!([gateway.submitter(), format!("{:#x}", 2_000_000 * GWEI)]);
    gateway.anvil.must("anvil_setBalance", balance).await;
    gateway.plant(5).await;
    gateway.service.step_sequence().await.unwrap();
    gateway.service.step_checkpoint().await.unwrap();
    for _ in 0..3 {
        let refused = gateway.service.step_post().await;
        let no_funds = Err(StepError::Ledger(LedgerError::NoFunds));
        assert_eq!(refused, no_funds);
        gateway.clock.advance_millis(60_000);
    }
    let tips: Vec<_> = offered(&gateway).await;
    assert!(
        tips.iter().all(|(_, tip, _)| *tip == 100 * GWEI),
        "{tips:?}"
    );
    judge(&gateway).await;
    proxies[0].be_honest();
    gateway.service.step_post().await.unwrap();
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    let (fee, ..) = *offered(&gateway).await.last().unwrap();
    assert!(fee < 10 * GWEI, "{fee}");
}

/// What the node has dropped costs what gas costs today; what it has, a tenth more.
#[tokio::test]
async fn what_a_node_has_dropped_is_made_anew_at_the_days_price() {
    let (mut gateway, proxies) = before_proxies(1, FinalityRule::Immediate).await;
    gateway.anvil.must("evm_setAutomine", json!([false])).await;
    proxies[0].answer(|method, _, answer| match method {
        "eth_maxPriorityFeePerGas" => with(answer, json!(format!("{:#x}", 50 * GWEI))),
        _ => answer,
    });
    gateway.plant(5).await;
    gateway.post().await;
    gateway.clock.advance_millis(60_000);
    gateway.service.step_post().await.unwrap();
    proxies[0].be_honest();
    gateway
        .anvil
        .must("anvil_dropAllTransactions", json!([]))
        .await;
    gateway.clock.advance_millis(60_000);
    gateway.service.step_post().await.unwrap();
    let offered = offered(&gateway).await;
    let [(first, dear, _), (second, raised, _), (third, usual, _)] = offered.as_slice() else {
        panic!("{offered:?}");
    };
    assert_eq!((*dear, *raised), (50 * GWEI, 55 * GWEI + 1));
    assert_eq!(*second, first + first / 10 + 1);
    assert!(*third < 10 * GWEI && *usual < 10 * GWEI, "{offered:?}");
    gateway.mine(1).await;
    gateway.anchored().await;
}
