//! The adapter for EVM chains: JSON-RPC by alloy, raw calls and typed encoding.
//! The methods answer the port one to one; what needs more lines has a file.

mod admin;
mod closings;
mod events;
mod evidence;
mod fees;
mod gas;
mod header;
mod heads;
mod inclusion;
mod key;
mod reader;
mod receipt;
mod registry;
mod rpc;
mod transaction;

pub use super::{ClosedEvent, ClosingReason};
pub use admin::RegistryAdmin;
pub use fees::Fees;
pub(crate) use fees::Quote;
pub use key::SubmitterKey;
pub use reader::{AnchorEvent, RegistryReader};
pub use registry::{AnchorRegistry, Version as RegistryVersion};
pub use rpc::endpoint::{RpcNode, RpcNodes};

use crate::ledger::{
    Anchored, Block, EventCursor, EventPage, Evidence, Extension, FinalityRule, Funds, Head,
    Inclusion, Ledger, LedgerError, NodeBoard, SentTransaction, SignedTransaction,
};
use alloy::primitives::{Address, B256, TxKind};
use events::Events;
use heads::Heads;
use model::LogId;
use rpc::node::{LATEST, Node};
use transaction::Draft;
#[cfg(test)]
pub(crate) use transaction::reprice;

/// A registry on an EVM chain, with one submitter.
#[derive(Debug)]
pub struct EvmLedger {
    node: Node,
    chain_id: u64,
    registry: Address,
    key: SubmitterKey,
    fees: Fees,
    refuses_dev_chain: bool,
}

impl EvmLedger {
    /// Takes what is configured; [`Ledger::check`] finds out whether it is so.
    ///
    /// # Errors
    /// When the URL is not one.
    pub fn new(
        nodes: impl Into<RpcNodes>,
        chain_id: u64,
        registry: [u8; 20],
        key: SubmitterKey,
    ) -> Result<Self, LedgerError> {
        Ok(Self {
            node: Node::new(&nodes.into())?,
            chain_id,
            registry: Address::new(registry),
            key,
            fees: Fees::default(),
            refuses_dev_chain: false,
        })
    }

    /// Pays for gas within these bounds.
    #[must_use]
    pub const fn paying(mut self, fees: Fees) -> Self {
        self.fees = fees;
        self
    }

    /// Lets [`Ledger::check`] refuse the dev L2, which says of itself what it is.
    #[must_use]
    pub const fn refusing_dev_chain(mut self) -> Self {
        self.refuses_dev_chain = true;
        self
    }

    const fn events(&self) -> Events<'_> {
        Events {
            node: &self.node,
            registry: self.registry,
        }
    }

    const fn heads(&self) -> Heads<'_> {
        Heads {
            node: &self.node,
            registry: self.registry,
        }
    }
}

impl Ledger for EvmLedger {
    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn registry(&self) -> [u8; 20] {
        self.registry.0.0
    }

    fn submitter(&self) -> [u8; 20] {
        self.key.address().0.0
    }

    async fn check(&self) -> Result<(), LedgerError> {
        let (expected, registry) = (self.chain_id, self.registry);
        let refuses = self.refuses_dev_chain;
        let fits = move |node: Node| async move {
            let found = node.chain_id().await?;
            if found != expected {
                return Err(LedgerError::ForeignChain { expected, found });
            }
            if refuses && node.is_dev_chain().await? {
                return Err(LedgerError::DevChain);
            }
            let code = node.code(registry).await?;
            registry::check(&code, registry).map(drop)
        };
        self.node.survey(fits).await
    }

    fn nodes(&self) -> NodeBoard {
        self.node.board()
    }

    async fn head(&self, log: LogId) -> Result<Option<Head>, LedgerError> {
        self.heads().agreed(log, LATEST).await
    }

    async fn closed(&self, log: LogId) -> Result<Option<ClosedEvent>, LedgerError> {
        closings::agreed(&self.node, self.registry, log).await
    }

    async fn next_nonce(&self) -> Result<u64, LedgerError> {
        self.node.agreed_count(self.key.address()).await
    }

    async fn prepare(
        &self,
        nonce: u64,
        anchors: &[Extension],
    ) -> Result<SignedTransaction, LedgerError> {
        let draft = Draft {
            chain_id: self.chain_id,
            nonce,
            to: TxKind::Call(self.registry),
            input: registry::anchor_many(anchors),
        };
        draft.sign(&self.node, &self.key, &self.fees).await
    }

    async fn replace(&self, raw: &[u8]) -> Result<SignedTransaction, LedgerError> {
        transaction::replace(raw, &self.node, &self.key, &self.fees).await
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<(), LedgerError> {
        self.node.send(raw).await
    }

    async fn inclusion(&self, transaction: [u8; 32]) -> Result<Option<Inclusion>, LedgerError> {
        inclusion::of(&self.node, B256::new(transaction)).await
    }

    async fn anchored(&self, log: LogId, seq: u64) -> Result<Option<Anchored>, LedgerError> {
        self.heads().event(log, seq).await
    }

    async fn anchored_in(&self, block: u64) -> Result<Vec<Anchored>, LedgerError> {
        self.events().in_block(block).await
    }

    async fn is_void(&self, nonce: u64, anchors: &[(LogId, u64)]) -> Result<bool, LedgerError> {
        let account = self.key.address();
        inclusion::is_void(&self.node, self.registry, account, nonce, anchors).await
    }

    async fn transaction(&self, hash: [u8; 32]) -> Result<Option<SentTransaction>, LedgerError> {
        transaction::sent(&self.node, hash).await
    }

    async fn funds(&self) -> Result<Funds, LedgerError> {
        Ok(Funds {
            balance: self.node.usual_balance(self.key.address()).await?,
            price: self.fees.ask(&self.node).await.map(Quote::price),
        })
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, LedgerError> {
        let Some(block) = self.node.agreed_block(number).await? else {
            return Ok(None);
        };
        let time = registry::time_of(block.header.inner.timestamp)
            .ok_or(LedgerError::Strange("the block's time is out of range"))?;
        Ok(Some(Block {
            hash: block.header.hash.0,
            time,
        }))
    }

    async fn final_height(&self, rule: FinalityRule) -> Result<Option<u64>, LedgerError> {
        self.node.final_height(rule).await
    }

    async fn anchor_page(&self, log: LogId, from: EventCursor) -> Result<EventPage, LedgerError> {
        self.events()
            .agreed_page(&self.events().of(log), from)
            .await
    }

    async fn evidence(
        &self,
        transaction: [u8; 32],
        inclusion: Inclusion,
    ) -> Result<Evidence, LedgerError> {
        let collect =
            |alone: Node| async move { evidence::collect(&alone, transaction, inclusion).await };
        self.node.of_any(collect).await
    }
}
