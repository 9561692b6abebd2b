//! What a verifier reads from a node of its own choice: the final anchors of a log, out
//! of the registry's events. Ranges are bounded and go back from the newest final
//! block, because nodes bound what they answer at once.

use super::{node::Node, registry};
use crate::ledger::{FinalityRule, LedgerError};
use alloy::{
    primitives::{Address, B256, U256},
    rpc::types::{Filter, Log},
    sol_types::SolEvent as _,
};
use model::{Digest, LogId};

/// Blocks in the first question; more while the answers are empty, fewer when the node
/// refuses.
const FIRST_RANGE: u64 = 1_000;
const LONGEST_RANGE: u64 = 1_000_000;

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
        rpc_url: &str,
        registry: [u8; 20],
        rule: FinalityRule,
    ) -> Result<Self, LedgerError> {
        let (node, registry) = (Node::new(rpc_url)?, Address::new(registry));
        let chain_id = node.chain_id().await?;
        registry::check(&node, registry).await?;
        let last = node.final_height(rule).await?;
        let last = last.ok_or(LedgerError::Strange("it has no final block"))?;
        Ok(Self {
            node,
            registry,
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
        let enough = |found: &[AnchorEvent]| found.len() >= most;
        let mut found = self.scan(self.filter(log), enough).await?;
        found.drain(..found.len().saturating_sub(most));
        Ok(found)
    }

    /// The final anchors of these numbers, as far as there are such.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn find(&self, log: LogId, seqs: &[u64]) -> Result<Vec<AnchorEvent>, LedgerError> {
        let topics: Vec<B256> = seqs.iter().map(|seq| U256::from(*seq).into()).collect();
        let filter = self.filter(log).topic2(topics);
        self.scan(filter, |found| found.len() >= seqs.len()).await
    }

    fn filter(&self, log: LogId) -> Filter {
        Filter::new()
            .address(self.registry)
            .event_signature(registry::AnchorRegistry::Anchored::SIGNATURE_HASH)
            .topic1(B256::new(*log.as_bytes()))
    }

    /// Goes back from the newest final block until there is enough, or the log's first
    /// anchor, or no block.
    async fn scan(
        &self,
        filter: Filter,
        enough: impl Fn(&[AnchorEvent]) -> bool,
    ) -> Result<Vec<AnchorEvent>, LedgerError> {
        let (mut found, mut to, mut range) = (Vec::new(), self.last, FIRST_RANGE);
        loop {
            let from = to.saturating_sub(range - 1);
            let asked = filter.clone().from_block(from).to_block(to);
            let logs = match self.node.logs(&asked).await {
                // Too many blocks or too many events for one answer.
                Err(LedgerError::Rejected { .. }) if range > 1 => {
                    range /= 2;
                    continue;
                }
                answered => answered?,
            };
            for log in logs.iter().rev() {
                found.push(event(log)?);
            }
            let begun = found
                .last()
                .is_some_and(|first: &AnchorEvent| first.seq == 1);
            if from == 0 || begun || enough(&found) {
                break;
            }
            to = from - 1;
            if logs.is_empty() {
                range = range.saturating_mul(2).min(LONGEST_RANGE);
            }
        }
        found.reverse();
        if found.is_sorted_by(|a, b| a.seq < b.seq) {
            Ok(found)
        } else {
            Err(LedgerError::Strange("anchors out of order"))
        }
    }
}

fn event(log: &Log) -> Result<AnchorEvent, LedgerError> {
    let event = registry::AnchorRegistry::Anchored::decode_log(&log.inner)
        .map_err(|_| LedgerError::Strange("an event of the registry"))?;
    Ok(AnchorEvent {
        seq: event.seq,
        size: event.size,
        root: Digest::new(event.root.0),
        time: event.time,
    })
}
