//! Watches anchors until their block is final, then stores the chain evidence.
//!
//! At every rung the block's hash is compared with the chain's at that height.
//! A block that was reorganised away sends its anchors back to *Posted*, and
//! the poster broadcasts the same bytes again.

use crate::{
    failure::StepError,
    ledger::{Block, Evidence, FinalityRule, Inclusion, Ledger, LedgerError},
    log::{journal::Journal, left_out::LeftOut, standing::BecomingFinal},
    service::span,
};
use model::{AnchorState, FacilityName, LogId};
use std::{fmt, io, sync::Arc};
use store::{Anchor, LogRowId, Post};

/// Told of anchors before anybody can see them as final. An error leaves them as they
/// are, and they are told of again.
pub type Herald = dyn Fn(&[BecomingFinal]) -> io::Result<()> + Send + Sync;

/// What became of the anchors of a transaction.
#[derive(Debug, Default)]
struct Carried {
    /// The logs whose anchor stands in the block.
    standing: Vec<LogRowId>,
    /// The anchors that do not, by log and number.
    others: Vec<(LogId, u64)>,
    /// Whether one of these is not final yet.
    is_news: bool,
}

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
        let (mut finalized, mut left_out) = (0, LeftOut::default());
        for (post, inclusion) in &posts {
            let due = height.is_some_and(|height| inclusion.block <= height);
            if !due && !shaken && post.id != newest {
                continue;
            }
            match self.follow(post, *inclusion, due).await {
                Ok(is_final) => finalized += u64::from(is_final),
                Err(error) => self.leave_out(&mut left_out, post, error).await?,
            }
        }
        left_out.end(finalized)
    }

    /// Looks at one; whether it became final.
    async fn follow(
        &self,
        post: &Post,
        inclusion: Inclusion,
        due: bool,
    ) -> Result<bool, StepError> {
        let span = || span::of_transaction("finality", post.new.tx_hash, Some(inclusion.block));
        let block = self.ledger.block(inclusion.block).await?;
        let Some(block) = block.filter(|block| block.hash == inclusion.block_hash) else {
            span::within(span(), self.find_again(post, inclusion)).await?;
            return Ok(false);
        };
        if !due {
            return Ok(false);
        }
        let carried = self.carried(post, inclusion).await?;
        if !carried.others.is_empty() && carried.standing.is_empty() {
            // None stands there: the transaction may be elsewhere by now.
            let again = span::within(span(), self.find_again(post, inclusion)).await;
            return match again {
                Err(StepError::Ledger(LedgerError::NoReceipt(_))) => {
                    Err(self.not_there(&carried.others).await?)
                }
                again => again.map(|()| false),
            };
        }
        if carried.is_news || carried.others.is_empty() {
            let logs = carried.standing;
            span::within(span(), self.finalize(post, inclusion, block, logs)).await?;
        }
        if carried.others.is_empty() {
            Ok(true)
        } else {
            Err(self.not_there(&carried.others).await?)
        }
    }

    /// What holds up one transaction holds up no other.
    async fn leave_out(
        &self,
        left_out: &mut LeftOut,
        post: &Post,
        error: StepError,
    ) -> Result<(), StepError> {
        let carried = match self.journal.anchors_of(std::slice::from_ref(post)).await {
            Err(unread) => return left_out.note_row(unread),
            Ok(carried) => carried,
        };
        let first = carried.first().map(|(log_id, _)| *log_id);
        match self.owner(first).await? {
            Some(facility) => left_out.note(&facility, error),
            None => Err(error),
        }
    }

    /// The error of anchors whose events are not there.
    async fn not_there(&self, others: &[(LogId, u64)]) -> Result<StepError, StepError> {
        let (log_id, seq) = others.first().copied().unzip();
        let (facility, seq) = (self.owner(log_id).await?, seq.unwrap_or(0));
        Ok(match facility {
            Some(facility) => StepError::OtherAnchor { facility, seq },
            None => LedgerError::NoEvent(seq).into(),
        })
    }

    async fn owner(&self, log_id: Option<LogId>) -> Result<Option<FacilityName>, StepError> {
        let logs = self.journal.all_logs().await?;
        let log = logs.into_iter().find(|log| Some(log.log_id) == log_id);
        Ok(log.map(|log| log.facility))
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

    /// Which of the anchors of a transaction stand in this block by the registry's events. A
    /// row that somebody changed holds up its own log, not those that went with it.
    async fn carried(&self, post: &Post, inclusion: Inclusion) -> Result<Carried, StepError> {
        let events = self.ledger.anchored_in(inclusion.block).await?;
        let rows = self.journal.anchors_of(std::slice::from_ref(post)).await?;
        let is_final = |state: &AnchorState| matches!(state, AnchorState::Finalized { .. });
        let mut carried = Carried::default();
        for (log_id, Anchor { new, state, .. }) in rows {
            let stands = events.iter().any(|event| {
                (event.transaction, event.block_hash) == (post.new.tx_hash, inclusion.block_hash)
                    && (event.log_id, event.seq) == (log_id, new.seq)
                    && (event.size, event.root) == (new.size, new.root)
            });
            if !stands {
                carried.others.push((log_id, new.seq));
                continue;
            }
            carried.standing.push(new.log);
            carried.is_news |= !is_final(&state);
        }
        Ok(carried)
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
        logs: Vec<LogRowId>,
    ) -> Result<(), StepError> {
        let evidence = self.evidence(post, inclusion).await?;
        if let Some(herald) = &self.herald {
            let finals = self.journal.becoming_final(post, logs.clone(), block.time);
            let finals = finals.await?;
            herald(&finals).map_err(|error| StepError::NotTold(error.kind()))?;
        }
        self.journal
            .finalized(post, logs, inclusion, block.time, evidence)
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
