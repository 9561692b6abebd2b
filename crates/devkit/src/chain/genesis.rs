//! What the chain begins with: the journal's first record, and block 0, which
//! follows from it.

use super::{ChainError, DevChainConfig, evm::GAS_LIMIT, journal::Journal, state::State};
use alloy::{
    consensus::Header,
    primitives::{Address, Bytes, U256},
    rlp,
};

const TITLE: &[u8] = b"chartseal dev chain 1";
/// What a funded account holds: 1,000,000 ether.
const FUNDS: u128 = 1_000_000 * 1_000_000_000_000_000_000;

/// The settings that a chain keeps for life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Genesis {
    pub(crate) chain_id: u64,
    timestamp: u64,
    base_fee: u64,
    /// Sorted, none twice.
    funded: Vec<Address>,
}

impl Genesis {
    /// Reads the journal's first record, or writes it into an empty journal.
    pub(crate) fn establish(
        journal: &mut Journal,
        config: &DevChainConfig,
        timestamp: u64,
        base_fee: u64,
    ) -> Result<Self, ChainError> {
        let mut funded = config.funded.clone();
        funded.sort_unstable();
        funded.dedup();
        let wanted = Self {
            chain_id: config.chain_id,
            timestamp,
            base_fee,
            funded,
        };
        let Some(record) = journal.read(0)? else {
            journal.append(&wanted.encode())?;
            return Ok(wanted);
        };
        let kept = Self::decode(&record)
            .ok_or_else(|| journal.damaged_record(0, "it does not begin a dev chain"))?;
        kept.agrees_with(&wanted)?;
        Ok(kept)
    }

    /// The state before the first transaction.
    pub(crate) fn state(&self) -> State {
        State::funded(&self.funded, U256::from(FUNDS))
    }

    /// Block 0.
    pub(crate) fn header(&self) -> Header {
        Header {
            state_root: self.state().root(),
            gas_limit: GAS_LIMIT,
            timestamp: self.timestamp,
            extra_data: Bytes::from_static(TITLE),
            base_fee_per_gas: Some(self.base_fee),
            withdrawals_root: Some(alloy_trie::EMPTY_ROOT_HASH),
            ..Header::default()
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut parts = vec![
            Bytes::from_static(TITLE),
            Bytes::copy_from_slice(&self.chain_id.to_be_bytes()),
            Bytes::copy_from_slice(&self.timestamp.to_be_bytes()),
            Bytes::copy_from_slice(&self.base_fee.to_be_bytes()),
        ];
        parts.extend(
            self.funded
                .iter()
                .map(|a| Bytes::copy_from_slice(a.as_slice())),
        );
        rlp::encode(parts)
    }

    fn decode(record: &[u8]) -> Option<Self> {
        let parts: Vec<Bytes> = rlp::decode_exact(record).ok()?;
        let [title, chain_id, timestamp, base_fee, funded @ ..] = parts.as_slice() else {
            return None;
        };
        (title == TITLE).then_some(())?;
        let number = |bytes: &Bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?));
        Some(Self {
            chain_id: number(chain_id)?,
            timestamp: number(timestamp)?,
            base_fee: number(base_fee)?,
            funded: funded
                .iter()
                .map(|address| Address::try_from(address.as_ref()).ok())
                .collect::<Option<_>>()?,
        })
    }

    fn agrees_with(&self, wanted: &Self) -> Result<(), ChainError> {
        let other = |kept: String, wanted: String| Err(ChainError::OtherChain { kept, wanted });
        if self.chain_id != wanted.chain_id {
            return other(
                format!("chain id {}", self.chain_id),
                format!("chain id {}", wanted.chain_id),
            );
        }
        if self.funded != wanted.funded {
            let list = |of: &Self| {
                let names: Vec<_> = of.funded.iter().map(Address::to_string).collect();
                format!("the funded accounts `{}`", names.join(" "))
            };
            return other(list(self), list(wanted));
        }
        Ok(())
    }
}
