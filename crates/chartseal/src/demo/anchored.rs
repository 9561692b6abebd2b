//! The anchor-service of the demo, over the dev L2.

use super::{facilities, layout::Layout, registry, trust_file::TrustFile};
use crate::services::service::anchoring;
use anchor_service::{
    AnchorService, LogKeys, SignedFile,
    config::{Config, RpcUrl},
    keys::key_rows::{OtherMac, adopt_log_keys},
    ledger::{
        FinalityRule,
        evm::{EvmLedger, SubmitterKey},
    },
    log::adopt::adopt,
};
use command::CommandError;
use devkit::chain::DevChain;
use model::{Clock, SystemRandom};
use std::sync::Arc;
use store::Store;

/// The accounts on the dev L2.
pub struct Accounts {
    pub submitter: SubmitterKey,
    pub admin: SubmitterKey,
}

/// The service before it is started, with its trust file and registry.
pub struct Anchored {
    pub service: AnchorService<EvmLedger>,
    pub trust_file: Arc<TrustFile>,
    pub registry: [u8; 20],
}

impl Anchored {
    /// Opens the logs and the registry, and makes those that are not there yet.
    ///
    /// # Errors
    /// Also when the data belongs to another L2 or another log: nobody is served from it.
    pub async fn open(
        layout: &Layout,
        store: &Store,
        chain: &DevChain,
        accounts: Accounts,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CommandError> {
        let Accounts { submitter, admin } = accounts;
        let keys = LogKeys::new(&layout.log_keys());
        let logs = facilities::open_logs(store, &keys, &SystemRandom).await?;
        let registry = registry::establish(store, chain, admin, &submitter, &logs).await?;
        let config = config(layout, chain);
        let ledger = anchoring::ledger(&config, registry)?;
        // One directory holds database and file; one of an earlier release has no file yet.
        let signed = Arc::new(SignedFile::new(config.signed_file()));
        adopt(store, &ledger, signed.clone(), &keys).await?;
        adopt_log_keys(store, &keys, signed.clone(), OtherMac::Stays).await?;
        let trust_path = layout.trust_file();
        let trust_file = TrustFile::open(trust_path, store, chain.chain_id(), registry).await?;
        let service = anchoring::assemble(store, config, signed, ledger, clock);
        let mut service = service.telling(trust_file.herald());
        service.check().await?;
        Ok(Self {
            service,
            trust_file,
            registry,
        })
    }
}

fn config(layout: &Layout, chain: &DevChain) -> Config {
    Config {
        rpc_url: RpcUrl::open(chain.rpc_url()),
        chain_id: chain.chain_id(),
        registry: None,
        submitter_key: layout.submitter_key(),
        log_keys: layout.log_keys(),
        signed: None,
        finality: FinalityRule::Tag,
        sequence_millis: 200,
        checkpoint_millis: 500,
        post_millis: 1_000,
        heartbeat_seconds: 3_600,
        max_anchor_age_seconds: None,
        check_hour: 2,
        resend_seconds: 10,
        replace_seconds: 48,
        max_fee_gwei: 500,
        max_tip_gwei: 100,
        min_balance_gwei: None,
    }
}
