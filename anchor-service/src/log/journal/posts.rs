//! The transactions around a post: each brings the rows of the ledger
//! transaction and of the anchors that it carries to the next state together.
//!
//! Transactions that share a nonce are attempts at one thing: they carry the
//! same anchors, and one of them at most is ever mined.

use super::Journal;
use crate::{
    failure::StepError,
    ledger::{Evidence, Extension, Inclusion, Ledger, LedgerError, SignedTransaction},
    log::standing::BecomingFinal,
};
use model::{AnchorState, LogId, Timestamp};
use store::{
    Access, Anchor, EachAnchor, Error, LogRowId, NewAnchor, NewPost, Post, PostState, Reader, Tx,
};

/// Under this name the database says which ledger its logs were anchored on first. It tells
/// that there was one, and decides nothing else.
pub(crate) const LEDGER: &str = "ledger";

/// Chain and registry as one word.
fn ledger_name<L: Ledger>(ledger: &L) -> String {
    format!("{}/0x{}", ledger.chain_id(), hex::encode(ledger.registry()))
}

impl Journal {
    /// The posts that are in no block: for each nonce its attempts, the newest
    /// last; nonces in order.
    pub(crate) async fn under_way(&self) -> Result<Vec<Vec<Post>>, StepError> {
        let under_way = self.read("posts under way", |reader| {
            let mut open = reader
                .posts()
                .list(&[PostState::Prepared, PostState::Broadcast])?;
            open.sort_by_key(|post| post.new.nonce);
            open.dedup_by(|a, b| a.new.nonce == b.new.nonce && a.new.submitter == b.new.submitter);
            open.iter()
                .map(|post| attempts(reader.posts(), &post.new))
                .collect()
        });
        Ok(under_way.await?)
    }

    /// The posts that are in blocks which are not final, the newest block last.
    pub(crate) async fn in_blocks(&self) -> Result<Vec<(Post, Inclusion)>, StepError> {
        let posts = self
            .read("posts in blocks", |r| r.posts().list(&[PostState::Mined]))
            .await?;
        let mut posts: Vec<_> = posts
            .into_iter()
            .filter_map(|post| {
                let (block, block_hash) = post.block?;
                Some((
                    post,
                    Inclusion {
                        block,
                        block_hash,
                        succeeded: true,
                    },
                ))
            })
            .collect();
        posts.sort_by_key(|(_, inclusion)| inclusion.block);
        Ok(posts)
    }

    /// Stores what is about to be broadcast, with the anchors that it carries.
    ///
    /// # Errors
    /// [`LedgerError::NonceTaken`] where an open transaction has the nonce: two that share one
    /// pass for attempts at one thing.
    pub(crate) async fn prepared<L: Ledger>(
        &self,
        ledger: &L,
        signed: &SignedTransaction,
        anchors: &[Extension],
        now: Timestamp,
    ) -> Result<(), StepError> {
        let new = new_post(ledger.chain_id(), ledger.submitter(), signed, now);
        let (anchors, name) = (anchors.to_vec(), ledger_name(ledger));
        let is_new = self.write("post", move |tx| {
            let same = attempts(tx.posts(), &new)?;
            if same.iter().any(|post| post.state != PostState::Replaced) {
                return Ok(false);
            }
            if tx.meta().find(LEDGER)?.is_none() {
                tx.meta().insert(LEDGER, &name)?;
            }
            let post = tx.posts().insert(&new)?;
            let logs = tx.logs().readable()?;
            let registries = tx.registries().find()?.shown()?;
            for anchor in &anchors {
                let log = logs.iter().find(|log| log.log_id == anchor.log_id);
                let log = log.ok_or(Error::Corrupt("log"))?.id;
                let moved_at = registries.last_seq(log);
                tx.anchors().insert(&NewAnchor {
                    log,
                    seq: moved_at + anchor.seq,
                    size: anchor.size,
                    root: anchor.root,
                    post,
                })?;
            }
            Ok(true)
        });
        if !is_new.await? {
            return Err(LedgerError::NonceTaken(signed.nonce).into());
        }
        self.counters.posted();
        Ok(())
    }

