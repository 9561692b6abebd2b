//! The dev chain's JSON-RPC by hand: frames, error codes, and transactions that
//! are turned away.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod counter;

use alloy::{
    consensus::{SignableTransaction as _, TxEip1559, TxEnvelope, TxLegacy},
    eips::eip2718::Encodable2718 as _,
    primitives::{Address, B256, Bytes, Signature, TxKind, U256},
    signers::{SignerSync as _, local::PrivateKeySigner},
};
use counter::{CHAIN_ID, client, deploy, input, sent, signer, start, submitter};
use devkit::chain::DevChain;
use serde_json::{Value, json};

async fn post(chain: &DevChain, body: impl Into<reqwest::Body>) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::Client::new()
        .post(chain.rpc_url())
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

async fn call(chain: &DevChain, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    post(chain, body.to_string()).await
}

/// The code and text of the error that the call must give.
async fn refused(chain: &DevChain, method: &str, params: Value) -> (i64, String) {
    let answer = call(chain, method, params).await;
    assert!(answer.get("result").is_none(), "{answer}");
    let error = &answer["error"];
    (
        error["code"].as_i64().unwrap(),
        error["message"].as_str().unwrap().to_owned(),
    )
}

fn signed(transaction: TxEip1559, signer: &PrivateKeySigner) -> Bytes {
    let signature = signer
        .sign_hash_sync(&transaction.signature_hash())
        .unwrap();
    TxEnvelope::from(transaction.into_signed(signature))
        .encoded_2718()
        .into()
}

fn transfer(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        to: TxKind::Call(Address::ZERO),
        ..TxEip1559::default()
    }
}

async fn send(chain: &DevChain, raw: &Bytes) -> Value {
    call(chain, "eth_sendRawTransaction", json!([raw])).await
}

#[tokio::test]
async fn frames_follow_json_rpc() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    for (body, code) in [
        ("{", -32700),
        ("[]", -32600),
        ("7", -32600),
        (r#"{"id":1,"method":"eth_chainId"}"#, -32600),
        (
            r#"{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}"#,
            -32600,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_mine"}"#, -32601),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}"#,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}"#,
            -32602,
        ),
    ] {
        let answer = post(&chain, body).await;
        assert_eq!(answer["error"]["code"], code, "{body}: {answer}");
    }
    let batch = json!([
        { "jsonrpc": "2.0", "id": "a", "method": "eth_chainId" },
        { "jsonrpc": "2.0", "method": "eth_chainId" },
        { "jsonrpc": "2.0", "id": null, "method": "net_version" },
        { "jsonrpc": "2.0", "id": 3, "method": "nothing" },
    ]);
    let answers = post(&chain, batch.to_string()).await;
    assert_eq!(answers.as_array().unwrap().len(), 3);
    assert_eq!(answers[0]["result"], format!("0x{CHAIN_ID:x}"));
    assert_eq!(answers[0]["id"], "a");
    assert_eq!(answers[1]["result"], CHAIN_ID.to_string());
    assert_eq!(answers[2]["error"]["code"], -32601);
    let notification = json!({ "jsonrpc": "2.0", "method": "eth_chainId" });
    assert_eq!(post(&chain, notification.to_string()).await, Value::Null);

    let client = reqwest::Client::new();
    let plain = client
        .post(chain.rpc_url())
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(plain.status(), 415);
    let get = client.get(chain.rpc_url()).send().await.unwrap();
    assert_eq!(get.status(), 405);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    for (method, params, text) in [
        ("eth_getBalance", json!([]), "parameter 0 is missing"),
        (
            "eth_getBalance",
            json!(["0x12"]),
            "parameter 0 is not an address",
        ),
        (
            "eth_getBalance",
            json!([Address::ZERO, "newest"]),
            "parameter 1 is not",
        ),
        (
            "eth_getBlockByNumber",
            json!(["0x0", 3]),
            "parameter 1 is not",
        ),
        (
            "eth_getTransactionByHash",
            json!(["0x00"]),
            "a transaction hash",
        ),
        ("eth_call", json!(["x"]), "a call object"),
        ("eth_call", json!([{}, "latest", {}]), "too many parameters"),
        ("eth_feeHistory", json!(["ten"]), "a number of blocks"),
        (
            "eth_getLogs",
            json!([{ "fromBlock": "0x5", "toBlock": "0x1" }]),
            "range",
        ),
        ("eth_sendRawTransaction", json!(["0xzz"]), "in hex"),
    ] {
        let (code, message) = refused(&chain, method, params).await;
        assert_eq!(code, -32602, "{method}: {message}");
        assert!(message.contains(text), "{method}: {message}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_null() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    for method in ["eth_getBlockByNumber", "eth_getBlockReceipts"] {
        assert_eq!(
            call(&chain, method, json!(["0x63"])).await["result"],
            Value::Null
        );
    }
    let unknown = json!([B256::ZERO]);
    for method in [
        "eth_getTransactionByHash",
        "eth_getTransactionReceipt",
        "eth_getBlockByHash",
    ] {
        let answer = call(&chain, method, unknown.clone()).await;
        assert_eq!(answer["result"], Value::Null, "{answer}");
        assert!(answer.get("error").is_none());
    }
    assert_eq!(
        call(&chain, "eth_syncing", json!([])).await["result"],
        false
    );
    assert_eq!(
        call(&chain, "eth_accounts", json!([])).await["result"],
        json!([])
    );
}

#[tokio::test]
async fn reverts_carry_their_data_under_code_3() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    let client = client(&chain, submitter());
    let contract = deploy(&client).await;
    for method in ["eth_call", "eth_estimateGas"] {
        let request = json!([{ "to": contract, "data": "0xff" }]);
        let error = call(&chain, method, request).await["error"].clone();
        assert_eq!(error["code"], 3);
        assert_eq!(error["message"], "execution reverted");
        assert_eq!(error["data"], json!(B256::with_last_byte(42)));
    }
    let starved = json!([{ "to": contract, "data": "0x01", "gas": "0x5300" }]);
    let (code, message) = refused(&chain, "eth_call", starved).await;
    assert_eq!((code, message.as_str()), (-32000, "out of gas"));

    sent(&client, input(contract, &[1])).await;
    let (code, message) =
        refused(&chain, "eth_getStorageAt", json!([contract, "0x0", "0x1"])).await;
    assert_eq!(code, -32000);
    assert!(
        message.contains("the state of block 1 is not kept"),
        "{message}"
    );
}

