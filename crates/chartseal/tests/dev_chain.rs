//! The dev L2 is recognised by what it says of itself, and refused where it must
//! not be used.

use anchor_service::ledger::{
    Ledger as _, LedgerError,
    evm::{EvmLedger, SubmitterKey},
};
use devkit::chain::{DevChain, DevChainConfig};

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
}
