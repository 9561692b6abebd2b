//! The registry's head of a log, and its events. What is posted, taken for mined and given up
//! rests on them, so they are no one node's word: most of the nodes must say the same.

use super::{events::Events, registry, rpc::node::Node};
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

    /// The head of a log, as most say. One that names a newer and does not show the event that
    /// made it, or shows one of a block in which most have none, is passed over.
    pub async fn agreed(self, log: LogId, at: &'static str) -> Result<Option<Head>, LedgerError> {
        let registry = self.registry;
        let head = move |node: Node| async move {
            let node = &node;
            Heads { node, registry }.at(log, at).await
        };
        let verdict = self.node.by_most("a log's newest anchor", head).await?;
        let is_claim = |said: &Option<Head>| said.filter(|said| is_beyond(*said, verdict.answer));
        for (node, said) in &verdict.others {
            let Some(claim) = is_claim(said) else {
                continue;
            };
            let event = Heads { node, registry }.own_event(log, claim.seq).await;
            let block = match event {
                Ok(Some(event)) if made(event, claim) => event.block,
                // One that cannot show it, for whatever reason, is not believed.
                _ => {
                    node.pass_over(&LedgerError::NoEvent(claim.seq));
                    continue;
                }
            };
            if !self.node.can_judge(block).await {
                continue;
            }
            // It may only have been the first to know.
            let again = self.node.by_most("a log's newest anchor", head).await;
            if again.is_ok_and(|again| is_beyond(claim, again.answer)) {
                node.pass_over(&LedgerError::NoEvent(claim.seq));
            }
        }
        Ok(verdict.answer)
    }

    /// The event of one anchor; `None` where the node shows none.
    async fn own_event(self, log: LogId, seq: u64) -> Result<Option<Anchored>, LedgerError> {
        let (node, registry) = (self.node, self.registry);
        let from = EventCursor::with_range(node.block_number().await?, RECENT);
        let events = Events { node, registry };
        let filter = events.numbered(log, &[seq]);
        let found = events.scan(filter, from, MAX_ANSWERS, |found| !found.is_empty());
        Ok(found.await?.first().map(|event| event.anchored))
    }

    /// The same, as most of the nodes show it. One that shows another is passed over.
    pub async fn event(self, log: LogId, seq: u64) -> Result<Option<Anchored>, LedgerError> {
        const WHAT: &str = "an event of the registry";
        let registry = self.registry;
        let event = move |node: Node| async move {
            let node = &node;
            Heads { node, registry }.own_event(log, seq).await
        };
        let verdict = self.node.by_most(WHAT, event).await?;
        if verdict.answer.is_some() {
            let others = verdict.others.iter().filter(|(_, other)| other.is_some());
            others.for_each(|(node, _)| node.pass_over(&LedgerError::Denied(WHAT)));
        }
        Ok(verdict.answer)
    }
}

/// Whether a head says that there is more than another.
fn is_beyond(head: Head, other: Option<Head>) -> bool {
    other.is_none_or(|other| {
        (head.seq, head.size) > (other.seq, other.size)
            || (head.seq == other.seq && head.root != other.root)
    })
}

fn made(event: Anchored, head: Head) -> bool {
    (event.seq, event.size, event.root) == (head.seq, head.size, head.root)
}
