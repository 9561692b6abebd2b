//! A chain that lost final blocks for good: an operator has them posted again.

use crate::gateway::{Gateway, SUBMITTER};
use anchor_service::{
    Candidate, StepError,
    ledger::{FinalityRule, Ledger as _},
    posting::lost_blocks::PostAgain,
};
use model::AnchorState;
use serde_json::json;
use std::time::Duration;

/// Number, size and root of each anchor.
async fn standing(gateway: &Gateway) -> Vec<(u64, u64, model::Digest)> {
    let anchors = gateway.anchors().await;
    let of = |anchor: &store::Anchor| (anchor.new.seq, anchor.new.size, anchor.new.root);
    anchors.iter().map(of).collect()
}

async fn all_final(gateway: &Gateway) -> bool {
    let anchors = gateway.anchors().await;
    let is_final = |anchor: &store::Anchor| matches!(anchor.state, AnchorState::Finalized { .. });
    anchors.iter().all(is_final)
}

#[tokio::test]
async fn what_the_chain_lost_for_good_is_anchored_again_under_its_numbers() {
    let mut gateway = Gateway::start(&[], FinalityRule::Immediate).await;
    for _ in 0..3 {
        gateway.make_final(3).await;
    }
    let before = standing(&gateway).await;
    gateway.anvil.must("anvil_reorg", json!([2, []])).await;
    gateway
        .anvil
        .must("anvil_dropAllTransactions", json!([]))
        .await;
    let behind = gateway.service.step_post().await;
    assert!(
        matches!(
            behind,
            Err(StepError::LedgerBehind {
                found: 1,
                last: 3,
                ..
            })
        ),
        "{behind:?}"
    );
    let ledger = gateway.anvil.ledger(SUBMITTER, gateway.registry).await;
    let me = Candidate {
        id: [1; 16],
        name: "operator".to_owned(),
    };
    let clock = gateway.clock.clone();
    let mut again = PostAgain::new(&gateway.store, &ledger, clock, me);
    let lost = again.accept().await.unwrap();
    let seqs: Vec<_> = lost[0].lost.iter().map(|lost| lost.seq).collect();
    assert_eq!((lost.len(), lost[0].found, seqs), (1, 1, vec![2, 3]));

    gateway.restart().await;
    gateway.clock.advance_millis(60_000);
    gateway.service.step_sequence().await.unwrap();
    for _ in 0..200 {
        gateway.service.step_post().await.unwrap();
        gateway.service.step_finality().await.unwrap();
        if all_final(&gateway).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(all_final(&gateway).await);
    assert_eq!(standing(&gateway).await, before);
    gateway.check_evidence().await;
    let head = ledger.head(gateway.log).await.unwrap().unwrap();
    assert_eq!((head.seq, head.size), (3, 9));
    // And it goes on.
    gateway.plant(1).await;
    gateway.post().await;
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
}
