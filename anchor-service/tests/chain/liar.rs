//! Three nodes in the configuration, and one of them lies: by every lie the service goes on by
//! the other two, and where one of these gives no answer nothing is decided that stays.

use crate::{
    gateway::{Gateway, SUBMITTER},
    lies::{Facts, LIES, Lie, hex_of},
    nodes::{before_proxies, names, nonsense, passed_over},
    proxy::with,
    support::CHAIN,
};
use anchor_service::ledger::{
    FinalityRule, Ledger as _,
    evm::{EvmLedger, SubmitterKey},
};
use model::AnchorState;
use serde_json::json;
use std::time::Duration;
use store::PostState;

const DEPTH: u64 = 6;

/// Anchor 1 is final, 2 stands in a block, and 3 waits.
async fn staged() -> (Gateway, Vec<crate::proxy::Proxy>) {
    let (mut gateway, proxies) = before_proxies(3, FinalityRule::Depth(DEPTH)).await;
    gateway.plant(5).await;
    gateway.post().await;
    gateway.anchored().await;
    gateway.mine(DEPTH).await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    gateway.plant(2).await;
    gateway.post().await;
    gateway.anchored().await;
    let automine = json!([false]);
    gateway.anvil.must("evm_setAutomine", automine).await;
    gateway.plant(3).await;
    gateway.post().await;
    (gateway, proxies)
}

fn tell(gateway: &Gateway, proxies: &[crate::proxy::Proxy], lie: &Lie, facts: &Facts) {
    let (tale, facts) = (lie.tale, facts.clone());
    assert_eq!(gateway.urls[0], proxies[0].url);
    proxies[0].answer(move |method, params, answer| tale(&facts, method, params, answer));
}

/// Takes some steps, each a minute after the other; gives what went wrong.
async fn steps(gateway: &mut Gateway, count: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for _ in 0..count {
        gateway.clock.advance_millis(60_000);
        wrong.extend(gateway.service.step_finality().await.err());
        wrong.extend(gateway.service.step_post().await.err());
    }
    wrong.iter().map(ToString::to_string).collect()
}

/// What is stored is true, by the chain itself; gives how many anchors are final, how many
/// stand in blocks, and how many wait.
async fn checked(gateway: &Gateway, lie: &Lie) -> (usize, usize, usize) {
    let key = SubmitterKey::from_bytes(&[SUBMITTER; 32]).unwrap();
    let chain = EvmLedger::new(&gateway.anvil.url, CHAIN, gateway.registry, key).unwrap();
    let height = chain.final_height(FinalityRule::Depth(DEPTH)).await;
    let height = height.unwrap().unwrap();
    let list = |reader: &mut store::Reader| reader.posts().list(&[PostState::Failed]);
    let failed = gateway.store.read("failed", list).await.unwrap();
    assert!(failed.is_empty(), "{}: given up", lie.name);
    let mut counts = (0, 0, 0);
    for anchor in gateway.anchors().await {
        let at = match anchor.state {
            AnchorState::Posted => {
                counts.2 += 1;
                continue;
            }
            AnchorState::Anchored { block, block_hash } => {
                counts.1 += 1;
                (block, block_hash)
            }
            AnchorState::Finalized {
                block, block_hash, ..
            } => {
                counts.0 += 1;
                assert!(block <= height, "{}: final too early", lie.name);
                (block, block_hash)
            }
        };
        let event = chain.anchored(gateway.log, anchor.new.seq).await.unwrap();
        let event = event.unwrap_or_else(|| panic!("{}: never was", lie.name));
        let stored = (anchor.new.size, anchor.new.root, at);
        let truth = (event.size, event.root, (event.block, event.block_hash));
        assert_eq!(stored, truth, "{}", lie.name);
    }
    counts
}

/// Steps until this number of anchors is final.
async fn until_final(gateway: &mut Gateway, lie: &Lie, count: usize) {
    for _ in 0..50 {
        let wrong = steps(gateway, 1).await;
        gateway.mine(DEPTH).await;
        if checked(gateway, lie).await.0 == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(wrong.is_empty(), "{}: {wrong:?}", lie.name);
    }
    panic!("{}: not final", lie.name);
}

/// The chain takes what was sent, and nobody remembers who lied.
async fn mined_after_a_restart(gateway: &mut Gateway) {
    gateway.restart().await;
    let automine = json!([true]);
    gateway.anvil.must("evm_setAutomine", automine).await;
    gateway.mine(1).await;
}

#[tokio::test]
async fn no_lie_of_one_of_three_decides_anything() {
    for lie in &LIES {
        let (mut gateway, proxies) = staged().await;
        let facts = Facts::of(&gateway).await;
        tell(&gateway, &proxies, lie, &facts);
        assert_eq!(steps(&mut gateway, 4).await, [""; 0], "{}", lie.name);
        assert_eq!(checked(&gateway, lie).await, (1, 1, 1), "{}", lie.name);
        let mut named = passed_over(&gateway);
        mined_after_a_restart(&mut gateway).await;
        assert_eq!(steps(&mut gateway, 2).await, [""; 0], "{}", lie.name);
        assert_eq!(checked(&gateway, lie).await, (1, 2, 0), "{}", lie.name);
        named.extend(passed_over(&gateway));
        gateway.restart().await;
        gateway.mine(DEPTH).await;
        until_final(&mut gateway, lie, 3).await;
        gateway.check_evidence().await;
        named.extend(passed_over(&gateway));
        gateway.restart().await;
        gateway.plant(4).await;
        gateway.post().await;
        until_final(&mut gateway, lie, 4).await;
        named.extend(passed_over(&gateway));
        assert!(named.iter().all(|place| *place == 0), "{}", lie.name);
        assert_eq!(!named.is_empty(), lie.named, "{}", lie.name);
        assert_eq!(gateway.service.status().alarm(), None, "{}", lie.name);
    }
}

