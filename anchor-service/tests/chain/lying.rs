//! Nodes that lag, forget or lie, between the service and anvil: what is stored stays right.

use crate::{
    gateway::Gateway,
    proxy::{Proxy, with},
};
use alloy::sol_types::SolValue as _;
use anchor_service::{
    StepError,
    ledger::{
        FinalityRule, Ledger as _, LedgerError,
        evm::{EvmLedger, SubmitterKey},
    },
};
use model::AnchorState;
use serde_json::{Value, json};
use store::PostState;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

async fn behind_proxy(finality: FinalityRule) -> (Gateway, Proxy) {
    let mut gateway = Gateway::start(&[], finality).await;
    let proxy = Proxy::before(&gateway.anvil.url).await;
    gateway.urls = vec![proxy.url.clone()];
    gateway.restart().await;
    (gateway, proxy)
}

/// Seq, size and whether it is final, of all anchors.
async fn standing(gateway: &Gateway) -> Vec<(u64, u64, bool)> {
    let is_final = |state: &AnchorState| matches!(state, AnchorState::Finalized { .. });
    let anchors = gateway.anchors().await;
    let of = |anchor: &store::Anchor| (anchor.new.seq, anchor.new.size, is_final(&anchor.state));
    anchors.iter().map(of).collect()
}

#[tokio::test]
async fn without_receipts_the_event_says_what_was_mined() {
    let (mut gateway, proxy) = behind_proxy(FinalityRule::Immediate).await;
    proxy.answer(|method, _, answer| match method {
        "eth_getTransactionReceipt" => with(answer, Value::Null),
        _ => answer,
    });
    for count in [14, 3] {
        gateway.plant(count).await;
        gateway.post().await;
        gateway.anchored().await;
        assert_eq!(gateway.service.step_finality().await, Ok(1));
    }
    assert_eq!(standing(&gateway).await, [(1, 14, true), (2, 17, true)]);
    // A heartbeat later, the anchor of a size is still the first.
    gateway.clock.advance_millis(3_700_000_000_000);
    while !standing(&gateway).await.contains(&(3, 17, true)) {
        gateway.service.step_post().await.unwrap();
        gateway.service.step_finality().await.unwrap();
    }
    let log = gateway.log;
    let covering = gateway.store.read("covering", move |reader| {
        let logs = reader.logs().list()?;
        let log = logs.iter().find(|one| one.log_id == log).unwrap();
        reader.anchors().covering(log.id, 16)
    });
    assert_eq!(covering.await.unwrap().unwrap().new.seq, 2);
}

#[tokio::test]
async fn anchors_without_a_row_are_taken_from_the_chain() {
    let (mut gateway, _) = behind_proxy(FinalityRule::Immediate).await;
    gateway.plant(14).await;
    gateway.post().await;
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    gateway.plant(1).await;
    gateway.post().await;
    // As a database that was put back: the row is gone before anybody looked.
    let forget = gateway.store.run_tx("forget", &[], |tx| {
        for post in tx.posts().list(&[PostState::Prepared])? {
            tx.anchors().remove_of_post(post.id)?;
            tx.posts().set_state(post.id, PostState::Failed, None)?;
        }
        Ok(())
    });
    forget.await.unwrap();
    assert_eq!(standing(&gateway).await, [(1, 14, true)]);
    // A heartbeat is due too, and has to wait for it.
    gateway.clock.advance_millis(3_700_000_000_000);
    while !standing(&gateway).await.contains(&(3, 15, true)) {
        gateway.service.step_post().await.unwrap();
        gateway.service.step_finality().await.unwrap();
    }
    let anchors = standing(&gateway).await;
    assert_eq!(anchors[..2], [(1, 14, true), (2, 15, true)]);
}

