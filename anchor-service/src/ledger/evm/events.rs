//! The registry's events of anchors, read back from a block in bounded ranges, because
//! nodes bound what they answer at once.

use super::{registry::AnchorRegistry, rpc::node::Node, rpc::rules};
use crate::ledger::{Anchored, EventCursor, EventPage, LedgerError, TimedAnchor};
use alloy::{
    primitives::{Address, B256, U256},
    rpc::types::{Filter, Log},
    sol_types::SolEvent as _,
};
use model::{Digest, LogId};

/// The events of one registry.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a> {
    /// Whom to ask.
    pub node: &'a Node,
    /// The contract.
    pub registry: Address,
}

impl Events<'_> {
    /// All anchors.
    fn all(&self) -> Filter {
        Filter::new()
            .address(self.registry)
            .event_signature(AnchorRegistry::Anchored::SIGNATURE_HASH)
    }

    /// The anchors of a log.
    pub fn of(&self, log: LogId) -> Filter {
        self.all().topic1(B256::new(*log.as_bytes()))
    }

    /// The anchors of a log that have these numbers.
    pub fn numbered(&self, log: LogId, seqs: &[u64]) -> Filter {
        let topics: Vec<B256> = seqs.iter().map(|seq| U256::from(*seq).into()).collect();
        self.of(log).topic2(topics)
    }

    /// The anchors in one block, as most nodes have them that have the block.
    pub async fn in_block(self, number: u64) -> Result<Vec<Anchored>, LedgerError> {
        const WHAT: &str = "the registry's events in a block";
        let registry = self.registry;
        let own = move |node: Node| async move {
            let node = &node;
            Events { node, registry }.own_in_block(number).await
        };
        let verdict = self.node.by_most(WHAT, own).await?;
        let block_of = |_: &Vec<Anchored>| Some(number);
        self.node.expose(WHAT, verdict.others, block_of, own).await;
        Ok(verdict.answer)
    }

    async fn own_in_block(self, number: u64) -> Result<Vec<Anchored>, LedgerError> {
        let block = self.node.block(&format!("{number:#x}")).await?;
        let block = block.ok_or(LedgerError::Strange("it has not the block"))?;
        let filter = self.all().from_block(number).to_block(number);
        let logs = self.node.logs(&filter).await?;
        let found: Result<Vec<_>, _> = logs
            .iter()
            .map(|log| event(log).map(|event| event.anchored))
            .collect();
        let mut found = found?;
        found.retain(|event| event.block_hash == block.header.hash.0);
        Ok(found)
    }

    /// What stands in one range of blocks, as most nodes have it; as far back as all of them
    /// look at once.
    pub async fn agreed_page(
        self,
        filter: &Filter,
        at: EventCursor,
    ) -> Result<EventPage, LedgerError> {
        let registry = self.registry;
        let page = |node: Node| {
            let filter = filter.clone();
            async move {
                let node = &node;
                Events { node, registry }.page(&filter, at).await
            }
        };
        let configured = self.node.configured();
        let common = |said: &[_]| common(said, configured);
        let said = self.node.of_enough(page, |said| common(said).is_some());
        let said = said.await?;
        common(&said).ok_or_else(|| self.node.differ("the registry's events", &said))
    }

    /// Goes back until there is enough, or the log's first anchor, or no block. Gives the
    /// oldest first.
    ///
    /// # Errors
    /// When the node does not answer, or after `most` answers.
    pub async fn scan(
        self,
        filter: Filter,
        mut from: EventCursor,
        most: u32,
        enough: impl Fn(&[TimedAnchor]) -> bool,
    ) -> Result<Vec<TimedAnchor>, LedgerError> {
        let mut found = Vec::new();
        for _ in 0..most {
            let page = self.page(&filter, from).await?;
            found.extend(page.events);
            let begun = found
                .last()
                .is_some_and(|first: &TimedAnchor| first.anchored.seq == 1);
            let older = page.older.filter(|_| !begun && !enough(&found));
            let Some(older) = older else {
                found.reverse();
                return in_order(found);
            };
            from = older;
        }
        Err(LedgerError::ShortRanges(from.range))
    }

    /// What stands in one range of blocks.
    pub async fn page(
        self,
        filter: &Filter,
        mut at: EventCursor,
    ) -> Result<EventPage, LedgerError> {
        loop {
            let asked = filter.clone().from_block(at.first()).to_block(at.block);
            match self.node.logs(&asked).await {
                // Too many blocks or too many events for one answer.
                Err(error @ LedgerError::Rejected { .. }) => at = at.halved().ok_or(error)?,
                answered => {
                    let logs = answered?;
                    let events: Result<_, _> = logs.iter().rev().map(event).collect();
                    return Ok(EventPage {
                        events: events?,
                        older: at.older(logs.is_empty()),
                    });
                }
            }
        }
    }
}

/// What most say of the blocks that all of these have looked at.
fn common(said: &[(Node, EventPage)], configured: usize) -> Option<EventPage> {
    let older = said.iter().filter_map(|(_, page)| page.older);
    let older = older.max_by_key(|older| older.block);
    let is_within =
        |event: &&TimedAnchor| older.is_none_or(|older| event.anchored.block > older.block);
    let cut = |(_, page): &(Node, EventPage)| EventPage {
        events: page.events.iter().filter(is_within).copied().collect(),
        older,
    };
    let pages: Vec<_> = said.iter().map(cut).collect();
    rules::said_by_most(&pages, configured).cloned()
}

fn in_order(found: Vec<TimedAnchor>) -> Result<Vec<TimedAnchor>, LedgerError> {
    if found.is_sorted_by(|a, b| a.anchored.seq < b.anchored.seq) {
        Ok(found)
    } else {
        Err(LedgerError::Strange("anchors out of order"))
    }
}

fn event(log: &Log) -> Result<TimedAnchor, LedgerError> {
    let strange = || LedgerError::Strange("an event of the registry");
    let event = AnchorRegistry::Anchored::decode_log(&log.inner).map_err(|_| strange())?;
    let (Some(transaction), Some(block), Some(hash)) =
        (log.transaction_hash, log.block_number, log.block_hash)
    else {
        return Err(strange());
    };
    Ok(TimedAnchor {
        anchored: Anchored {
            log_id: LogId::new(event.logId.0),
            seq: event.seq,
            size: event.size,
            root: Digest::new(event.root.0),
            transaction: transaction.0,
            block,
            block_hash: hash.0,
        },
        time: event.time,
    })
}
