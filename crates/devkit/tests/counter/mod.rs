//! A contract assembled by hand, and a chain to put it on.
//!
//! The first byte of the input says what it does: 1 counts up in slot 0 and logs
//! the count under topic 7; 2 answers the SHA-256 of the rest; 255 reverts with
//! the word 42; anything else answers the count.

use alloy::{
    network::{EthereumWallet, TransactionBuilder as _},
    primitives::{Address, Bytes, TxHash, hex},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
};
use alloy_provider::{Provider, ProviderBuilder};
use devkit::chain::{DevChain, DevChainConfig};
use std::path::Path;

const RUNTIME: &[u8] = &hex!(
    "600035 6000 1a"
    "80 6001 14 6026 57"
    "80 6002 14 603c 57"
    "80 60ff 14 6058 57"
    "6000 54 6000 52 6020 6000 f3"
    "5b 6000 54 6001 01 80 6000 55 6000 52 6007 6020 6000 a1 00"
    "5b 6001 36 03 80 6001 6000 37 6020 6000 82 6000 6002 5a fa 50 6020 6000 f3"
    "5b 602a 6000 52 6020 6000 fd"
);
const INIT: &[u8] = &hex!("6063 80 600b 6000 39 6000 f3");

pub const CHAIN_ID: u64 = 424_242;

/// The key of the one sender that is listed.
pub fn submitter() -> PrivateKeySigner {
    signer(1)
}

pub fn signer(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_slice(&[number; 32]).unwrap()
}

pub fn config(dir: &Path) -> DevChainConfig {
    DevChainConfig {
        dir: dir.to_owned(),
        port: None,
        chain_id: CHAIN_ID,
        allowed: vec![submitter().address()],
        funded: vec![submitter().address()],
    }
}

pub fn start(dir: &Path) -> DevChain {
    DevChain::start(config(dir)).unwrap()
}

/// A provider that signs with `signer`.
pub fn client(chain: &DevChain, signer: PrivateKeySigner) -> impl Provider + use<> {
    // The first test to come here wins; the others find it done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ProviderBuilder::new()
        .wallet(EthereumWallet::from(signer))
        .connect_http(chain.rpc_url().parse().unwrap())
}

pub async fn deploy(client: &impl Provider) -> Address {
    let code = [INIT, RUNTIME].concat();
    let request = TransactionRequest::default().with_deploy_code(code);
    let receipt = sent(client, request).await;
    assert!(receipt.status());
    let address = receipt.contract_address.unwrap();
    assert_eq!(client.get_code_at(address).await.unwrap().as_ref(), RUNTIME);
    address
}

pub fn input(contract: Address, input: &[u8]) -> TransactionRequest {
    TransactionRequest::default()
        .to(contract)
        .with_input(Bytes::copy_from_slice(input))
}

pub async fn sent(client: &impl Provider, request: TransactionRequest) -> TransactionReceipt {
    let hash: TxHash = *client.send_transaction(request).await.unwrap().tx_hash();
    client
        .get_transaction_receipt(hash)
        .await
        .unwrap()
        .expect("a block is there before the answer is")
}