    /// Stores another attempt at a post, before it is broadcast.
    pub(crate) async fn replaced(
        &self,
        before: &Post,
        signed: &SignedTransaction,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let new = new_post(before.new.chain_id, before.new.submitter, signed, now);
        let before = before.id;
        self.write("replace post", move |tx| {
            tx.posts().set_state(before, PostState::Replaced, None)?;
            tx.posts().insert(&new).map(drop)
        })
        .await?;
        self.counters.replaced();
        Ok(())
    }

    /// A block holds this attempt. Its anchors are *Anchored*, whichever attempt
    /// they were stored with.
    pub(crate) async fn mined(&self, post: &Post, at: Inclusion) -> Result<(), StepError> {
        let post = post.clone();
        self.write("post mined", move |tx| {
            let next = AnchorState::Anchored {
                block: at.block,
                block_hash: at.block_hash,
            };
            for attempt in attempts(tx.posts(), &post.new)? {
                if attempt.id != post.id {
                    tx.posts()
                        .set_state(attempt.id, PostState::Replaced, None)?;
                }
                for EachAnchor { log, seq, anchor } in tx.anchors().each_of_post(attempt.id)? {
                    let Ok(seq) = u64::try_from(seq) else {
                        continue;
                    };
                    // One that cannot be read is followed once its row is right again.
                    if anchor.is_ok() {
                        tx.anchors().set_state(log, seq, &next)?;
                    }
                    tx.anchors().set_post(log, seq, post.id)?;
                }
            }
            tx.posts()
                .set_state(post.id, PostState::Mined, Some((at.block, at.block_hash)))
        })
        .await?;
        Ok(())
    }

    /// No block holds this post any more: its anchors are *Posted* again.
    pub(crate) async fn unmined(&self, post: &Post) -> Result<(), StepError> {
        let post = post.id;
        self.write("post unmined", move |tx| {
            for Anchor { new, .. } in readable(tx.anchors().each_of_post(post)?) {
                tx.anchors()
                    .set_state(new.log, new.seq, &AnchorState::Posted)?;
            }
            tx.posts().set_state(post, PostState::Prepared, None)
        })
        .await?;
        Ok(())
    }

    /// None of the attempts can take effect. Their anchors never were on the
    /// ledger, so their rows go, and their numbers are free again.
    pub(crate) async fn failed(&self, post: &Post) -> Result<(), StepError> {
        let post = post.clone();
        self.write("post failed", move |tx| {
            for attempt in attempts(tx.posts(), &post.new)? {
                tx.anchors().remove_of_post(attempt.id)?;
                tx.posts().set_state(attempt.id, PostState::Failed, None)?;
            }
            Ok(())
        })
        .await?;
        self.counters.failed();
        Ok(())
    }

    /// The anchors that these attempts at one thing carry, each with its log, by the
    /// registry's numbers. Those whose rows, or their log's, cannot be read are left out.
    ///
    /// # Errors
    /// Also when no other is left.
    pub(crate) async fn anchors_of(
        &self,
        attempts: &[Post],
    ) -> Result<Vec<(LogId, Anchor)>, StepError> {
        let posts: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
        let read = move |reader: &mut Reader| {
            let (mut carried, mut unread) = (Vec::new(), None);
            let registries = reader.registries().find()?.shown()?;
            for post in posts {
                for EachAnchor { log, anchor, .. } in reader.anchors().each_of_post(post)? {
                    let (mut anchor, log) = match (anchor, reader.logs().get(log)) {
                        (Err(error), _) | (_, Err(error @ Error::Corrupt(_))) => {
                            unread = Some((log, error));
                            continue;
                        }
                        (Ok(anchor), log) => (anchor, log?.ok_or(Error::Corrupt("log"))?),
                    };
                    let new = &mut anchor.new;
                    new.seq -= registries.last_seq(new.log).min(new.seq);
                    carried.push((log.log_id, anchor));
                }
            }
            Ok((carried, unread))
        };
        match self.read("anchors of a post", read).await? {
            (carried, Some((log, error))) if carried.is_empty() => {
                let mut logs = self.all_logs().await?.into_iter();
                let facility = logs.find(|one| one.id == log).map(|log| log.facility);
                let error = StepError::from(error);
                Err(facility.map_or(error.clone(), |facility| error.of_log(&facility)))
            }
            (carried, _) => Ok(carried),
        }
    }

