//! The questions to the nodes of a chain.

use super::endpoint::{self, Endpoint, RpcNodes};
use crate::ledger::evm::receipt::RpcReceipt;
use crate::ledger::{LedgerError, NodeBoard};
use alloy::{
    primitives::{Address, B256, Bytes, U64, U128, U256},
    rpc::{
        json_rpc::{RpcRecv, RpcSend},
        types::{Block, Filter, Log, Transaction, TransactionReceipt, TransactionRequest},
    },
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The tag of the newest block.
pub const LATEST: &str = "latest";
/// How often it is waited for nodes that differ.
const WAIT_EVERY: Duration = Duration::from_secs(2);
/// How the client version of the dev L2 begins (`devkit`, which is not imported).
const DEV_CLIENT: &str = "chartseal-devchain";

/// The nodes of a chain, asked as one. A question goes to the first that answers; what is
/// decided by is asked of all of them ([`super::agreement`]).
#[derive(Debug, Clone)]
pub struct Node {
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    /// Whether there are others to ask in the place of one that fails.
    pub(crate) has_others: bool,
    board: NodeBoard,
    /// When it was last waited for nodes that differ.
    waited: Arc<Mutex<Option<Instant>>>,
}

impl Node {
    /// Takes the addresses; nothing is asked yet.
    pub fn new(nodes: &RpcNodes) -> Result<Self, LedgerError> {
        let board = NodeBoard::default();
        let has_others = nodes.0.len() > 1;
        let mut endpoints = Vec::new();
        for (number, node) in (1..).zip(&nodes.0) {
            let place = endpoint::name(&node.url);
            let place = place.ok_or(LedgerError::Unreachable("the URL is not one"))?;
            // Two paths of one host are two nodes.
            let name = if board.has(&place) {
                format!("{place} ({number})")
            } else {
                place
            };
            if has_others {
                board.add(&name);
            }
            endpoints.push(Arc::new(Endpoint::new(node, name, board.clone())?));
        }
        Ok(Self {
            endpoints,
            has_others,
            board,
            waited: Arc::default(),
        })
    }

    /// How each of several nodes stands.
    pub fn board(&self) -> NodeBoard {
        self.board.clone()
    }

    /// One of the nodes alone.
    pub(crate) fn alone(&self, endpoint: &Arc<Endpoint>) -> Self {
        Self {
            endpoints: vec![Arc::clone(endpoint)],
            ..self.clone()
        }
    }

    /// Names of the nodes.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.endpoints.iter().map(|endpoint| endpoint.name())
    }

    /// Whether nodes that differ may be given a moment: not before every question, for many
    /// logs are asked for one after the other.
    pub(crate) fn may_wait(&self) -> bool {
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        if waited.is_some_and(|waited| waited.elapsed() < WAIT_EVERY) {
            return false;
        }
        *waited = Some(Instant::now());
        true
    }

    /// The nodes to be asked: all of them when all have failed.
    pub(crate) fn usable(&self) -> Vec<&Arc<Endpoint>> {
        let usable = self.endpoints.iter().filter(|one| !one.is_passed_over());
        let usable: Vec<_> = usable.collect();
        if usable.is_empty() {
            return self.endpoints.iter().collect();
        }
        usable
    }

    async fn ask<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, LedgerError> {
        let mut failed = LedgerError::Unreachable("there is no node");
        for endpoint in self.usable() {
            match endpoint.ask(method, params.clone()).await {
                Err(error) if error.is_of_node() => {
                    if self.has_others {
                        endpoint.pass_over(&error);
                    }
                    failed = error;
                }
                answered => return answered,
            }
        }
        Err(failed)
    }

    /// Number of the chain it serves.
    pub async fn chain_id(&self) -> Result<u64, LedgerError> {
        Ok(quantity(self.ask("eth_chainId", ()).await?))
    }

    /// Number of its newest block.
    pub async fn block_number(&self) -> Result<u64, LedgerError> {
        Ok(quantity(self.ask("eth_blockNumber", ()).await?))
    }

    /// Whether it is the dev L2. A node that keeps its software to itself is not.
    pub async fn is_dev_chain(&self) -> Result<bool, LedgerError> {
        match self.ask::<_, String>("web3_clientVersion", ()).await {
            Ok(version) => Ok(version.starts_with(DEV_CLIENT)),
            Err(LedgerError::Rejected { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gas that a block has.
    pub async fn block_gas_limit(&self) -> Result<u64, LedgerError> {
        Ok(self.newest_block().await?.header.inner.gas_limit)
    }

    /// The newest block, without its transactions.
    pub async fn newest_block(&self) -> Result<Block, LedgerError> {
        let block = self.block(LATEST).await?;
        block.ok_or(LedgerError::Strange("the node has no newest block"))
    }

    /// Whether it has a transaction, in a block or waiting for one.
    pub async fn knows(&self, hash: B256) -> Result<bool, LedgerError> {
        let found: Option<serde_json::Value> =
            self.ask("eth_getTransactionByHash", (hash,)).await?;
        Ok(found.is_some())
    }

    /// Code at an address.
    pub async fn code(&self, address: Address) -> Result<Bytes, LedgerError> {
        self.ask("eth_getCode", (address, LATEST)).await
    }

    /// Answer of a view function, by a block's number or tag.
    pub async fn call(&self, to: Address, data: Bytes, at: &str) -> Result<Bytes, LedgerError> {
        let request = TransactionRequest::default().to(to).input(data.into());
        self.ask("eth_call", (request, at.to_owned())).await
    }

    /// Transactions of an account in blocks, up to a block's number or tag.
    pub async fn transaction_count(&self, account: Address, at: &str) -> Result<u64, LedgerError> {
        let count = self.ask("eth_getTransactionCount", (account, at.to_owned()));
        Ok(quantity(count.await?))
    }

    /// What an account has, in wei.
    pub async fn balance(&self, account: Address) -> Result<u128, LedgerError> {
        let balance: U256 = self.ask("eth_getBalance", (account, LATEST)).await?;
        Ok(balance.saturating_to())
    }

    /// A transaction, in a block or waiting for one.
    pub async fn transaction(&self, hash: B256) -> Result<Option<Transaction>, LedgerError> {
        self.ask("eth_getTransactionByHash", (hash,)).await
    }

    /// Gas a transaction would take; fails as it would fail.
    pub async fn estimate_gas(&self, request: &TransactionRequest) -> Result<u64, LedgerError> {
        Ok(quantity(
            self.ask("eth_estimateGas", (request.clone(),)).await?,
        ))
    }

    /// What the node would tip; 0 where it has no opinion.
    pub async fn suggested_tip(&self) -> Result<u128, LedgerError> {
        match self.ask::<_, U128>("eth_maxPriorityFeePerGas", ()).await {
            Ok(tip) => Ok(tip.to()),
            Err(LedgerError::Rejected { .. }) => Ok(0),
            Err(e) => Err(e),
        }
    }

    /// What the node would pay on a chain without base fee.
    pub async fn gas_price(&self) -> Result<u128, LedgerError> {
        Ok(self.ask::<_, U128>("eth_gasPrice", ()).await?.to())
    }

    /// A block by number or tag, without its transactions.
    pub async fn block(&self, which: &str) -> Result<Option<Block>, LedgerError> {
        self.ask("eth_getBlockByNumber", (which.to_owned(), false))
            .await
    }

    /// The events that a filter lets through, in the order of the chain.
    pub async fn logs(&self, filter: &Filter) -> Result<Vec<Log>, LedgerError> {
        self.ask("eth_getLogs", (filter.clone(),)).await
    }

    /// A receipt.
    pub async fn receipt(&self, hash: B256) -> Result<Option<TransactionReceipt>, LedgerError> {
        self.ask("eth_getTransactionReceipt", (hash,)).await
    }

    /// All receipts of a block.
    pub async fn block_receipts(&self, hash: B256) -> Result<Option<Vec<RpcReceipt>>, LedgerError> {
        self.ask("eth_getBlockReceipts", (hash,)).await
    }

    /// A block's header in the encoding that its hash is made of; `None` where the node does
    /// not tell it.
    pub async fn raw_header(&self, block: u64) -> Result<Option<Bytes>, LedgerError> {
        self.ask_for_raw("debug_getRawHeader", block).await
    }

    /// A block's receipts in the encoding that their root is made of, likewise.
    pub async fn raw_receipts(&self, block: u64) -> Result<Option<Vec<Bytes>>, LedgerError> {
        self.ask_for_raw("debug_getRawReceipts", block).await
    }

    async fn ask_for_raw<R: RpcRecv>(
        &self,
        method: &'static str,
        block: u64,
    ) -> Result<Option<R>, LedgerError> {
        match self.ask(method, (format!("{block:#x}"),)).await {
            // Whatever stands before a node may let no such question through.
            Err(LedgerError::Rejected { .. } | LedgerError::Http(_) | LedgerError::Strange(_)) => {
                Ok(None)
            }
            told => told,
        }
    }

    /// Hands in a signed transaction, to the first node that answers.
    pub async fn send_to_one(&self, raw: &[u8]) -> Result<(), LedgerError> {
        let sent: Result<B256, _> = self
            .ask("eth_sendRawTransaction", (Bytes::copy_from_slice(raw),))
            .await;
        match sent {
            Err(LedgerError::Rejected { message, .. }) if is_known(&message) => Ok(()),
            other => other.map(drop),
        }
    }
}

fn quantity(number: U64) -> u64 {
    number.to()
}

/// geth and its kin: `already known`; Besu: `Known transaction`; anvil:
/// `transaction already imported`.
fn is_known(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "already known",
        "known transaction",
        "already imported",
        "alreadyknown",
    ]
    .iter()
    .any(|words| message.contains(words))
}
