//! Which registry the logs are anchored at: what the database notes, held against
//! what the configuration names.

use anchor_service::config::Config as AnchorSection;
use gateway::setup;
use std::error::Error;
use store::Store;

/// A registry by its address.
pub type Address = [u8; 20];

/// What the configuration names and what the database notes.
pub struct Standing {
    /// As configured.
    pub configured: Option<Address>,
    /// As noted, on the configured chain.
    pub noted: Option<Address>,
}

impl Standing {
    /// Reads both.
    ///
    /// # Errors
    /// When they contradict each other.
    pub async fn read(store: &Store, config: &AnchorSection) -> Result<Self, Box<dyn Error>> {
        let configured = config.registry_address()?;
        let noted = match setup::noted_registry(store).await? {
            Some((chain_id, _)) if chain_id != config.chain_id => {
                return Err(format!(
                    "the database is anchored on chain {chain_id}, but `chainId` is {}; \
                     use the chain that it was made with",
                    config.chain_id
                )
                .into());
            }
            Some((_, address)) => Some(address),
            None => None,
        };
        match (configured, noted) {
            (Some(configured), Some(noted)) if configured != noted => Err(format!(
                "the database is anchored at registry {}, but `registry` is {}; \
                 correct it or leave it out",
                written(noted),
                written(configured)
            )
            .into()),
            _ => Ok(Self { configured, noted }),
        }
    }

    /// The registry to be asked.
    ///
    /// # Errors
    /// When there is none.
    pub fn known(&self) -> Result<Address, Box<dyn Error>> {
        let known = self.noted.or(self.configured);
        Ok(known.ok_or("no registry is known; run `chartseal anchor deploy` first")?)
    }
}

/// An address as people read it.
pub fn written(address: Address) -> String {
    format!("0x{}", hex::encode(address))
}
