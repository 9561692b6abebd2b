//! The whole service over SQLite and anvil: to finality by each rule, through
//! reorganisations, stuck transactions and a restart; and the evidence.

use crate::{
    gateway::{Gateway, SUBMITTER, service},
    support::number,
};
use alloy::primitives::Address;
use anchor_service::{
    StepError,
    ledger::{FinalityRule, Ledger as _},
};
use model::AnchorState;
use serde_json::json;
use std::time::Duration;
use store::PostState;

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
async fn final_blocks_that_a_node_lost_are_named() {
    let mut gateway = Gateway::start(&[], FinalityRule::Immediate).await;
    for _ in 0..3 {
        gateway.make_final(3).await;
    }
    // One more waits, with a nonce above the gap.
    gateway.plant(2).await;
    gateway.post().await;
    gateway.anchored().await;
    gateway.anvil.must("anvil_reorg", json!([2, []])).await;
    for _ in 0..2 {
        let behind = gateway.service.step_post().await;
        assert!(
            matches!(
                behind,
                Err(StepError::LedgerBehind {
                    found: 2,
                    last: 3,
                    ..
                })
            ),
            "{behind:?}"
        );
    }
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
        (&gateway.folder, &gateway.witness),
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
