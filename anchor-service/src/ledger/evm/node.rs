//! One node behind JSON-RPC over HTTP: the questions, and its errors in our
//! words. Errors of the client are mapped and never printed.

use super::receipt::RpcReceipt;
use crate::{
    ledger::{FinalityRule, LedgerError, evm::registry},
    span,
};
use alloy::{
    primitives::{Address, B256, Bytes, U64, U128, U256},
    rpc::{
        client::RpcClient,
        json_rpc::{RpcRecv, RpcSend},
        types::{Block, Filter, Log, Transaction, TransactionReceipt, TransactionRequest},
    },
    transports::{TransportError, TransportErrorKind},
};
use std::{error::Error, io, time::Duration};

/// The tag of the newest block.
pub const LATEST: &str = "latest";
/// A question that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How the client version of the dev L2 begins (`devkit`, which is not imported).
const DEV_CLIENT: &str = "chartseal-devchain";
/// Of a node's words so many characters are kept.
const MESSAGE_LENGTH: usize = 200;

/// A connection to a node.
#[derive(Debug, Clone)]
pub struct Node(RpcClient);

impl Node {
    /// Takes the URL; nothing is asked yet.
    pub fn new(url: &str) -> Result<Self, LedgerError> {
        // The client asks for the process's TLS implementation even for plain
        // HTTP; whoever chose one first keeps it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let url = url
            .parse()
            .map_err(|_| LedgerError::Unreachable("the URL is not one"))?;
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .build()
            .map_err(|_| LedgerError::Unreachable("no HTTP client can be made"))?;
        Ok(Self(RpcClient::new_http_with_client(client, url)))
    }

    async fn ask<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, LedgerError> {
        let asked = async {
            let answer = self.0.request(method, params).await;
            answer.map_err(|error| explain(&error))
        };
        span::within(span::of_question(method), asked).await
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

    /// Number of the newest final block.
    pub async fn final_height(&self, rule: FinalityRule) -> Result<Option<u64>, LedgerError> {
        match rule {
            // Clients without finality answer with an error or with nothing.
            FinalityRule::Tag => {
                let block = self.block("finalized").await?;
                let block = block.ok_or(LedgerError::NoFinalBlock)?;
                Ok(Some(block.header.inner.number))
            }
            FinalityRule::Depth(depth) => Ok(self.block_number().await?.checked_sub(depth)),
            FinalityRule::Immediate => self.block_number().await.map(Some),
        }
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

    /// Hands in a signed transaction.
    pub async fn send(&self, raw: &[u8]) -> Result<(), LedgerError> {
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

/// The usual causes told apart; the client's own words can hold the URL, and with it a key.
fn unreachable(kind: &TransportErrorKind) -> &'static str {
    let TransportErrorKind::Custom(error) = kind else {
        return "the connection failed";
    };
    let mut next: Option<&(dyn Error + 'static)> = Some(&**error);
    while let Some(error) = next {
        next = error.source();
        let client = error.downcast_ref::<reqwest::Error>();
        if client.is_some_and(reqwest::Error::is_timeout) {
            return "no answer in time";
        }
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            return "nothing listens at its address";
        }
        if client.is_some() {
            continue;
        }
        let text = error.to_string();
        if text.contains("certificate") {
            return "its certificate is not believed; an authority of your own goes into the \
                    system's, or into SSL_CERT_FILE";
        }
        if text.contains("lookup") || text.contains("dns error") {
            return "its host's name is not known";
        }
    }
    "the connection failed"
}

fn explain(error: &TransportError) -> LedgerError {
    if let Some(payload) = error.as_error_resp() {
        let message = payload.message.to_lowercase();
        if message.contains("nonce too low") || message.contains("nonce below") {
            return LedgerError::NonceUsed;
        }
        // Geth, Besu and others word it alike ("insufficient funds for gas * price + value",
        // "Upfront cost exceeds account balance").
        if message.contains("insufficient funds") || message.contains("exceeds account balance") {
            return LedgerError::NoFunds;
        }
        // geth and anvil ("gas required exceeds allowance"), Besu and others.
        let beyond = [
            "gas required exceeds",
            "exceeds block gas limit",
            "out of gas",
        ];
        if beyond.iter().any(|words| message.contains(words)) {
            return LedgerError::TooMuchGas;
        }
        if let Some(data) = payload.as_revert_data() {
            return LedgerError::Refused(registry::refusal(&data));
        }
        return LedgerError::Rejected {
            code: payload.code,
            message: payload.message.chars().take(MESSAGE_LENGTH).collect(),
        };
    }
    match error {
        TransportError::Transport(TransportErrorKind::HttpError(answer)) => {
            LedgerError::Http(answer.status)
        }
        TransportError::Transport(kind) => LedgerError::Unreachable(unreachable(kind)),
        _ => LedgerError::Strange(
            "its form is not that of Ethereum, so something else may answer in its place",
        ),
    }
}
