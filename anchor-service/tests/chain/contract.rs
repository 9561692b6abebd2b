//! The registry contract on anvil: what it accepts, what it refuses, what it
//! costs. `tlog`'s own verifier is the judge of right and wrong proofs.

use crate::support::{Anvil, CHAIN, Tree, log_id, number};
use alloy::{
    primitives::{Address, B256},
    sol,
    sol_types::SolCall,
};
use anchor_service::ledger::{
    Extension, Ledger, LedgerError, Refusal,
    evm::{ClosingReason, EvmLedger, RegistryAdmin, SubmitterKey},
};
use model::Digest;
use serde_json::json;
use tlog::tree::consistency;

sol! {
    function anchor(bytes32 logId, uint64 seq, uint64 size, bytes32 root, bytes32[] consistency);
}

/// Sends and gives the gas it took.
async fn send(anvil: &Anvil, ledger: &EvmLedger, anchors: &[Extension]) -> u64 {
    let nonce = ledger.next_nonce().await.unwrap();
    let signed = ledger.prepare(nonce, anchors).await.unwrap();
    ledger.broadcast(&signed.raw).await.unwrap();
    let receipt = anvil.receipt(signed.hash).await;
    assert_eq!(receipt["status"], "0x1");
    number(&receipt["gasUsed"])
}

async fn send_one(anvil: &Anvil, ledger: &EvmLedger, anchor: &Extension) -> u64 {
    send(anvil, ledger, std::slice::from_ref(anchor)).await
}

