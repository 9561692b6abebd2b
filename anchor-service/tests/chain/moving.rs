//! An installation that moves to another registry.

use crate::gateway::{Gateway, SUBMITTER};
use anchor_service::{
    Candidate, StepError,
    ledger::{ClosedEvent, ClosingReason, Extension, FinalityRule, Ledger as _, evm::EvmLedger},
    log_check::{ChainPart, LogCheck},
    posting::move_registry::{Ledgers, MoveError, Mover, MovingLog},
};
use model::LogId;
use std::sync::Arc;

/// A host that moves the logs from one registry to another.
fn mover<'a>(gateway: &Gateway, old: &'a EvmLedger, new: &'a EvmLedger) -> Mover<'a, EvmLedger> {
    let me = Candidate {
        id: [1; 16],
        name: "host".to_owned(),
    };
    let ledgers = Ledgers { old, new };
    Mover::new(&gateway.store, ledgers, gateway.clock.clone(), me)
}

async fn compare(
    gateway: &Gateway,
    old: &EvmLedger,
    new: &EvmLedger,
) -> Result<Vec<MovingLog>, MoveError> {
    mover(gateway, old, new).compare().await
}

#[tokio::test]
async fn logs_go_on_at_another_registry_with_number_1() {
    let mut gateway = Gateway::start(&[], FinalityRule::Immediate).await;
    gateway.make_final(5).await;
    gateway.make_final(4).await;
    let old = gateway.anvil.ledger(SUBMITTER, gateway.registry).await;
    let new = gateway.anvil.registry(SUBMITTER, &[gateway.log]).await;
    let logs = compare(&gateway, &old, &new).await.unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(
        logs[0].before.map(|head| (head.seq, head.size)),
        Some((2, 9))
    );
    mover(&gateway, &old, &new).set().await.unwrap();

    // The old registry is refused from now on, and the new one goes on.
    assert!(matches!(
        gateway.service.check().await,
        Err(StepError::OtherLedger { .. })
    ));
    gateway.registry = new.registry();
    gateway.restart().await;
    gateway.service.check().await.unwrap();
    gateway.make_final(1).await;
    let head = new.head(gateway.log).await.unwrap().unwrap();
    assert_eq!((head.seq, head.size), (1, 10));
    gateway.check_evidence().await;
    let rows = gateway.anchors().await;
    let rows: Vec<_> = rows.iter().map(|row| (row.new.seq, row.new.size)).collect();
    assert_eq!(rows, [(1, 5), (2, 9), (3, 10)]);
    let status = gateway.service.status().read().await.unwrap();
    assert_eq!(status.logs[0].last_final.unwrap().seq, 1);
    compared_at_both(&gateway, Arc::new(new), &old).await;
    let new = gateway.anvil.ledger(SUBMITTER, gateway.registry).await;
    // Not back: the numbers there would not go on from those here.
    let back = compare(&gateway, &new, &old).await;
    assert!(matches!(back, Err(MoveError::NotNew { .. })), "{back:?}");
}

/// The log as a whole beside what the registry of today has, and what that of before has.
async fn compared_at_both(gateway: &Gateway, new: Arc<EvmLedger>, old: &EvmLedger) {
    let (events, found) = whole(gateway, &new, Vec::new()).await;
    assert_eq!(found, Vec::<String>::new());
    let uncompared = 2;
    assert_eq!(
        events,
        ChainPart::Compared {
            events: 1,
            uncompared
        }
    );
    let both = async || {
        let before = gateway.anvil.ledger(SUBMITTER, old.registry()).await;
        whole(gateway, &new, vec![before]).await
    };
    let (events, found) = both().await;
    assert_eq!(found, Vec::<String>::new());
    let uncompared = 0;
    assert_eq!(
        events,
        ChainPart::Compared {
            events: 3,
            uncompared
        }
    );
    // Somebody edits a row of before, and anchors where the log has left.
    gateway.sql("UPDATE anchor SET block_number = block_number + 1 WHERE seq = 2");
    let head = old.head(gateway.log).await.unwrap().unwrap();
    let beat = Extension {
        log_id: gateway.log,
        seq: head.seq + 1,
        size: head.size,
        root: head.root,
        consistency: Vec::new(),
    };
    send(gateway, old, beat).await;
    let (_, found) = both().await;
    assert_eq!(found, ["no-anchor 3 at a former registry", "anchor 2"]);
    assert_eq!(
        whole(gateway, &new, Vec::new()).await.1,
        Vec::<String>::new()
    );
    gateway.sql("UPDATE anchor SET block_number = block_number - 1 WHERE seq = 2");
}