#[tokio::test]
async fn beside_one_that_lies_one_honest_node_decides_nothing() {
    for lie in &LIES {
        let (mut gateway, proxies) = staged().await;
        let facts = Facts::of(&gateway).await;
        tell(&gateway, &proxies, lie, &facts);
        proxies[2].answer(|_, _, answer| nonsense(answer));
        let mut wrong = steps(&mut gateway, 4).await;
        assert_eq!(checked(&gateway, lie).await, (1, 1, 1), "{}", lie.name);
        mined_after_a_restart(&mut gateway).await;
        wrong.extend(steps(&mut gateway, 4).await);
        checked(&gateway, lie).await;
        gateway.restart().await;
        gateway.mine(DEPTH).await;
        wrong.extend(steps(&mut gateway, 4).await);
        let reached = checked(&gateway, lie).await;
        gateway.restart().await;
        gateway.plant(4).await;
        gateway.service.step_sequence().await.ok();
        gateway.service.step_checkpoint().await.ok();
        wrong.extend(steps(&mut gateway, 4).await);
        checked(&gateway, lie).await;
        // Said with who says what.
        let [liar, honest, away] = names(&gateway).try_into().unwrap();
        let said = format!("{liar} against {honest}; no answer of {away}");
        let is_said = wrong.iter().any(|problem| problem.contains(&said));
        assert_eq!(is_said, lie.stops, "{}: {reached:?} {wrong:?}", lie.name);
        assert_eq!(gateway.service.status().alarm(), None, "{}", lie.name);
        // The third is back, and all goes on.
        proxies[2].be_honest();
        gateway.restart().await;
        gateway.service.step_sequence().await.unwrap();
        gateway.service.step_checkpoint().await.unwrap();
        until_final(&mut gateway, lie, 4).await;
    }
}

#[tokio::test]
async fn one_that_lies_alone_decides_nothing() {
    for lie in &LIES {
        let (mut gateway, proxies) = staged().await;
        let facts = Facts::of(&gateway).await;
        tell(&gateway, &proxies, lie, &facts);
        let automine = json!([true]);
        gateway.anvil.must("evm_setAutomine", automine).await;
        gateway.mine(DEPTH + 1).await;
        for away in &proxies[1..] {
            away.answer(|_, _, answer| nonsense(answer));
        }
        let wrong = steps(&mut gateway, 4).await;
        assert_eq!(checked(&gateway, lie).await, (1, 1, 1), "{}", lie.name);
        let [liar, first, second] = names(&gateway).try_into().unwrap();
        let said = format!("{liar}; no answer of {first}, {second}");
        let is_said = wrong.iter().any(|problem| problem.contains(&said));
        assert!(is_said, "{}: {wrong:?}", lie.name);
        assert_eq!(gateway.service.status().alarm(), None, "{}", lie.name);
    }
}

#[tokio::test]
async fn what_the_database_lost_is_taken_from_the_chain_by_most() {
    for is_alone in [false, true] {
        let (mut gateway, proxies) = staged().await;
        let facts = Facts::of(&gateway).await;
        let automine = json!([true]);
        gateway.anvil.must("evm_setAutomine", automine).await;
        gateway.mine(1).await;
        // As a database that was put back.
        let forget = gateway.store.run_tx("forget", &[], |tx| {
            for post in tx.posts().list(&[PostState::Mined, PostState::Prepared])? {
                for anchor in tx.anchors().of_post(post.id)? {
                    if anchor.state != AnchorState::Posted {
                        let (log, seq) = (anchor.new.log, anchor.new.seq);
                        tx.anchors().set_state(log, seq, &AnchorState::Posted)?;
                    }
                }
                tx.anchors().remove_of_post(post.id)?;
                tx.posts().set_state(post.id, PostState::Failed, None)?;
            }
            Ok(())
        });
        forget.await.unwrap();
        assert_eq!(gateway.anchors().await.len(), 1);
        let truth = gateway.event(2).await.unwrap();
        let forged = facts.forged(
            2,
            (truth.size, *truth.root.as_bytes()),
            &hex_of(&[0xab; 32]),
        );
        proxies[0].answer(move |method, _, answer| match method {
            "eth_getLogs" => with(answer, json!([forged])),
            "eth_getTransactionByHash" => with(answer, json!(null)),
            _ => answer,
        });
        if is_alone {
            proxies[2].answer(|_, _, answer| nonsense(answer));
        }
        let wrong = steps(&mut gateway, 3).await;
        let anchors = gateway.anchors().await;
        assert_eq!(anchors.len(), if is_alone { 1 } else { 3 }, "{wrong:?}");
        assert_eq!(wrong.is_empty(), !is_alone, "{wrong:?}");
        if is_alone {
            continue;
        }
        let hash = truth.transaction;
        let of_hash = move |reader: &mut store::Reader| reader.posts().of_hash(hash);
        let post = gateway.store.read("post", of_hash).await.unwrap().unwrap();
        assert_eq!(anchors[1].new.post, post.id);
        assert_eq!(hex_of(&post.new.submitter), gateway.submitter());
    }
}
