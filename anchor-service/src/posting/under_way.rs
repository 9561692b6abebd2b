//! Looks after the transactions that are stored and that no block is known to hold: sends
//! them again, replaces what is stuck, finds what was mined, and gives up what cannot take
//! effect any more.
//!
//! No single answer of a node makes rows go. Where it knows no receipt, the registry's own
//! event says which transaction made an anchor; and that none of them can any more has to be
//! found [`LOOKS`] times in a row. What was given up wrongly all the same is taken from the
//! chain again ([`crate::posting::backfill`]).

use crate::{
    config::Config,
    failure::StepError,
    ledger::{Inclusion, Ledger, LedgerError},
    log::journal::Journal,
    service::span,
};
use model::{Clock, LogId, Timestamp};
use std::sync::Arc;
use store::{Anchor, Post};

/// Steps in a row that must find a transaction to be void before it is given up: nodes
/// behind one address may lag behind each other.
const LOOKS: u32 = 3;

/// Looks after what is under way.
pub(crate) struct UnderWay<L> {
    journal: Journal,
    ledger: Arc<L>,
    clock: Arc<dyn Clock>,
    resend_millis: i64,
    replace_millis: i64,
    /// When which transaction was last handed to the node; forgetting it in a
    /// crash costs one more broadcast.
    sent: Option<([u8; 32], Timestamp)>,
    /// How often in a row the transaction was found to be void.
    voids: u32,
}

/// What has become of the attempts at one nonce.
enum Fate {
    /// They can still be mined.
    Open,
    /// A block holds the one of this hash.
    Mined([u8; 32], Inclusion),
    /// None of them can take effect, for this reason.
    Void(&'static str),
}

impl<L: Ledger> UnderWay<L> {
    pub(crate) fn new(
        journal: Journal,
        ledger: Arc<L>,
        clock: Arc<dyn Clock>,
        config: &Config,
    ) -> Self {
        let millis = |seconds: u64| {
            i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000)
        };
        Self {
            journal,
            ledger,
            clock,
            resend_millis: millis(config.resend_seconds),
            replace_millis: millis(config.replace_seconds),
            sent: None,
            voids: 0,
        }
    }

    /// Forgets what was seen: another process may have gone on since.
    pub(crate) const fn begin(&mut self) {
        self.sent = None;
        self.voids = 0;
    }

    /// Looks after one nonce: `attempts` are the transactions that share it, the
    /// newest last. Gives whether the nonce is settled.
    pub(crate) async fn look_after(&mut self, attempts: &[Post]) -> Result<bool, StepError> {
        let Some(newest) = attempts.last() else {
            return Ok(true);
        };
        let fate = self.fate(attempts, newest).await?;
        if !matches!(fate, Fate::Void(_)) {
            self.voids = 0;
        }
        match fate {
            Fate::Open => {
                self.send_again(newest).await?;
                Ok(false)
            }
            Fate::Mined(hash, at) => {
                let one = attempts.iter().find(|one| one.new.tx_hash == hash);
                let span = span::of_transaction("mined", hash, Some(at.block));
                span::within(span, self.journal.mined(one.unwrap_or(newest), at)).await?;
                Ok(true)
            }
            Fate::Void(reason) => self.give_up(newest, reason).await,
        }
    }

    /// Asks for one receipt at most, however many attempts there are.
    async fn fate(&self, attempts: &[Post], newest: &Post) -> Result<Fate, StepError> {
        let nonce = newest.new.nonce;
        let is_ours = newest.new.submitter == self.ledger.submitter();
        if is_ours {
            let next = self.ledger.next_nonce().await?;
            if next <= nonce {
                return self.unmined(newest, next).await;
            }
        }
        let hash = newest.new.tx_hash;
        if let Some(inclusion) = self.ledger.inclusion(hash).await?
            && inclusion.succeeded
        {
            return Ok(Fate::Mined(hash, inclusion));
        }
        // An earlier attempt was mined, or the receipt is late, or none took effect.
        let carried = self.journal.anchors_of(attempts).await?;
        if let Some(fate) = self.by_event(attempts, &carried).await? {
            return Ok(fate);
        }
        let carried: Vec<_> = carried
            .iter()
            .map(|(log, anchor)| (*log, anchor.new.seq))
            .collect();
        if !is_ours {
            // Made with an earlier key: sent as it is, and never replaced.
            let is_old = self.is_past(newest.new.created, self.replace_millis);
            return Ok(if is_old {
                Fate::Void("its key is not in use any more")
            } else {
                Fate::Open
            });
        }
        if self.ledger.is_void(nonce, &carried).await? {
            Ok(Fate::Void(
                "its nonce is used, and none of its anchors was made: the registry refused \
                 them, or a stranger has the key",
            ))
        } else {
            Err(LedgerError::NoReceipt(nonce).into())
        }
    }

