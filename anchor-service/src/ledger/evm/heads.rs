//! The registry's head of a log. Alarms rest on it, so it is not one node's word: all that
//! are asked must say the same, or the registry's own event must, or else most of them.

use super::{events::Events, node::Node, registry, rules};
use crate::ledger::{Anchored, EventCursor, Head, LedgerError};
use alloy::primitives::Address;
use model::LogId;

/// Blocks in which an anchor is looked for first: mostly it is of just now.
const RECENT: u64 = 64;
/// Answers to a search for an event: at a node that answers for 1,000 blocks at once they
/// reach back over two million.
const MAX_ANSWERS: u32 = 4_096;

/// The heads that a registry holds.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// Whom to ask.
    pub node: &'a Node,
    /// The contract.
    pub registry: Address,
}

impl Heads<'_> {
    /// The head of a log by a block's number or tag, as one node says.
    pub async fn at(self, log: LogId, at: &str) -> Result<Option<Head>, LedgerError> {
        let call = registry::head_call(log);
        let answer = self.node.call(self.registry, call, at).await?;
        // What a call to an address without code gives.
        if answer.is_empty() {
            return Err(LedgerError::NoRegistry(format!("{:#x}", self.registry)));
        }
        registry::head_answer(&answer)
    }

    /// The head of a log: what all say, or else the newest of those whose node shows the
    /// event that made it, or else what most say; the other nodes lag or are wrong.
    pub async fn agreed(self, log: LogId, at: &'static str) -> Result<Option<Head>, LedgerError> {
        let registry = self.registry;
        let head = move |node: Node| async move {
            let node = &node;
            Heads { node, registry }.at(log, at).await
        };
        let mut said = self.node.of_each(head).await?;
        said.sort_by_key(|(_, head)| head.map_or(0, |head| head.seq));
        let heads: Vec<_> = said.iter().map(|(_, head)| *head).collect();
        let newest = heads.last().copied().flatten();
        if heads.iter().all(|head| *head == newest) {
            return Ok(newest);
        }
        for (node, head) in said.iter().rev() {
            let Some(head) = head else { continue };
            // One that cannot show it, for whatever reason, is not believed.
            let event = Heads { node, registry }.event(log, head.seq).await;
            if matches!(event, Ok(Some(event)) if made(event, *head)) {
                return Ok(Some(*head));
            }
            node.pass_over(&LedgerError::NoEvent(head.seq));
        }
        // None shows an event: without most of the nodes an anchor that was made is not
        // believed to be gone, nor one that never was to be there.
        let most = rules::said_by_most(&heads, self.node.configured());
        most.copied()
            .ok_or(LedgerError::NodesDiffer("a log's newest anchor"))
    }

    /// The event of one anchor; `None` where the node shows none.
    pub async fn event(self, log: LogId, seq: u64) -> Result<Option<Anchored>, LedgerError> {
        let (node, registry) = (self.node, self.registry);
        let from = EventCursor::with_range(node.block_number().await?, RECENT);
        let events = Events { node, registry };
        let filter = events.numbered(log, &[seq]);
        let found = events.scan(filter, from, MAX_ANSWERS, |found| !found.is_empty());
        Ok(found.await?.first().map(|event| event.anchored))
    }

    /// The same, when more than half of the nodes show it, counting those that cannot.
    pub async fn event_of_most(
        self,
        log: LogId,
        seq: u64,
    ) -> Result<Option<Anchored>, LedgerError> {
        let registry = self.registry;
        let event = move |node: Node| async move {
            let node = &node;
            Heads { node, registry }.event(log, seq).await
        };
        let said = self.node.of_each(event).await?;
        let events: Vec<_> = said.iter().map(|(_, event)| *event).collect();
        let most = rules::said_by_most(&events, self.node.configured());
        let most = most.copied().flatten();
        if most.is_none() {
            // Or one that lies would go on holding up the log.
            for (node, _) in said.iter().filter(|(_, event)| event.is_some()) {
                node.pass_over(&LedgerError::NoEvent(seq));
            }
        }
        Ok(most)
    }
}

fn made(event: Anchored, head: Head) -> bool {
    (event.seq, event.size, event.root) == (head.seq, head.size, head.root)
}