async fn whole(
    gateway: &Gateway,
    new: &Arc<EvmLedger>,
    former: Vec<EvmLedger>,
) -> (ChainPart, Vec<String>) {
    let check = LogCheck::new(gateway.store.clone(), gateway.clock.clone())
        .with_chain(Arc::clone(new), gateway.finality)
        .with_former(former);
    let log = check.check(None).await.unwrap().remove(0);
    let named = log.findings.named.iter();
    let found = named.map(|finding| format!("{} {}", finding.kind, finding.place));
    (log.chain, found.collect())
}

#[tokio::test]
async fn what_is_not_settled_or_not_of_the_log_does_not_move() {
    let mut gateway = Gateway::start(&[], FinalityRule::Immediate).await;
    gateway.make_final(5).await;
    let old = gateway.anvil.ledger(SUBMITTER, gateway.registry).await;
    let new = gateway.anvil.registry(SUBMITTER, &[gateway.log]).await;
    gateway.plant(1).await;
    gateway.post().await;
    gateway.anchored().await;
    let refused = compare(&gateway, &old, &new).await;
    assert!(
        matches!(refused, Err(MoveError::NotSettled(_))),
        "{refused:?}"
    );
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    // Somebody else anchors at the old one.
    let head = old.head(gateway.log).await.unwrap().unwrap();
    let beat = Extension {
        log_id: gateway.log,
        seq: head.seq + 1,
        size: head.size,
        root: head.root,
        consistency: Vec::new(),
    };
    send(&gateway, &old, beat).await;
    let refused = compare(&gateway, &old, &new).await;
    assert!(
        matches!(refused, Err(MoveError::NotSettled(_))),
        "{refused:?}"
    );
    // Another log takes the place of one that cannot go on, which keeps nothing.
    gateway.put_next_log().await;
    let logs = compare(&gateway, &old, &new).await;
    assert_eq!(logs.unwrap().len(), 2);
}

#[tokio::test]
async fn a_root_that_is_not_of_the_log_ends_the_move() {
    let gateway = Gateway::start(&[], FinalityRule::Immediate).await;
    let old = gateway.anvil.registry(SUBMITTER, &[gateway.log]).await;
    let new = gateway.anvil.registry(SUBMITTER, &[gateway.log]).await;
    let stranger = Extension {
        log_id: gateway.log,
        seq: 1,
        size: 3,
        root: model::Digest::new([7; 32]),
        consistency: Vec::new(),
    };
    send(&gateway, &old, stranger).await;
    let refused = compare(&gateway, &old, &new).await;
    assert!(
        matches!(refused, Err(MoveError::Foreign { .. })),
        "{refused:?}"
    );
    let refused = compare(&gateway, &new, &old).await;
    assert!(
        matches!(refused, Err(MoveError::NotNew { .. })),
        "{refused:?}"
    );
}

async fn send(gateway: &Gateway, ledger: &EvmLedger, anchor: Extension) {
    let nonce = ledger.next_nonce().await.unwrap();
    let signed = ledger.prepare(nonce, &[anchor]).await.unwrap();
    ledger.broadcast(&signed.raw).await.unwrap();
    assert_eq!(gateway.anvil.receipt(signed.hash).await["status"], "0x1");
}

#[tokio::test]
async fn a_log_that_was_closed_is_closed_there_before_it_moves() {
    let mut gateway = Gateway::start(&[], FinalityRule::Immediate).await;
    gateway.make_final(5).await;
    let (old, log) = (
        gateway.anvil.ledger(SUBMITTER, gateway.registry).await,
        gateway.log,
    );
    let admin = gateway.anvil.admin().await;
    let reason = ClosingReason::LogKey;
    admin
        .close(old.registry(), log, None, reason)
        .await
        .unwrap();
    let new = gateway.anvil.registry(SUBMITTER, &[log]).await;
    let open = mover(&gateway, &old, &new).set().await;
    assert!(matches!(open, Err(MoveError::Open { .. })), "{open:?}");
    let successor = Some(LogId::new([2; 32]));
    let otherwise = gateway.anvil.registry(SUBMITTER, &[log]).await;
    let there = otherwise.registry();
    admin.close(there, log, successor, reason).await.unwrap();
    let refused = compare(&gateway, &old, &otherwise).await;
    assert!(
        matches!(refused, Err(MoveError::ClosedOtherwise { .. })),
        "{refused:?}"
    );
    admin
        .close(new.registry(), log, None, reason)
        .await
        .unwrap();
    let moved = mover(&gateway, &old, &new).set().await.unwrap();
    let closed = ClosedEvent {
        reason,
        successor: None,
    };
    assert_eq!((moved[0].closed, moved[0].is_carried), (Some(closed), true));
}
