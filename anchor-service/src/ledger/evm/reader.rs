//! What a verifier reads from a node of its own choice: the final anchors of a log, out
//! of the registry's events.

use super::{
    closings,
    events::Events,
    registry::{self, Version},
    rpc::endpoint::RpcNodes,
    rpc::node::Node,
};
use crate::ledger::{ClosedEvent, EventCursor, FinalityRule, LedgerError, TimedAnchor};
use alloy::{primitives::Address, rpc::types::Filter};
use model::{Digest, LogId};

/// Answers to one search. The verifier waits for it, and reads back until it finds its event.
const MAX_ANSWERS: u32 = 1_000_000;

/// A final anchor as the registry told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorEvent {
    /// Number of the anchor, from 1.
    pub seq: u64,
    /// Leaves under the root.
    pub size: u64,
    /// Root of the log at that size.
    pub root: Digest,
    /// Time of its block, seconds since 1970.
    pub time: u64,
}

/// A registry behind a node.
#[derive(Debug)]
pub struct RegistryReader {
    node: Node,
    registry: Address,
    version: Version,
    chain_id: u64,
    /// The newest final block.
    last: u64,
}

impl RegistryReader {
    /// Connects, makes sure of the contract, and asks how far the chain is final.
    ///
    /// # Errors
    /// When the node does not answer, has no final block, or has another contract there.
    pub async fn connect(
        nodes: impl Into<RpcNodes>,
        registry: [u8; 20],
        rule: FinalityRule,
    ) -> Result<Self, LedgerError> {
        let (node, registry) = (Node::new(&nodes.into())?, Address::new(registry));
        let chain_id = node.chain_id().await?;
        let version = registry::check(&node.code(registry).await?, registry)?;
        let last = node.final_height(rule).await?;
        let last = last.ok_or(LedgerError::Strange("it has no final block"))?;
        Ok(Self {
            node,
            registry,
            version,
            chain_id,
            last,
        })
    }

    /// Number of the chain.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The newest final anchors of a log, at most `most`, the oldest first and without a
    /// gap.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn newest(&self, log: LogId, most: usize) -> Result<Vec<AnchorEvent>, LedgerError> {
        let enough = |found: &[TimedAnchor]| found.len() >= most;
        let mut found = self.scan(self.events().of(log), enough).await?;
        found.drain(..found.len().saturating_sub(most));
        Ok(found)
    }

    /// The final anchors among these numbers.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn find(&self, log: LogId, seqs: &[u64]) -> Result<Vec<AnchorEvent>, LedgerError> {
        let filter = self.events().numbered(log, seqs);
        self.scan(filter, |found| found.len() >= seqs.len()).await
    }

    /// Whether a log is closed by the newest block. That it was is never taken back, and
    /// one who verifies is better told too early.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn closed(&self, log: LogId) -> Result<Option<ClosedEvent>, LedgerError> {
        match self.version {
            Version::One => Ok(None),
            Version::Two => closings::of(&self.node, self.registry, log).await,
        }
    }

    const fn events(&self) -> Events<'_> {
        Events {
            node: &self.node,
            registry: self.registry,
        }
    }

    /// Goes back from the newest final block.
    async fn scan(
        &self,
        filter: Filter,
        enough: impl Fn(&[TimedAnchor]) -> bool,
    ) -> Result<Vec<AnchorEvent>, LedgerError> {
        let from = EventCursor::from_block(self.last);
        let found = self
            .events()
            .scan(filter, from, MAX_ANSWERS, enough)
            .await?;
        Ok(found.iter().map(told).collect())
    }
}

const fn told(event: &TimedAnchor) -> AnchorEvent {
    AnchorEvent {
        seq: event.anchored.seq,
        size: event.anchored.size,
        root: event.anchored.root,
        time: event.time,
    }
}