#[tokio::test]
async fn one_false_head_halts_nobody() {
    let (mut gateway, proxy) = behind_proxy(FinalityRule::Immediate).await;
    gateway.plant(5).await;
    gateway.post().await;
    gateway.anchored().await;
    let head = (7_u64, 900_u64, [9_u8; 32], 0_u64).abi_encode();
    let head = format!("0x{}", hex::encode(head));
    proxy.answer(move |method, _, answer| match method {
        "eth_call" => with(answer, json!(head)),
        _ => answer,
    });
    for _ in 0..3 {
        let refused = gateway.service.step_post().await;
        let problem = Box::new(StepError::Ledger(LedgerError::NoEvent(7)));
        let facility = "general".parse().unwrap();
        assert_eq!(refused, Err(StepError::LeftOut { facility, problem }));
    }
    proxy.be_honest();
    assert_eq!(gateway.service.step_post().await, Ok(0));
    assert_eq!(gateway.service.status().alarm(), None);
}

#[tokio::test]
async fn one_false_height_makes_nothing_final() {
    let (mut gateway, proxy) = behind_proxy(FinalityRule::Depth(40)).await;
    gateway.plant(5).await;
    gateway.post().await;
    gateway.anchored().await;
    let mut lies = 1;
    proxy.answer(move |method, _, answer| {
        if method != "eth_blockNumber" || lies == 0 {
            return answer;
        }
        lies -= 1;
        with(answer, json!("0xffffff"))
    });
    assert_eq!(gateway.service.step_finality().await, Ok(0));
    assert_eq!(standing(&gateway).await, [(1, 5, false)]);
    gateway.mine(40).await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
}

#[tokio::test]
async fn a_node_that_knows_no_final_block_is_named() {
    let (mut gateway, proxy) = behind_proxy(FinalityRule::Tag).await;
    gateway.plant(5).await;
    gateway.post().await;
    gateway.anchored().await;
    let words = json!({"code": -39_001, "message": "finalized block not found"});
    for (member, said) in [("result", Value::Null), ("error", words)] {
        proxy.answer(move |method, params, answer| {
            let asked = method == "eth_getBlockByNumber" && params[0] == "finalized";
            if asked {
                json!({"jsonrpc": "2.0", "id": answer["id"], member: said})
            } else {
                answer
            }
        });
        let named = Err(StepError::Ledger(LedgerError::NoFinalBlock));
        assert_eq!(gateway.service.step_finality().await, named);
    }
    assert_eq!(standing(&gateway).await, [(1, 5, false)]);
}

#[tokio::test]
async fn what_answers_in_place_of_a_node_is_told_by_its_status() {
    for status in [429, 500, 503] {
        let said = asked_of(&format!("{status} No\r\ncontent-length: 0")).await;
        assert_eq!(said, LedgerError::Http(status));
        assert!(said.to_string().contains(&status.to_string()), "{said}");
    }
    let page = "200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";
    assert!(matches!(asked_of(page).await, LedgerError::Strange(_)));
}