    /// What the registry says of the first anchor that the attempts carry; of the others it
    /// says the same. `None` while it has not got so far.
    async fn by_event(
        &self,
        attempts: &[Post],
        carried: &[(LogId, Anchor)],
    ) -> Result<Option<Fate>, StepError> {
        let Some((log_id, Anchor { new, .. })) = carried.first() else {
            return Ok(None);
        };
        let head = self.ledger.head(*log_id).await?;
        if head.is_none_or(|head| head.seq < new.seq) {
            return Ok(None);
        }
        let event = self.ledger.anchored(*log_id, new.seq).await?;
        let event = event.ok_or(LedgerError::NoEvent(new.seq))?;
        let is_one_of_ours = attempts
            .iter()
            .any(|attempt| attempt.new.tx_hash == event.transaction);
        Ok(Some(if is_one_of_ours {
            Fate::Mined(event.transaction, event.inclusion())
        } else {
            Fate::Void("another transaction made its anchor")
        }))
    }

    /// Not in a block. Above a gap that nobody fills it never will be: nonces that nothing
    /// of ours has, because the chain, or one answer about it, went back.
    async fn unmined(&self, newest: &Post, next: u64) -> Result<Fate, StepError> {
        let nonce = newest.new.nonce;
        if next == nonce || !self.is_past(newest.new.created, self.replace_millis) {
            return Ok(Fate::Open);
        }
        let in_blocks = self.journal.in_blocks().await?;
        let fills = |post: &Post| (next..nonce).contains(&post.new.nonce);
        Ok(if in_blocks.iter().any(|(post, _)| fills(post)) {
            Fate::Open
        } else {
            Fate::Void("the chain has not got to its nonce, and nothing fills the gap")
        })
    }

    /// Gives whether the nonce is settled: not before it was found void often enough.
    async fn give_up(&mut self, newest: &Post, reason: &'static str) -> Result<bool, StepError> {
        self.voids += 1;
        if self.voids < LOOKS {
            return Ok(false);
        }
        self.voids = 0;
        let nonce = newest.new.nonce;
        tracing::warn!(nonce, reason, "a transaction can take no effect");
        self.journal.failed(newest).await?;
        Ok(true)
    }

    async fn send_again(&mut self, newest: &Post) -> Result<(), StepError> {
        let is_ours = newest.new.submitter == self.ledger.submitter();
        let mut stuck = None;
        if is_ours && self.is_past(newest.new.created, self.replace_millis) {
            let span = span::of_transaction("replace", newest.new.tx_hash, None);
            match span::within(span, self.replace(newest)).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(StepError::Ledger(error)) => stuck = Some(error),
                Err(error) => return Err(error),
            }
        }
        let last = self.sent.filter(|(hash, _)| *hash == newest.new.tx_hash);
        if last.is_none_or(|(_, at)| self.is_past(at, self.resend_millis)) {
            self.send(&newest.new.raw, newest.new.tx_hash).await?;
        }
        // Even when it was not replaced the old bytes were sent again: they may have
        // dropped out of the node's memory.
        stuck.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Gives whether another attempt was made and sent; not when it would be the same.
    async fn replace(&mut self, newest: &Post) -> Result<bool, StepError> {
        let now = self.clock.now();
        let signed = self.ledger.replace(&newest.new.raw).await?;
        if signed.hash == newest.new.tx_hash {
            return Ok(false);
        }
        self.journal.replaced(newest, &signed, now).await?;
        self.send(&signed.raw, signed.hash).await.map(|()| true)
    }

    /// Whether `then` is `millis` or more ago. A clock that was set back makes it so
    /// too, or what is stuck would stay so until the clock is where it was.
    fn is_past(&self, then: Timestamp, millis: i64) -> bool {
        let age = self.clock.now().as_millis() - then.as_millis();
        age < 0 || age >= millis
    }

    /// Hands bytes that are stored to the node.
    pub(crate) async fn send(&mut self, raw: &[u8], hash: [u8; 32]) -> Result<(), StepError> {
        let span = span::of_transaction("send", hash, None);
        match span::within(span, self.ledger.broadcast(raw)).await {
            // It was mined in between; the next look finds it.
            Ok(()) | Err(LedgerError::NonceUsed) => {
                self.sent = Some((hash, self.clock.now()));
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
