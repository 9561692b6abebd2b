//! Version 2 of the registry: a log is closed for good; and version 1, which stays in use.

use crate::support::{Anvil, CHAIN, Tree, log_id};
use alloy::{primitives::Address, sol_types::SolValue as _};
use anchor_service::ledger::{
    Extension, FinalityRule, Ledger as _, LedgerError, Refusal,
    evm::{
        ClosedEvent, ClosingReason, EvmLedger, RegistryAdmin, RegistryReader, RegistryVersion,
        SubmitterKey,
    },
};
use serde_json::{Value, json};

const VERSION_1: &str = include_str!("../../contracts/version1/AnchorRegistry.json");

fn first(tree: &Tree, log: u32) -> Extension {
    Extension {
        log_id: log_id(log),
        seq: 1,
        size: 4,
        root: tree.root(4),
        consistency: Vec::new(),
    }
}

fn grown(tree: &Tree, before: &Extension, size: u64) -> Extension {
    Extension {
        log_id: before.log_id,
        seq: before.seq + 1,
        size,
        root: tree.root(size),
        consistency: tree.path(before.size, size),
    }
}

async fn send(anvil: &Anvil, ledger: &EvmLedger, anchors: &[Extension]) {
    let nonce = ledger.next_nonce().await.unwrap();
    let signed = ledger.prepare(nonce, anchors).await.unwrap();
    ledger.broadcast(&signed.raw).await.unwrap();
    assert_eq!(anvil.receipt(signed.hash).await["status"], "0x1");
}

async fn refusal(ledger: &EvmLedger, anchor: Extension) -> Refusal {
    match ledger.prepare(0, &[anchor]).await {
        Err(LedgerError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_closed_log_takes_no_anchor_and_keeps_its_head() {
    let anvil = Anvil::start(&[]);
    let (one, other, next) = (log_id(1), log_id(2), log_id(3));
    let ledger = anvil.registry(0x51, &[one, other, next]).await;
    let (admin, registry) = (anvil.admin().await, ledger.registry());
    assert_eq!(admin.check(registry).await, Ok(RegistryVersion::Two));
    let tree = Tree::new(20);
    send(&anvil, &ledger, &[first(&tree, 1), first(&tree, 2)]).await;
    let head = ledger.head(one).await.unwrap();

    let stranger = SubmitterKey::from_bytes(&[0x51; 32]).unwrap();
    let stranger = RegistryAdmin::connect(&anvil.url, CHAIN, stranger)
        .await
        .unwrap();
    let reason = ClosingReason::LogKey;
    assert_eq!(
        stranger.close(registry, one, Some(next), reason).await,
        Err(LedgerError::Refused(Refusal::Other("NotAdmin".into())))
    );
    let close = async |successor, reason| admin.close(registry, one, successor, reason).await;
    assert!(close(Some(one), reason).await.is_err(), "its own successor");
    // At once, and the successor is named later, once.
    close(None, reason).await.unwrap();
    assert!(close(None, reason).await.is_err());
    let other_reason = ClosingReason::SubmitterKey;
    assert!(close(Some(next), other_reason).await.is_err());
    close(Some(next), reason).await.unwrap();
    assert!(close(Some(other), reason).await.is_err());

    let refused = refusal(&ledger, grown(&tree, &first(&tree, 1), 9)).await;
    assert_eq!(refused, Refusal::Closed { log_id: one });
    let heartbeat = Extension {
        seq: 2,
        ..first(&tree, 1)
    };
    let refused = refusal(&ledger, heartbeat).await;
    assert_eq!(refused, Refusal::Closed { log_id: one });
    assert_eq!(ledger.head(one).await.unwrap(), head);
    send(&anvil, &ledger, &[grown(&tree, &first(&tree, 2), 9)]).await;
    send(&anvil, &ledger, &[first(&tree, 3)]).await;

    let rule = FinalityRule::Immediate;
    let reader = RegistryReader::connect(&anvil.url, registry, rule).await;
    let reader = reader.unwrap();
    let closed = ClosedEvent {
        reason,
        successor: Some(next),
    };
    assert_eq!(reader.closed(one).await, Ok(Some(closed)));
    assert_eq!(reader.closed(other).await, Ok(None));
    assert_eq!(reader.newest(one, 5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_registry_of_version_1_stays_in_use() {
    let anvil = Anvil::start(&[]);
    let artefact: Value = serde_json::from_str(VERSION_1).unwrap();
    let accounts = anvil.must("eth_accounts", json!([])).await;
    let account: Address = accounts[0].as_str().unwrap().parse().unwrap();
    let code = artefact["bytecode"].as_str().unwrap();
    let code = format!("0x{code}{}", hex::encode(account.abi_encode()));
    let deploy = json!([{ "from": account, "data": code }]);
    let sent = anvil.must("eth_sendTransaction", deploy).await;
    let hash: [u8; 32] = hex::decode(&sent.as_str().unwrap()[2..])
        .unwrap()
        .try_into()
        .unwrap();
    let receipt = anvil.receipt(hash).await;
    let registry: Address = receipt["contractAddress"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();

    let (admin, registry, one) = (anvil.admin().await, registry.0.0, log_id(1));
    assert_eq!(admin.check(registry).await, Ok(RegistryVersion::One));
    let ledger = anvil.ledger(0x52, registry).await;
    assert_eq!(ledger.check().await, Ok(()));
    admin
        .grant(registry, one, ledger.submitter())
        .await
        .unwrap();
    let tree = Tree::new(20);
    send(&anvil, &ledger, &[first(&tree, 1)]).await;
    let closed = admin
        .close(registry, one, None, ClosingReason::LogKey)
        .await;
    assert!(
        matches!(closed, Err(LedgerError::CannotClose(_))),
        "{closed:?}"
    );
    let rule = FinalityRule::Immediate;
    let reader = RegistryReader::connect(&anvil.url, registry, rule).await;
    assert_eq!(reader.unwrap().closed(one).await, Ok(None));
}
