//! The registry contract on the dev L2: deployed once, with the submitter
//! allowed to anchor both logs.

use crate::anchor::registry;
use anchor_service::ledger::evm::{RegistryAdmin, SubmitterKey};
use command::CommandError;
use devkit::chain::DevChain;
use gateway::facility::setup;
use model::LogId;
use store::{Registry, Store};

/// The registry's address. It is noted only after the grants, so that a start
/// that was cut short deploys a new one.
pub async fn establish(
    store: &Store,
    chain: &DevChain,
    admin: SubmitterKey,
    submitter: &SubmitterKey,
    logs: &[LogId],
) -> Result<[u8; 20], CommandError> {
    let found = registry::find(store).await?;
    if let Some(Registry { chain_id, address }) = found.now {
        if chain_id != chain.chain_id() {
            return Err(format!(
                "the data was anchored on chain {chain_id}, which is not this one"
            )
            .into());
        }
        // Nobody but the demo deploys on its chain, so its service may take the row over
        // once it has found the contract there.
        return Ok(address);
    }
    let admin = RegistryAdmin::connect(&chain.rpc_url(), chain.chain_id(), admin).await?;
    let address = admin.deploy().await?;
    for log in logs {
        admin.grant(address, *log, submitter.address().0.0).await?;
    }
    let registry = Registry {
        chain_id: chain.chain_id(),
        address,
    };
    setup::note_registry(store, registry).await?;
    Ok(address)
}
