//! The registry contract on the dev L2: deployed once, with the submitter
//! allowed to anchor both logs.

use super::Failed;
use anchor_service::ledger::evm::{RegistryAdmin, SubmitterKey};
use devkit::chain::DevChain;
use gateway::setup;
use model::LogId;
use store::Store;

/// The registry's address. It is noted only after the grants, so that a start
/// that was cut short deploys a new one.
pub async fn establish(
    store: &Store,
    chain: &DevChain,
    admin: SubmitterKey,
    submitter: &SubmitterKey,
    logs: &[LogId],
) -> Result<[u8; 20], Failed> {
    if let Some((chain_id, address)) = setup::noted_registry(store).await? {
        if chain_id == chain.chain_id() {
            return Ok(address);
        }
        return Err(
            format!("the data was anchored on chain {chain_id}, which is not this one").into(),
        );
    }
    let admin = RegistryAdmin::connect(&chain.rpc_url(), chain.chain_id(), admin).await?;
    let address = admin.deploy().await?;
    for log in logs {
        admin.grant(address, *log, submitter.address().0.0).await?;
    }
    setup::note_registry(store, chain.chain_id(), address).await?;
    Ok(address)
}
