//! What the registry's admin does: deploy, grant, revoke, close. Used by `demo` and by
//! the command line; the running service has no such key.

use super::{
    fees::Fees,
    key::SubmitterKey,
    registry::{self, Version},
    rpc::endpoint::RpcNodes,
    rpc::node::{LATEST, Node},
    transaction::Draft,
};
use crate::ledger::{ClosingReason, LedgerError};
use alloy::{
    primitives::{Address, B256, Bytes, TxKind},
    rpc::types::TransactionReceipt,
    sol_types::SolCall,
};
use model::LogId;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(200);
/// Looks for a receipt; about a minute.
const LOOKS: u32 = 300;

/// The admin of a registry, or of one to come.
#[derive(Debug)]
pub struct RegistryAdmin {
    node: Node,
    chain_id: u64,
    key: SubmitterKey,
    fees: Fees,
}

impl RegistryAdmin {
    /// Connects and makes sure of the chain.
    ///
    /// # Errors
    /// When the node does not answer or serves another chain.
    pub async fn connect(
        nodes: impl Into<RpcNodes>,
        chain_id: u64,
        key: SubmitterKey,
    ) -> Result<Self, LedgerError> {
        let node = Node::new(&nodes.into())?;
        let found = node.chain_id().await?;
        if found != chain_id {
            return Err(LedgerError::ForeignChain {
                expected: chain_id,
                found,
            });
        }
        Ok(Self {
            node,
            chain_id,
            key,
            fees: Fees::default(),
        })
    }

    /// Pays for gas within these bounds.
    #[must_use]
    pub const fn paying(mut self, fees: Fees) -> Self {
        self.fees = fees;
        self
    }

    /// Deploys a registry whose admin is this key's account.
    ///
    /// # Errors
    /// When the chain refuses or does not answer in a minute.
    pub async fn deploy(&self) -> Result<[u8; 20], LedgerError> {
        let code = registry::creation_code(self.key.address())?;
        let receipt = self.send(TxKind::Create, code).await?;
        receipt
            .contract_address
            .map(|address| address.0.0)
            .ok_or(LedgerError::Strange("the receipt names no contract"))
    }

    /// Makes sure that the registry which this release knows is at an address: a call to
    /// an address without code succeeds.
    ///
    /// # Errors
    /// When nothing or something else is there.
    pub async fn check(&self, registry: [u8; 20]) -> Result<Version, LedgerError> {
        let address = Address::new(registry);
        registry::check(&self.node.code(address).await?, address)
    }

    /// Lets a submitter anchor a log.
    ///
    /// # Errors
    /// When this key is not the admin's, or the chain does not answer.
    pub async fn grant(
        &self,
        registry: [u8; 20],
        log: LogId,
        submitter: [u8; 20],
    ) -> Result<(), LedgerError> {
        let call = registry::AnchorRegistry::grantCall {
            logId: B256::new(*log.as_bytes()),
            submitter: Address::new(submitter),
        };
        self.call(registry, call.abi_encode()).await
    }

    /// Takes the right back.
    ///
    /// # Errors
    /// When this key is not the admin's, or the chain does not answer.
    pub async fn revoke(
        &self,
        registry: [u8; 20],
        log: LogId,
        submitter: [u8; 20],
    ) -> Result<(), LedgerError> {
        let call = registry::AnchorRegistry::revokeCall {
            logId: B256::new(*log.as_bytes()),
            submitter: Address::new(submitter),
        };
        self.call(registry, call.abi_encode()).await
    }

    /// Closes a log for good, and names the one that goes on in its place, or none yet.
    ///
    /// # Errors
    /// When the registry is of version 1, this key is not the admin's, the log is closed
    /// already, or the chain does not answer.
    pub async fn close(
        &self,
        registry: [u8; 20],
        log: LogId,
        successor: Option<LogId>,
        reason: ClosingReason,
    ) -> Result<(), LedgerError> {
        if self.check(registry).await? == Version::One {
            let name = format!("{:#x}", Address::new(registry));
            return Err(LedgerError::CannotClose(name));
        }
        let successor = successor.map_or(B256::ZERO, |log| B256::new(*log.as_bytes()));
        let call = registry::AnchorRegistry::closeCall {
            logId: B256::new(*log.as_bytes()),
            successor,
            reason: reason.number(),
        };
        self.call(registry, call.abi_encode()).await
    }

    async fn call(&self, registry: [u8; 20], input: Vec<u8>) -> Result<(), LedgerError> {
        let to = TxKind::Call(Address::new(registry));
        self.send(to, input.into()).await.map(drop)
    }

    async fn send(&self, to: TxKind, input: Bytes) -> Result<TransactionReceipt, LedgerError> {
        let account = self.key.address();
        let nonce = self.node.transaction_count(account, LATEST).await?;
        let draft = Draft {
            chain_id: self.chain_id,
            nonce,
            to,
            input,
        };
        let signed = draft.sign(&self.node, &self.key, &self.fees).await?;
        self.node.send(&signed.raw).await?;
        for _ in 0..LOOKS {
            if let Some(receipt) = self.node.receipt(B256::new(signed.hash)).await? {
                return if receipt.inner.status() {
                    Ok(receipt)
                } else {
                    Err(LedgerError::Refused(registry::refusal(&[])))
                };
            }
            tokio::time::sleep(POLL).await;
        }
        Err(LedgerError::Unreachable("no receipt within a minute"))
    }
}
