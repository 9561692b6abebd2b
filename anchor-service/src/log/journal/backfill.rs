//! The rows of anchors that were found on the chain.

use super::{Journal, Log, posts::new_post};
use crate::{
    failure::StepError,
    ledger::{Anchored, SentTransaction},
};
use model::{AnchorState, Digest, Timestamp};
use std::ops::Range;
use store::{Error, LogRowId, NewAnchor, PostState, Reader, Tx};

impl Journal {
    /// Numbers of anchors, at most `most`, that have no row, above `passed` and from `head`
    /// down to the newest that has one; the oldest first.
    pub(crate) async fn lacking(
        &self,
        log: &Log,
        Range {
            start: passed,
            end: head,
        }: Range<u64>,
        most: u64,
    ) -> Result<Vec<u64>, StepError> {
        let (log, moved_at) = (log.id, log.moved_at()?);
        let read = move |reader: &mut Reader| {
            let head_row = moved_at + head;
            if reader.anchors().find(log, head_row)?.is_some() {
                return Ok(Vec::new());
            }
            let below = reader.anchors().newest_below(log, head_row)?.unwrap_or(0);
            let below = below.saturating_sub(moved_at).max(passed);
            let last = head.min(below.saturating_add(most));
            Ok((below + 1..=last).collect())
        };
        Ok(self.read("anchors without a row", read).await?)
    }

    /// Whether an anchor, by the registry's number, has a row.
    pub(crate) async fn has_anchor(&self, log: &Log, seq: u64) -> Result<bool, StepError> {
        let (log, seq) = (log.id, log.moved_at()? + seq);
        let read = move |reader: &mut Reader| reader.anchors().find(log, seq);
        Ok(self.read("anchor", read).await?.is_some())
    }

    /// Whether a checkpoint of this size and root was signed.
    pub(crate) async fn has_checkpoint(
        &self,
        log: LogRowId,
        size: u64,
        root: Digest,
    ) -> Result<bool, StepError> {
        let read = move |reader: &mut Reader| reader.logs().checkpoint(log, size);
        let found = self.read("checkpoint of a size", read).await?;
        Ok(found.is_some_and(|checkpoint| checkpoint.root == root))
    }

    /// Stores an anchor that was found on the chain, with the transaction that made it.
    pub(crate) async fn taken(
        &self,
        chain_id: u64,
        log: &Log,
        found: Anchored,
        sent: SentTransaction,
    ) -> Result<(), StepError> {
        // When it was made is not known. As old as can be, it is sent again at once where a
        // reorganisation takes its block.
        let time = Timestamp::from_millis(0).map_err(|_| Error::Corrupt("time"))?;
        let new = new_post(chain_id, sent.submitter, &sent.signed, time);
        let (log, seq) = (log.id, log.moved_at()? + found.seq);
        let block = (found.block, found.block_hash);
        self.write("anchor taken from the chain", move |tx: &mut Tx| {
            let post = match tx.posts().of_hash(new.tx_hash)? {
                Some(post) => post.id,
                None => tx.posts().insert(&new)?,
            };
            tx.posts().set_state(post, PostState::Mined, Some(block))?;
            tx.anchors().insert(&NewAnchor {
                log,
                seq,
                size: found.size,
                root: found.root,
                post,
            })?;
            let (block, block_hash) = block;
            let next = AnchorState::Anchored { block, block_hash };
            tx.anchors().set_state(log, seq, &next)
        })
        .await?;
        Ok(())
    }
}