    /// The anchors of a post whose block is final, of these logs, before they are so here.
    pub(crate) async fn becoming_final(
        &self,
        post: &Post,
        logs: Vec<LogRowId>,
        time: Timestamp,
    ) -> Result<Vec<BecomingFinal>, StepError> {
        let post = post.id;
        let read = move |reader: &mut Reader| {
            let mut finals = Vec::new();
            let registries = reader.registries().find()?.shown()?;
            for Anchor { new, .. } in readable(reader.anchors().each_of_post(post)?) {
                if !logs.contains(&new.log) {
                    continue;
                }
                let log = reader.logs().get(new.log)?;
                let moved_at = registries.last_seq(new.log);
                finals.extend(log.map(|log| BecomingFinal {
                    log_id: log.log_id,
                    seq: new.seq.saturating_sub(moved_at),
                    size: new.size,
                    root: new.root,
                    time,
                }));
            }
            Ok(finals)
        };
        Ok(self.read("anchors becoming final", read).await?)
    }

    /// The block is final, and with it the anchors of these logs: where these are all that
    /// were not so, the last thing that happens to a post.
    pub(crate) async fn finalized(
        &self,
        post: &Post,
        logs: Vec<LogRowId>,
        at: Inclusion,
        time: Timestamp,
        evidence: Option<Evidence>,
    ) -> Result<(), StepError> {
        let post = post.id;
        let evidence = evidence.and_then(|evidence| serde_json::to_vec(&evidence).ok());
        let write = move |tx: &mut Tx| {
            let (block, block_hash) = (at.block, at.block_hash);
            let mut is_whole = true;
            let next = AnchorState::Finalized {
                block,
                block_hash,
                time,
            };
            for EachAnchor { log, anchor, .. } in tx.anchors().each_of_post(post)? {
                let (Ok(Anchor { new, state, .. }), true) = (anchor, logs.contains(&log)) else {
                    is_whole = false;
                    continue;
                };
                // Its row could not be read when the block was found.
                if state == AnchorState::Posted {
                    let found = AnchorState::Anchored { block, block_hash };
                    tx.anchors().set_state(new.log, new.seq, &found)?;
                }
                tx.anchors().set_state(new.log, new.seq, &next)?;
                if let Some(evidence) = &evidence {
                    tx.anchors().set_evidence(new.log, new.seq, evidence)?;
                }
            }
            if is_whole {
                let at = Some((block, block_hash));
                tx.posts().set_state(post, PostState::Final, at)?;
            }
            Ok(is_whole)
        };
        if self.write("post final", write).await? {
            self.counters.finalized();
        }
        Ok(())
    }
}

/// Those whose rows can be read.
fn readable(each: Vec<EachAnchor>) -> impl Iterator<Item = Anchor> {
    each.into_iter().filter_map(|each| each.anchor.ok())
}

/// All attempts with the nonce of this one that can still be mined.
fn attempts<A: Access>(mut posts: store::Posts<'_, A>, new: &NewPost) -> Result<Vec<Post>, Error> {
    let all = posts.of_nonce(new.chain_id, new.submitter, new.nonce)?;
    let open = |post: &Post| !matches!(post.state, PostState::Failed | PostState::Final);
    Ok(all.into_iter().filter(open).collect())
}

pub(super) fn new_post(
    chain_id: u64,
    submitter: [u8; 20],
    signed: &SignedTransaction,
    created: Timestamp,
) -> NewPost {
    NewPost {
        chain_id,
        submitter,
        nonce: signed.nonce,
        raw: signed.raw.clone(),
        tx_hash: signed.hash,
        created,
    }
}
