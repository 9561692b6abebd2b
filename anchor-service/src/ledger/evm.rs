//! The adapter for EVM chains: JSON-RPC by alloy, raw calls and typed encoding.
//! The methods answer the port one to one; what needs more lines has a file.

mod admin;
mod events;
mod evidence;
mod fees;
mod key;
mod node;
mod reader;
mod receipt;
mod registry;
mod transaction;

pub use admin::RegistryAdmin;
pub use fees::Fees;
pub use key::SubmitterKey;
pub use reader::{AnchorEvent, RegistryReader};
pub use registry::AnchorRegistry;

use crate::ledger::{
    Anchored, Block, Evidence, Extension, FinalityRule, Funds, Head, Inclusion, Ledger,
    LedgerError, SentTransaction, SignedTransaction,
};
use alloy::primitives::{Address, B256, TxKind};
use events::{Events, Start};
use model::LogId;
use node::{LATEST, Node};
use transaction::Draft;

/// Blocks in which an anchor is looked for first: mostly it is of just now.
const RECENT: u64 = 64;

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
        rpc_url: &str,
        chain_id: u64,
        registry: [u8; 20],
        key: SubmitterKey,
    ) -> Result<Self, LedgerError> {
        Ok(Self {
            node: Node::new(rpc_url)?,
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

    /// The registry's head of a log by a block's number or tag.
    async fn head_at(&self, log: LogId, at: &str) -> Result<Option<Head>, LedgerError> {
        let call = registry::head_call(log);
        let answer = self.node.call(self.registry, call, at).await?;
        // What a call to an address without code gives.
        if answer.is_empty() {
            return Err(LedgerError::NoRegistry(format!("{:#x}", self.registry)));
        }
        registry::head_answer(&answer)
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
        let found = self.node.chain_id().await?;
        if found != self.chain_id {
            return Err(LedgerError::ForeignChain {
                expected: self.chain_id,
                found,
            });
        }
        if self.refuses_dev_chain && self.node.is_dev_chain().await? {
            return Err(LedgerError::DevChain);
        }
        registry::check(&self.node, self.registry).await
    }

    async fn head(&self, log: LogId) -> Result<Option<Head>, LedgerError> {
        self.head_at(log, LATEST).await
    }

    async fn next_nonce(&self) -> Result<u64, LedgerError> {
        let account = self.key.address();
        self.node.transaction_count(account, LATEST).await
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
        let Some(receipt) = self.node.receipt(B256::new(transaction)).await? else {
            return Ok(None);
        };
        // A receipt without a block is that of a pending transaction.
        Ok(receipt
            .block_number
            .zip(receipt.block_hash)
            .map(|(block, hash)| Inclusion {
                block,
                block_hash: hash.0,
                succeeded: receipt.inner.status(),
            }))
    }

    async fn anchored(&self, log: LogId, seq: u64) -> Result<Option<Anchored>, LedgerError> {
        let from = Start {
            block: self.node.block_number().await?,
            range: RECENT,
        };
        let filter = self.events().numbered(log, &[seq]);
        let found = self.events().scan(filter, from, |found| !found.is_empty());
        Ok(found.await?.first().map(|event| event.anchored))
    }

    async fn anchored_in(&self, block: u64) -> Result<Vec<Anchored>, LedgerError> {
        self.events().in_block(block).await
    }

    async fn is_void(&self, nonce: u64, anchors: &[(LogId, u64)]) -> Result<bool, LedgerError> {
        // By number: a node that has not got so far refuses, instead of answering of before.
        let at = format!("{:#x}", self.node.block_number().await?);
        let account = self.key.address();
        if self.node.transaction_count(account, &at).await? <= nonce {
            return Ok(false);
        }
        for (log, seq) in anchors {
            let head = self.head_at(*log, &at).await?;
            if head.is_some_and(|head| head.seq >= *seq) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn transaction(&self, hash: [u8; 32]) -> Result<Option<SentTransaction>, LedgerError> {
        transaction::sent(&self.node, hash).await
    }

    async fn funds(&self) -> Result<Funds, LedgerError> {
        Ok(Funds {
            balance: self.node.balance(self.key.address()).await?,
            price: self.fees.ask(&self.node).await?.price(),
        })
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, LedgerError> {
        let Some(block) = self.node.block(&format!("{number:#x}")).await? else {
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

    async fn evidence(
        &self,
        transaction: [u8; 32],
        inclusion: Inclusion,
    ) -> Result<Evidence, LedgerError> {
        evidence::collect(&self.node, transaction, inclusion).await
    }
}