/// What a ledger says whose node answers every question so.
async fn asked_of(answer: &str) -> LedgerError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 {answer}\r\n\r\n");
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 4_096];
            drop(stream.read(&mut question).await);
            drop(stream.write_all(answer.as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    let key = SubmitterKey::from_bytes(&[1; 32]).unwrap();
    let said = EvmLedger::new(&url, 1, [1; 20], key).unwrap().check().await;
    server.abort();
    said.unwrap_err()
}

#[tokio::test]
async fn a_false_receipt_of_failure_takes_no_row() {
    let (mut gateway, proxy) = behind_proxy(FinalityRule::Immediate).await;
    gateway.plant(5).await;
    gateway.post().await;
    proxy.answer(|method, _, mut answer| {
        if method == "eth_getTransactionReceipt" && answer["result"].is_object() {
            answer["result"]["status"] = json!("0x0");
        }
        answer
    });
    gateway.anchored().await;
    assert_eq!(standing(&gateway).await, [(1, 5, false)]);
}

#[tokio::test]
async fn one_false_nonce_is_put_right() {
    let (mut gateway, proxy) = behind_proxy(FinalityRule::Immediate).await;
    gateway.plant(5).await;
    let mut lies = 1;
    proxy.answer(move |method, _, answer| {
        if method != "eth_getTransactionCount" || lies == 0 {
            return answer;
        }
        lies -= 1;
        with(answer, json!("0x9"))
    });
    gateway.post().await;
    // It waits above a gap that nobody fills.
    for _ in 0..4 {
        gateway.clock.advance_millis(30_000);
        gateway.service.step_post().await.unwrap();
    }
    gateway.anchored().await;
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    assert_eq!(standing(&gateway).await, [(1, 5, true)]);
}

#[tokio::test]
async fn many_attempts_cost_one_receipt_a_step() {
    let (mut gateway, proxy) = behind_proxy(FinalityRule::Immediate).await;
    gateway.plant(5).await;
    gateway.anvil.must("evm_setAutomine", json!([false])).await;
    gateway.post().await;
    for _ in 0..10 {
        gateway.clock.advance_millis(60_000);
        let _ = gateway.service.step_post().await;
    }
    gateway.mine(1).await;
    proxy.answer(|method, _, answer| match method {
        "eth_getTransactionReceipt" => with(answer, Value::Null),
        _ => answer,
    });
    let before = proxy.asked("eth_getTransactionReceipt");
    gateway.service.step_post().await.unwrap();
    assert!(proxy.asked("eth_getTransactionReceipt") <= before + 1);
    assert_eq!(gateway.service.step_finality().await, Ok(1));
}

#[tokio::test]
async fn an_account_that_runs_dry_is_known_before() {
    let (gateway, _) = behind_proxy(FinalityRule::Immediate).await;
    let purse = gateway.service.step_funds().await.unwrap();
    assert!(
        purse.balance > purse.wanted && purse.wanted > 0,
        "{purse:?}"
    );
    assert_eq!(gateway.service.status().purse(), Some(purse));
    let account = gateway.submitter();
    gateway
        .anvil
        .must("anvil_setBalance", json!([account, "0x1"]))
        .await;
    let purse = gateway.service.step_funds().await.unwrap();
    assert_eq!(purse.balance, 1);
    assert!(purse.balance < purse.wanted);
}

#[tokio::test]
async fn a_balance_is_known_while_gas_is_too_dear_and_no_longer() {
    let (gateway, proxy) = behind_proxy(FinalityRule::Immediate).await;
    gateway.service.step_funds().await.unwrap();
    let params = json!([gateway.submitter(), "0x1"]);
    gateway.anvil.must("anvil_setBalance", params).await;
    // 600 gwei, and at most 500 are paid.
    proxy.answer(|method, _, mut answer| {
        if method == "eth_getBlockByNumber" && answer["result"].is_object() {
            answer["result"]["baseFeePerGas"] = json!("0x8bb2c97000");
        }
        answer
    });
    let purse = gateway.service.step_funds().await.unwrap();
    assert_eq!(purse.balance, 1);
    assert!(purse.balance < purse.wanted);
    proxy.answer(|method, _, answer| match method {
        "eth_getBalance" => with(answer, json!({ "login": "please" })),
        _ => answer,
    });
    assert!(gateway.service.step_funds().await.is_err());
    assert_eq!(gateway.service.status().purse(), None);
}

#[tokio::test]
async fn evidence_that_the_node_did_not_show_is_asked_for_again() {
    let (mut gateway, proxy) = behind_proxy(FinalityRule::Immediate).await;
    proxy.answer(|method, _, answer| match method {
        "eth_getBlockReceipts" => with(answer, Value::Null),
        _ => answer,
    });
    for _ in 0..10 {
        gateway.plant(1).await;
        gateway.post().await;
        gateway.anchored().await;
        assert_eq!(gateway.service.step_finality().await, Ok(1));
    }
    let lacking = async |gateway: &Gateway| {
        let anchors = gateway.anchors().await;
        let lacking = anchors.iter().filter(|anchor| anchor.evidence.is_none());
        lacking.map(|anchor| anchor.new.seq).collect::<Vec<_>>()
    };
    assert_eq!(lacking(&gateway).await.len(), 10);
    proxy.be_honest();
    assert_eq!(gateway.service.step_late_evidence().await, Ok(8));
    assert_eq!(lacking(&gateway).await, [1, 2], "the newest first");
    assert_eq!(gateway.service.step_late_evidence().await, Ok(2));
    assert_eq!(gateway.service.step_late_evidence().await, Ok(0));
    gateway.check_evidence().await;
}
