//! The dev L2 is recognised by what it says of itself, and refused where it must
//! not be used.

use anchor_service::ledger::{
    Ledger as _, LedgerError,
    evm::{EvmLedger, RegistryAdmin, SubmitterKey},
};
use devkit::chain::{DevChain, DevChainConfig, DevChainOptions};
use model::LogId;

#[actix_web::test]
async fn a_ledger_that_refuses_the_dev_chain_does() {
    let folder = tempfile::tempdir().unwrap();
    let chain = DevChain::start(DevChainConfig {
        dir: folder.path().join("l2"),
        port: None,
        chain_id: 20_261,
        allowed: Vec::new(),
        funded: Vec::new(),
    })
    .unwrap();
    let ledger = || {
        let key = SubmitterKey::from_bytes(&[7; 32]).unwrap();
        EvmLedger::new(&chain.rpc_url(), chain.chain_id(), [1; 20], key).unwrap()
    };
    let refused = ledger().refusing_dev_chain().check().await;
    assert_eq!(refused, Err(LedgerError::DevChain));
    // Else it is asked for its registry, which this one has not.
    let taken = ledger().check().await;
    assert!(matches!(taken, Err(LedgerError::NoRegistry(_))));
    // So it is when the node loses its data under a service that runs.
    let head = ledger().head(LogId::new([9; 32])).await;
    assert!(matches!(head, Err(LedgerError::NoRegistry(_))), "{head:?}");
}

#[actix_web::test]
async fn a_node_that_is_not_there_and_an_account_without_funds_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let admin = || SubmitterKey::from_bytes(&[7; 32]).unwrap();
    let config = DevChainConfig {
        dir: folder.path().join("l2"),
        port: None,
        chain_id: 20_261,
        allowed: vec![admin().address()],
        funded: Vec::new(),
    };
    let options = DevChainOptions {
        base_fee: 1_000_000_000,
        ..DevChainOptions::default()
    };
    let chain = DevChain::start_with(config, options).unwrap();
    let url = chain.rpc_url();
    let connected = RegistryAdmin::connect(&url, chain.chain_id(), admin()).await;
    let refused = connected.unwrap().deploy().await;
    assert_eq!(refused.err(), Some(LedgerError::NoFunds));

    chain.stop().await;
    let ledger = EvmLedger::new(&url, 20_261, [1; 20], admin()).unwrap();
    let away = ledger.check().await.unwrap_err().to_string();
    assert!(away.contains("nothing listens at its address"), "{away}");
}
