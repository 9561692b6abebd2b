//! Which registry the logs are anchored at: what the database notes, held against
//! what the configuration names.

use anchor_service::config::Config as AnchorSection;
use std::error::Error;
use store::{Reader, Registry, RegistrySet, Store};

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
    /// When they contradict each other, or nothing shows what the database notes: neither
    /// its mac nor the configuration.
    pub async fn read(store: &Store, config: &AnchorSection) -> Result<Self, Box<dyn Error>> {
        let configured = config.registry_address()?;
        let found = find(store).await?;
        let noted = found.now;
        let here = configured.map(|address| Registry {
            chain_id: config.chain_id,
            address,
        });
        if noted.is_none() || here != noted {
            found.shown()?;
        }
        if here.or(noted).is_none() && anchor_service::has_posted(store).await? {
            return Err(store::Error::Registry.into());
        }
        match noted {
            Some(Registry { chain_id, .. }) if chain_id != config.chain_id => Err(format!(
                "the database is anchored on chain {chain_id}, but `chainId` is {}; \
                 use the chain that it was made with",
                config.chain_id
            )
            .into()),
            Some(noted) if here.is_some_and(|here| here != noted) => Err(format!(
                "the database is anchored at registry {}, but `registry` is {}; \
                 correct it or leave it out",
                written(noted.address),
                configured.map(written).unwrap_or_default()
            )
            .into()),
            noted => Ok(Self {
                configured,
                noted: noted.map(|noted| noted.address),
            }),
        }
    }

    /// The registry to be asked.
    ///
    /// # Errors
    /// When neither database nor configuration names one.
    pub fn known(&self) -> Result<Address, Box<dyn Error>> {
        let known = self.noted.or(self.configured);
        Ok(known.ok_or("no registry is known; run `chartseal anchor deploy` first")?)
    }
}

/// The registries that the database names, whoever put them there.
pub async fn find(store: &Store) -> Result<RegistrySet, store::Error> {
    let find = |reader: &mut Reader| reader.registries().find();
    store.read("registry", find).await
}

/// An address as people read it.
pub fn written(address: Address) -> String {
    format!("0x{}", hex::encode(address))
}