async fn refusal(ledger: &EvmLedger, anchor: &Extension) -> Refusal {
    match ledger.prepare(0, std::slice::from_ref(anchor)).await {
        Err(LedgerError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Whether `anchor` would go through, by a call that changes nothing.
async fn accepted(anvil: &Anvil, ledger: &EvmLedger, extension: &Extension) -> bool {
    let call = anchorCall {
        logId: B256::new(*extension.log_id.as_bytes()),
        seq: extension.seq,
        size: extension.size,
        root: B256::new(*extension.root.as_bytes()),
        consistency: extension
            .consistency
            .iter()
            .map(|h| B256::new(*h.as_bytes()))
            .collect(),
    };
    let call = json!([{
        "from": Address::new(ledger.submitter()),
        "to": Address::new(ledger.registry()),
        "data": format!("0x{}", hex::encode(call.abi_encode())),
    }, "latest"]);
    match anvil.ask("eth_call", call).await {
        Ok(_) => true,
        Err(error) => {
            // Reverted by the contract, not failed for another reason.
            assert!(
                error["message"].as_str().unwrap().contains("revert"),
                "{error}"
            );
            false
        }
    }
}

fn first(tree: &Tree, log: u32, size: u64) -> Extension {
    let root = tree.root(size);
    Extension {
        log_id: log_id(log),
        seq: 1,
        size,
        root,
        consistency: vec![],
    }
}

fn next(tree: &Tree, before: &Extension, size: u64) -> Extension {
    Extension {
        log_id: before.log_id,
        seq: before.seq + 1,
        size,
        root: tree.root(size),
        consistency: tree.path(before.size, size),
    }
}

/// The same extension, wrong in one way each.
fn spoiled(right: &Extension) -> Vec<Extension> {
    let mut wrong = Vec::new();
    let mut with = |change: &dyn Fn(&mut Extension)| {
        let mut copy = right.clone();
        change(&mut copy);
        if copy != *right {
            wrong.push(copy);
        }
    };
    let flip = |digest: &mut Digest, at: usize| {
        let mut bytes = *digest.as_bytes();
        bytes[at] ^= 1 << (at % 8);
        *digest = Digest::new(bytes);
    };
    with(&|e| flip(&mut e.root, 31));
    with(&|e| e.size += 1);
    with(&|e| e.size -= 1);
    with(&|e| e.size *= 2);
    with(&|e| e.consistency.clear());
    with(&|e| e.consistency.reverse());
    with(&|e| e.consistency.push(Digest::ZERO));
    with(&|e| e.consistency.insert(0, e.root));
    with(&|e| e.consistency.push(e.root));
    with(&|e| e.consistency.truncate(e.consistency.len() - 1));
    with(&|e| e.consistency = e.consistency[1..].to_vec());
    for at in 0..right.consistency.len() {
        with(&|e| flip(&mut e.consistency[at], at));
    }
    wrong
}

/// Tries the right extension and all its spoiled copies; how many were refused.
async fn judge(anvil: &Anvil, ledger: &EvmLedger, old: &Extension, right: &Extension) -> u32 {
    let sizes = (old.size, right.size);
    assert!(accepted(anvil, ledger, right).await, "{sizes:?}");
    let mut refused = 0;
    for bad in spoiled(right) {
        // A root does not bind its size: another size can go with the same
        // proof. The judge says when; a checkpoint's signature binds it.
        let proof = &bad.consistency;
        let holds = bad.size > old.size
            && consistency::verify(old.size, &old.root, bad.size, &bad.root, proof).is_ok();
        assert_eq!(
            accepted(anvil, ledger, &bad).await,
            holds,
            "{old:?} {bad:?}"
        );
        assert!(!holds || bad.root == right.root, "only the size may differ");
        refused += u32::from(!holds);
    }
    refused
}

#[tokio::test]
async fn every_right_proof_is_accepted_and_every_wrong_one_refused() {
    const SMALL: u64 = 17;
    const LARGE: [(u64, u64); 9] = [
        (255, 256),
        (256, 257),
        (255, 70_000),
        (4_096, 65_536),
        (65_535, 70_000),
        (1, 70_000),
        (69_999, 70_000),
        (32_769, 65_537),
        (777, 40_961),
    ];
    let pairs: Vec<(u64, u64)> = (1..SMALL)
        .flat_map(|old| (old + 1..=SMALL).map(move |new| (old, new)))
        .chain(LARGE)
        .collect();
    let logs: Vec<_> = (0..).map(log_id).take(pairs.len()).collect();
    let anvil = Anvil::start(&["--gas-limit", "60000000"]);
    let ledger = anvil.registry(1, &logs).await;
    let tree = Tree::new(70_001);

    let with_log = pairs.iter().zip(0..);
    let olds: Vec<_> = with_log
        .map(|((old, _), log)| first(&tree, log, *old))
        .collect();
    let both = olds.iter().zip(&pairs);
    let news: Vec<_> = both
        .map(|(old, (_, size))| next(&tree, old, *size))
        .collect();
    send(&anvil, &ledger, &olds).await;
    let mut refused = 0;
    for (old, new) in olds.iter().zip(&news) {
        refused += judge(&anvil, &ledger, old, new).await;
    }
    send(&anvil, &ledger, &news).await;
    for new in &news {
        let head = ledger.head(new.log_id).await.unwrap().unwrap();
        assert_eq!((head.seq, head.size, head.root), (2, new.size, new.root));
    }
    println!(
        "{} right proofs accepted, {refused} wrong ones refused",
        pairs.len()
    );
    assert!(refused > 1_500);
}

/// A copy with one change.
fn but(from: &Extension, change: impl Fn(&mut Extension)) -> Extension {
    let mut copy = from.clone();
    change(&mut copy);
    copy
}

async fn is_refused(ledger: &EvmLedger, cases: &[(Extension, Refusal)]) {
    for (bad, reason) in cases {
        assert_eq!(refusal(ledger, bad).await, *reason, "{bad:?}");
    }
}

fn named(name: &str) -> Refusal {
    Refusal::Other(name.to_owned())
}

fn wrong_seq(expected: u64, given: u64) -> Refusal {
    Refusal::WrongSeq {
        log_id: log_id(0),
        expected,
        given,
    }
}

#[tokio::test]
async fn a_first_anchor_that_makes_no_sense_is_refused_with_its_reason() {
    let anvil = Anvil::start(&[]);
    let ledger = anvil.registry(2, &[log_id(0)]).await;
    let tree = Tree::new(100);
    let start = first(&tree, 0, 10);
    assert_eq!(ledger.head(log_id(0)).await.unwrap(), None);
    let cases = [
        (but(&start, |e| e.root = Digest::ZERO), named("ZeroRoot")),
        (but(&start, |e| e.size = 0), named("ZeroSize")),
        (
            but(&start, |e| e.size = (1 << 62) + 1),
            named("SizeTooLarge"),
        ),
        (
            but(&start, |e| e.consistency = vec![e.root]),
            named("ProofNotEmpty"),
        ),
        (but(&start, |e| e.seq = 0), wrong_seq(1, 0)),
        (but(&start, |e| e.seq = 2), wrong_seq(1, 2)),
        (
            first(&tree, 1, 10),
            Refusal::NotSubmitter { log_id: log_id(1) },
        ),
    ];
    is_refused(&ledger, &cases).await;
    let largest = but(&start, |e| e.size = 1 << 62);
    assert!(accepted(&anvil, &ledger, &largest).await);
}

#[tokio::test]
async fn a_later_anchor_that_does_not_follow_is_refused_with_its_reason() {
    let anvil = Anvil::start(&[]);
    let ledger = anvil.registry(7, &[log_id(0)]).await;
    let tree = Tree::new(100);
    let start = first(&tree, 0, 10);
    let (grown, old_root) = (next(&tree, &start, 25), start.root);
    send_one(&anvil, &ledger, &start).await;
    let torn = Refusal::NotConsistent { log_id: log_id(0) };
    let cases = [
        (but(&grown, |e| e.size = 9), named("SmallerSize")),
        (but(&grown, |e| e.size = 10), named("RootChanged")),
        (
            but(&grown, |e| (e.size, e.root) = (10, old_root)),
            named("ProofNotEmpty"),
        ),
        (but(&grown, |e| e.root = Digest::ZERO), named("ZeroRoot")),
        (
            but(&grown, |e| e.size = (1 << 62) + 1),
            named("SizeTooLarge"),
        ),
        (but(&grown, |e| e.root = old_root), torn.clone()),
        (but(&grown, |e| e.consistency.clear()), torn.clone()),
        (but(&grown, |e| e.consistency = vec![e.root; 64]), torn),
        (but(&grown, |e| e.seq = 1), wrong_seq(2, 1)),
        (but(&grown, |e| e.seq = 3), wrong_seq(2, 3)),
        (but(&grown, |e| e.seq = u64::MAX), wrong_seq(2, u64::MAX)),
    ];
    is_refused(&ledger, &cases).await;
}

#[tokio::test]
async fn several_logs_are_anchored_together_or_not_at_all() {
    let anvil = Anvil::start(&[]);
    let ledger = anvil.registry(8, &[log_id(0)]).await;
    let start = first(&Tree::new(9), 0, 9);
    // The second one's seq is wrong, so the first stays out.
    let refused = ledger.prepare(0, &[start.clone(), start]).await;
    assert_eq!(refused, Err(LedgerError::Refused(wrong_seq(2, 1))));
    assert_eq!(ledger.head(log_id(0)).await.unwrap(), None);
}

#[tokio::test]
async fn the_right_to_anchor_is_granted_and_revoked_by_the_admin_alone() {
    let anvil = Anvil::start(&[]);
    let ledger = anvil.registry(3, &[log_id(0)]).await;
    let registry = ledger.registry();
    let tree = Tree::new(10);
    let stranger = anvil.ledger(4, registry).await;
    let start = first(&tree, 0, 3);
    let refused = Refusal::NotSubmitter { log_id: log_id(0) };
    assert_eq!(refusal(&stranger, &start).await, refused);

    let key = SubmitterKey::from_bytes(&[4; 32]).unwrap();
    let usurper = RegistryAdmin::connect(&anvil.url, CHAIN, key)
        .await
        .unwrap();
    let denied = LedgerError::Refused(Refusal::Other("NotAdmin".into()));
    let account = stranger.submitter();
    assert_eq!(
        usurper.grant(registry, log_id(0), account).await,
        Err(denied.clone())
    );
    assert_eq!(
        usurper
            .revoke(registry, log_id(0), ledger.submitter())
            .await,
        Err(denied)
    );

    let admin = anvil.admin().await;
    admin.grant(registry, log_id(0), account).await.unwrap();
    send_one(&anvil, &stranger, &start).await;
    admin.revoke(registry, log_id(0), account).await.unwrap();
    let grown = next(&tree, &start, 9);
    assert_eq!(refusal(&stranger, &grown).await, refused);
    send_one(&anvil, &ledger, &grown).await;
}

#[tokio::test]
async fn gas_stays_where_it_was_measured() {
    let anvil = Anvil::start(&[]);
    let logs: Vec<_> = (0..11).map(log_id).collect();
    let ledger = anvil.registry(5, &logs).await;
    let tree = Tree::new(70_001);
    let start = first(&tree, 0, 1_000);
    let opening = send_one(&anvil, &ledger, &start).await;
    let heartbeat = Extension { seq: 2, ..start };
    let beat = send_one(&anvil, &ledger, &heartbeat).await;
    let grown = next(&tree, &heartbeat, 70_000);
    let growth = send_one(&anvil, &ledger, &grown).await;
    let one_more = next(&tree, &grown, 70_001);
    let small = send_one(&anvil, &ledger, &one_more).await;
    let ten: Vec<_> = (1..11).map(|log| first(&tree, log, 500)).collect();
    let many = send(&anvil, &ledger, &ten).await / 10;
    let admin = anvil.admin().await;
    let reason = ClosingReason::LogKey;
    let close = admin.close(ledger.registry(), log_id(10), Some(log_id(9)), reason);
    close.await.unwrap();
    let block = json!(["latest", false]);
    let block = anvil.must("eth_getBlockByNumber", block).await;
    let closing = number(&block["gasUsed"]);
    println!(
        "first {opening}, closing {closing}, heartbeat {beat}, growth {growth} ({} hashes) and {small} ({}), \
         {many} a log for ten first ones",
        grown.consistency.len(),
        one_more.consistency.len(),
    );
    assert!(
        closing < 110_000 && opening < 80_000 && beat < 42_000 && growth < 75_000 && many < 60_000
    );
}

#[tokio::test]
async fn another_chain_and_another_contract_are_noticed() {
    let anvil = Anvil::start(&[]);
    let ledger = anvil.registry(6, &[]).await;
    let key = || SubmitterKey::from_bytes(&[6; 32]).unwrap();
    let at = |chain, registry| EvmLedger::new(&anvil.url, chain, registry, key()).unwrap();
    assert_eq!(
        at(1, ledger.registry()).check().await,
        Err(LedgerError::ForeignChain {
            expected: 1,
            found: CHAIN
        })
    );
    let nobody = at(CHAIN, [9; 20]).check().await;
    assert!(matches!(nobody, Err(LedgerError::NoRegistry(_))));
    let stranger = format!("0x{}", "09".repeat(20));
    anvil
        .must("anvil_setCode", json!([stranger, "0x6001"]))
        .await;
    let foreign = at(CHAIN, [9; 20]).check().await;
    assert!(matches!(foreign, Err(LedgerError::ForeignRegistry(_))));
    let gone = EvmLedger::new("http://127.0.0.1:9", CHAIN, [9; 20], key()).unwrap();
    assert!(matches!(
        gone.check().await,
        Err(LedgerError::Unreachable(_))
    ));
}
