//! Several nodes of one chain: what fails, lags or lies is passed over, and named.

use crate::{
    gateway::Gateway,
    proxy::{Proxy, with},
};
use alloy::{primitives::Address, sol_types::SolValue as _};
use anchor_service::{
    StepError,
    ledger::{FinalityRule, LedgerError},
};
use serde_json::{Value, json};

pub async fn before_proxies(count: usize, finality: FinalityRule) -> (Gateway, Vec<Proxy>) {
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
pub fn passed_over(gateway: &Gateway) -> Vec<usize> {
    let noted = gateway.service.status().nodes();
    let place = |url: &String| noted.get(url.strip_prefix("http://").unwrap()).unwrap();
    let places = gateway.urls.iter().map(place).enumerate();
    places
        .filter_map(|(place, problem)| problem.as_ref().map(|_| place))
        .collect()
}

/// What the nodes are called.
pub fn names(gateway: &Gateway) -> Vec<String> {
    let names = gateway.urls.iter();
    names
        .map(|url| url.strip_prefix("http://").unwrap().to_owned())
        .collect()
}

/// What a node says that is not one, or whose login has run out.
pub fn nonsense(answer: Value) -> Value {
    with(answer, json!({"login": "please"}))
}

#[tokio::test]
async fn a_node_that_fails_is_passed_over_and_named() {
    let (mut gateway, proxies) = before_proxies(3, FinalityRule::Immediate).await;
    gateway.make_final(5).await;
    assert_eq!(passed_over(&gateway), [0; 0]);
    proxies[0].answer(|_, _, answer| nonsense(answer));
    gateway.make_final(5).await;
    assert_eq!(passed_over(&gateway), [0]);
    let asked = proxies[0].asked("eth_getTransactionReceipt");
    gateway.make_final(5).await;
    assert_eq!(
        proxies[0].asked("eth_getTransactionReceipt"),
        asked,
        "it is not asked again at once"
    );
    // With too few left all are asked, and what is wrong is said.
    proxies[1].answer(|_, _, answer| nonsense(answer));
    let alone = gateway.service.step_post().await.unwrap_err();
    assert!(
        matches!(alone, StepError::Ledger(LedgerError::TooFewNodes { .. })),
        "it is so for all logs: {alone:?}"
    );
    let alone = alone.to_string();
    let [first, second, third] = names(&gateway).try_into().unwrap();
    let said = format!("{third}; no answer of {first}, {second}");
    assert!(alone.contains(&said), "{alone}");
    proxies[0].be_honest();
    gateway.make_final(5).await;
    assert_eq!(passed_over(&gateway), [1]);
}

#[tokio::test]
async fn a_node_of_another_chain_or_behind_is_passed_over() {
    let (mut gateway, proxies) = before_proxies(5, FinalityRule::Immediate).await;
    gateway.make_final(5).await;
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
    gateway.make_final(5).await;
    assert_eq!(passed_over(&gateway), [0, 1]);
}

#[tokio::test]
async fn one_of_three_that_lies_decides_nothing() {
    let (mut gateway, proxies) = before_proxies(3, FinalityRule::Depth(20)).await;
    proxies[0].answer(move |method, _, answer| match method {
        "eth_call" => false_head(answer),
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

/// The registry's head of every log.
fn false_head(answer: Value) -> Value {
    let head = (7_u64, 900_u64, [9_u8; 32], 0_u64).abi_encode();
    with(answer, json!(format!("0x{}", hex::encode(head))))
}

#[tokio::test]
async fn one_that_lies_rings_no_alarm_while_the_others_have_no_events() {
    let (mut gateway, proxies) = before_proxies(3, FinalityRule::Immediate).await;
    gateway.make_final(5).await;
    let filter = json!([{ "fromBlock": "0x0", "address": Address::new(gateway.registry) }]);
    let logs = gateway.anvil.must("eth_getLogs", filter).await;
    let anchored = |log: &&Value| log["topics"].as_array().unwrap().len() == 3;
    let data = (900_u64, [9_u8; 32], 0_u64).abi_encode();
    let mut log = logs
        .as_array()
        .unwrap()
        .iter()
        .rfind(anchored)
        .unwrap()
        .clone();
    log["data"] = json!(format!("0x{}", hex::encode(data)));
    log["topics"][2] = json!(format!("0x{:064x}", 7));
    proxies[0].answer(move |method, _, answer| match method {
        "eth_call" => false_head(answer),
        "eth_getLogs" => with(answer, json!([log])),
        _ => answer,
    });
    for honest in &proxies[1..] {
        honest.answer(|method, _, mut answer| {
            if method == "eth_getLogs" {
                answer.as_object_mut().unwrap().remove("result");
                answer["error"] = json!({ "code": -32_601, "message": "no logs here" });
            }
            answer
        });
    }
    assert_eq!(gateway.service.step_post().await, Ok(0));
    assert_eq!(gateway.service.status().alarm(), None);
    assert_eq!(passed_over(&gateway), [0]);
    // Without it the others go on.
    gateway.plant(2).await;
    gateway.post().await;
}

#[tokio::test]
async fn one_of_three_that_stands_still_holds_up_no_finality() {
    let (mut gateway, proxies) = before_proxies(3, FinalityRule::Depth(20)).await;
    gateway.plant(5).await;
    gateway.post().await;
    gateway.anchored().await;
    gateway.mine(20).await;
    proxies[2].answer(|method, _, mut answer| {
        match method {
            "eth_blockNumber" => answer = with(answer, json!("0x1")),
            "eth_getBlockByNumber" if answer["result"].is_object() => {
                answer["result"]["hash"] = json!(format!("0x{}", "ab".repeat(32)));
            }
            _ => {}
        }
        answer
    });
    assert_eq!(gateway.service.step_finality().await, Ok(1));
    assert_eq!(passed_over(&gateway), [2]);
}

#[tokio::test]
async fn of_two_none_believes_that_an_anchor_is_gone_or_there() {
    let (mut gateway, proxies) = before_proxies(2, FinalityRule::Immediate).await;
    proxies[0].answer(|method, _, answer| match method {
        "eth_call" => false_head(answer),
        _ => answer,
    });
    gateway.plant(5).await;
    let differ = StepError::Ledger(LedgerError::NodesDiffer {
        what: "a log's newest anchor",
        said: names(&gateway).join(" against "),
    });
    let (facility, problem) = ("general".parse().unwrap(), Box::new(differ));
    let left_out = Err(StepError::LeftOut { facility, problem });
    assert_eq!(gateway.service.step_sequence().await, left_out);
    assert_eq!(gateway.service.step_post().await, left_out);
    assert_eq!(passed_over(&gateway), [0; 0], "none knows which");
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
    let expected = StepError::Ledger(LedgerError::NodesDiffer {
        what: "a block",
        said: names(&gateway).join(" against "),
    });
    assert_eq!(differ, Err(expected));
}

#[tokio::test]
async fn nodes_are_shown_what_opens_them() {
    let (mut gateway, proxies) = before_proxies(2, FinalityRule::Immediate).await;
    gateway.make_final(5).await;
    let shown: Vec<_> = proxies.iter().map(Proxy::authorization).collect();
    let opens = ["Bearer secret", "Basic QWxhZGRpbjpodW50ZXIy"];
    assert_eq!(shown, opens.map(|text| Some(text.to_owned())));
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let (mut gateway, proxies) = before_proxies(1, FinalityRule::Immediate).await;
    // The proxy sends it whole; a node that streams ends at the same bound.
    let long = "0".repeat(33 * 1024 * 1024);
    proxies[0].answer(move |_, _, answer| with(answer, json!(long)));
    let failed = gateway.service.check().await.unwrap_err();
    assert!(
        failed
            .to_string()
            .contains("its answer has more than 32 MiB"),
        "{failed}"
    );
    proxies[0].be_honest();
    gateway.service.check().await.unwrap();
}