/// A signed transfer that differs from a good one.
fn transfer_with(change: impl FnOnce(&mut TxEip1559)) -> Bytes {
    let mut transaction = transfer(0);
    change(&mut transaction);
    signed(transaction, &submitter())
}

/// What is no transaction of this chain, and what the refusal says.
fn malformed() -> Vec<(Bytes, &'static str)> {
    let good = signed(transfer(0), &submitter());
    let longer: Bytes = [&good[..], &[0]].concat().into();
    vec![
        (
            Bytes::from_static(b"\x01\x02\x03"),
            "not a signed transaction",
        ),
        (Bytes::new(), "not a signed transaction"),
        (longer, "not a signed transaction"),
        (vec![2; 200_000].into(), "oversized data"),
        (transfer_with(|t| t.chain_id = 1), "invalid chain id"),
        (without_chain_id(), "invalid chain id"),
        (high_s(), "not one by EIP-2"),
    ]
}

/// What the rules or the operator forbid, and what the refusal says.
fn forbidden() -> Vec<(Bytes, &'static str)> {
    vec![
        (signed(transfer(0), &signer(2)), "is not permitted"),
        (
            transfer_with(|t| t.nonce = 1),
            "nonce too high: next nonce 0, tx nonce 1",
        ),
        (
            transfer_with(|t| t.gas_limit = 20_999),
            "intrinsic gas too low",
        ),
        (
            transfer_with(|t| t.gas_limit = 30_000_001),
            "exceeds block gas limit",
        ),
        (transfer_with(|t| t.value = U256::MAX), "insufficient funds"),
    ]
}

#[tokio::test]
async fn bad_transactions_are_turned_away_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    for (raw, text) in malformed().into_iter().chain(forbidden()) {
        let answer = send(&chain, &raw).await;
        let message = answer["error"]["message"].as_str().expect("refused");
        assert!(message.contains(text), "{text}: {message}");
    }
    let height = call(&chain, "eth_blockNumber", json!([])).await;
    assert_eq!(height["result"], "0x0");
}

#[tokio::test]
async fn a_transaction_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    let good = signed(transfer(0), &submitter());
    assert!(send(&chain, &good).await["result"].is_string());
    assert_eq!(
        send(&chain, &good).await["error"]["message"],
        "already known"
    );
    let other = transfer_with(|t| t.gas_limit = 22_000);
    assert_eq!(
        send(&chain, &other).await["error"]["message"],
        "nonce too low: next nonce 1, tx nonce 0"
    );
    for tag in ["latest", "pending"] {
        let params = json!([submitter().address(), tag]);
        let count = call(&chain, "eth_getTransactionCount", params).await;
        assert_eq!(count["result"], "0x1");
    }
    let height = call(&chain, "eth_blockNumber", json!([])).await;
    assert_eq!(height["result"], "0x1");
}

/// The same signature with the other s is valid arithmetic and refused.
fn high_s() -> Bytes {
    let order = U256::from_str_radix(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        16,
    )
    .unwrap();
    let signature = submitter()
        .sign_hash_sync(&transfer(0).signature_hash())
        .unwrap();
    let other = Signature::new(signature.r(), order - signature.s(), !signature.v());
    TxEnvelope::from(transfer(0).into_signed(other))
        .encoded_2718()
        .into()
}

/// Valid on any chain, and so on none here.
fn without_chain_id() -> Bytes {
    let transaction = TxLegacy {
        gas_limit: 21_000,
        to: TxKind::Call(Address::ZERO),
        ..TxLegacy::default()
    };
    let signature = submitter()
        .sign_hash_sync(&transaction.signature_hash())
        .unwrap();
    TxEnvelope::from(transaction.into_signed(signature))
        .encoded_2718()
        .into()
}
