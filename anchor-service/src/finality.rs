//! Watches anchors until their block is final, then stores the chain evidence.
//!
//! At every rung the block's hash is compared with the chain's at that height.
//! A block that was reorganised away sends its anchors back to *Posted*, and
//! the poster broadcasts the same bytes again.

use crate::{
    failure::StepError,
    journal::Journal,
    ledger::{Block, Evidence, FinalityRule, Inclusion, Ledger, LedgerError},
    span,
};
use model::{Digest, LogId, Timestamp};
use std::{fmt, io, sync::Arc};
use store::Post;

/// An anchor whose block is final, before the store says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BecomingFinal {
    /// Which log.
    pub log_id: LogId,
    /// Number of the anchor.
    pub seq: u64,
    /// Leaves under the root.
    pub size: u64,
    /// Root of the log at that size.
    pub root: Digest,
    /// Time of its block.
    pub time: Timestamp,
}

/// Told of anchors before anybody can see them as final. An error leaves them as they
/// are, and they are told of again.
pub type Herald = dyn Fn(&[BecomingFinal]) -> io::Result<()> + Send + Sync;

/// Follows all posts that stand in blocks.
pub(crate) struct Finality<L> {
    journal: Journal,
    ledger: Arc<L>,
    rule: FinalityRule,
    herald: Option<Arc<Herald>>,
}

impl<L> fmt::Debug for Finality<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Finality({:?})", self.rule)
    }
}

impl<L: Ledger> Finality<L> {
    pub(crate) const fn new(journal: Journal, ledger: Arc<L>, rule: FinalityRule) -> Self {
        Self {
            journal,
            ledger,
            rule,
            herald: None,
        }
    }

    pub(crate) fn tell(&mut self, herald: Arc<Herald>) {
        self.herald = Some(herald);
    }

    /// Looks at the posts in blocks; gives the number that became final.
    pub(crate) async fn step(&self) -> Result<u64, StepError> {
        let posts = self.journal.in_blocks().await?;
        let Some((newest, _)) = posts.last() else {
            return Ok(0);
        };
        // While the newest block stands, so do those below it that it was built
        // on. The others are looked at too before they count as final.
        let newest = newest.id;
        let shaken = self.has_moved(posts.last()).await?;
        let blocks = posts.iter().map(|(_, inclusion)| inclusion.block);
        let height = self.height(blocks.min()).await?;
        let mut finalized = 0;
        for (post, inclusion) in &posts {
            let due = height.is_some_and(|height| inclusion.block <= height);
            if !due && !shaken && post.id != newest {
                continue;
            }
            let span = || span::of_transaction("finality", post.new.tx_hash, Some(inclusion.block));
            match self.ledger.block(inclusion.block).await? {
                Some(block) if block.hash == inclusion.block_hash => {
                    if due && self.stands(post, *inclusion).await? {
                        span::within(span(), self.finalize(post, *inclusion, block)).await?;
                        finalized += 1;
                    } else if due {
                        span::within(span(), self.find_again(post, *inclusion)).await?;
                    }
                }
                _ => span::within(span(), self.find_again(post, *inclusion)).await?,
            }
        }
        Ok(finalized)
    }

    /// How far the chain is final. What becomes final here stays so, and must not by one
    /// wrong answer: where it makes anything so, the question is asked twice.
    async fn height(&self, oldest: Option<u64>) -> Result<Option<u64>, StepError> {
        let height = self.ledger.final_height(self.rule).await?;
        if height < oldest {
            return Ok(height);
        }
        Ok(height.min(self.ledger.final_height(self.rule).await?))
    }

    /// Whether the registry's events in the block are those of this transaction's anchors.
    async fn stands(&self, post: &Post, inclusion: Inclusion) -> Result<bool, StepError> {
        let events = self.ledger.anchored_in(inclusion.block).await?;
        let carried = self.journal.anchors_of(std::slice::from_ref(post)).await?;
        Ok(carried.iter().all(|(log_id, new)| {
            events.iter().any(|event| {
                (event.transaction, event.block_hash) == (post.new.tx_hash, inclusion.block_hash)
                    && (event.log_id, event.seq) == (*log_id, new.seq)
                    && (event.size, event.root) == (new.size, new.root)
            })
        }))
    }

    async fn has_moved(&self, newest: Option<&(Post, Inclusion)>) -> Result<bool, StepError> {
        let Some((_, inclusion)) = newest else {
            return Ok(false);
        };
        let block = self.ledger.block(inclusion.block).await?;
        Ok(block.is_none_or(|block| block.hash != inclusion.block_hash))
    }

    /// The block is gone: the transaction is in another one, or in none.
    async fn find_again(&self, post: &Post, before: Inclusion) -> Result<(), StepError> {
        match self.ledger.inclusion(post.new.tx_hash).await? {
            // The receipt is there, and the block or its events are not.
            Some(now) if now == before => Err(LedgerError::NoReceipt(post.new.nonce).into()),
            Some(now) if now.succeeded => {
                tracing::warn!(
                    from = before.block,
                    to = now.block,
                    "an anchor moved by a reorg"
                );
                self.journal.mined(post, now).await
            }
            // Also when it failed in its new block: the poster sees to that.
            _ => {
                tracing::warn!(block = before.block, "an anchor was lost by a reorg");
                self.journal.unmined(post).await
            }
        }
    }

    async fn finalize(
        &self,
        post: &Post,
        inclusion: Inclusion,
        block: Block,
    ) -> Result<(), StepError> {
        let evidence = self.evidence(post, inclusion).await?;
        if let Some(herald) = &self.herald {
            let finals = self.journal.becoming_final(post, block.time).await?;
            herald(&finals).map_err(|error| StepError::NotTold(error.kind()))?;
        }
        self.journal
            .finalized(post, inclusion, block.time, evidence)
            .await
    }

    /// Evidence is taken now, for later the node may have it no more. A node
    /// that cannot give it must not hold up finality; one that is only away is
    /// asked again at the next step.
    async fn evidence(
        &self,
        post: &Post,
        inclusion: Inclusion,
    ) -> Result<Option<Evidence>, StepError> {
        match self.ledger.evidence(post.new.tx_hash, inclusion).await {
            Ok(evidence) => Ok(Some(evidence)),
            Err(error @ (LedgerError::Unreachable(_) | LedgerError::Http(_))) => Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, block = inclusion.block, "an anchor has no evidence");
                Ok(None)
            }
        }
    }
}
