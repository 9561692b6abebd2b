//! Posts checkpoints to the registry: all logs in one transaction, and one
//! transaction under way at a time.
//!
//! Order of effects: sign; store the signed bytes and the anchors they carry
//! (the commit point of the intention); broadcast; find the transaction in a
//! block; store that. A crash before the commit point leaves nothing, for what
//! was signed was never sent. A crash after it finds the bytes again and sends
//! the same ones, which a chain takes at most once. A retry with new bytes uses
//! the same nonce and the same call, so that one of the two at most is mined,
//! and which of them makes no difference.
//!
//! What to post next is asked of the registry, not of the store: there is no
//! local state whose loss could fork a head.

use crate::{
    alarm::Bell,
    config::Config,
    failure::StepError,
    guard,
    journal::{Journal, Log},
    ledger::{Extension, Head, Inclusion, Ledger, LedgerError, SignedTransaction},
    span,
    status::Refusals,
};
use model::{Clock, FacilityName, LogId, Timestamp};
use std::{collections::BTreeMap, sync::Arc};
use store::Post;
use tracing::Span;

/// Logs in one transaction; the rest goes with the next.
const MAX_LOGS: usize = 100;
/// So often a nonce must be found used, with none of our transactions in a
/// block, until we believe that a stranger used it: nodes behind one address
/// may lag behind each other.
const MISSES: u32 = 3;

/// Posts the anchors of all logs.
pub(crate) struct Poster<L> {
    journal: Journal,
    ledger: Arc<L>,
    clock: Arc<dyn Clock>,
    bell: Bell,
    heartbeat_millis: i64,
    resend_millis: i64,
    replace_millis: i64,
    /// When which transaction was last handed to the node; forgetting it in a
    /// crash costs one more broadcast.
    sent: Option<([u8; 32], Timestamp)>,
    misses: u32,
    refusals: Refusals,
}

impl<L: Ledger> Poster<L> {
    pub(crate) fn new(
        journal: Journal,
        ledger: Arc<L>,
        clock: Arc<dyn Clock>,
        bell: Bell,
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
            bell,
            heartbeat_millis: millis(config.heartbeat_seconds),
            resend_millis: millis(config.resend_seconds),
            replace_millis: millis(config.replace_seconds),
            sent: None,
            misses: 0,
            refusals: Refusals::default(),
        }
    }

    /// The logs that the registry does not take, for whoever asks.
    pub(crate) fn refusals(&self) -> Refusals {
        self.refusals.clone()
    }

    /// Forgets what was seen: another process may have gone on since.
    pub(crate) fn begin(&mut self) {
        self.sent = None;
        self.misses = 0;
        self.refusals.set(BTreeMap::new());
    }

    /// Looks after what is under way; when nothing is, posts what is new. Gives
    /// the number of anchors posted, or the refusal of one that was not.
    pub(crate) async fn step(&mut self) -> Result<u64, StepError> {
        if let Some(alarm) = self.bell.rung() {
            return Err(alarm.clone().into());
        }
        // Asked in each step, also while something is under way: a chain that lost what was
        // final must be named, for nothing that waits on top of it will ever be mined.
        self.ledger.check().await?;
        let mut heads = self.heads().await?;
        // After a reorganisation several nonces can be under way; in order.
        let under_way = self.journal.under_way().await?;
        for attempts in &under_way {
            if !self.look_after(attempts).await? {
                return self.unless_refused(0).await;
            }
        }
        if !under_way.is_empty() {
            // What was settled just now has moved them.
            heads = self.heads().await?;
        }
        let anchors = self.due(&heads).await?;
        if anchors.is_empty() {
            self.refusals.set(BTreeMap::new());
            return Ok(0);
        }
        span::within(span::of_post(), self.post(anchors)).await
    }

    /// A refused log holds up no other, but it is not passed over in silence either.
    async fn unless_refused(&self, posted: u64) -> Result<u64, StepError> {
        let Some(refusal) = self.refusals.first() else {
            return Ok(posted);
        };
        match self.owner(refusal.log_id()).await? {
            Some(facility) => Err(StepError::NotAnchored { facility, refusal }),
            None => Err(LedgerError::Refused(refusal).into()),
        }
    }

    /// Whose log it is; the registry knows its id only.
    async fn owner(&self, log_id: Option<LogId>) -> Result<Option<FacilityName>, StepError> {
        let logs = self.journal.all_logs().await?;
        let log = logs.into_iter().find(|log| Some(log.log_id) == log_id);
        Ok(log.map(|log| log.facility))
    }

    /// Looks after one nonce: `attempts` are the transactions that share it, the
    /// newest last. Gives whether the nonce is settled.
    async fn look_after(&mut self, attempts: &[Post]) -> Result<bool, StepError> {
        let Some(newest) = attempts.last() else {
            return Ok(true);
        };
        let ours = newest.new.submitter == self.ledger.submitter();
        // One question while nothing is mined, however many attempts there are.
        if ours && self.ledger.next_nonce().await? <= newest.new.nonce {
            self.misses = 0;
            self.send_again(newest).await?;
            return Ok(false);
        }
        for attempt in attempts.iter().rev() {
            if let Some(inclusion) = self.ledger.inclusion(attempt.new.tx_hash).await? {
                self.misses = 0;
                let span =
                    span::of_transaction("mined", attempt.new.tx_hash, Some(inclusion.block));
                span::within(span, self.mined(attempt, newest, inclusion)).await?;
                return Ok(true);
            }
        }
        if !ours {
            return self.look_after_stranger(newest).await;
        }
        self.look_after_missing(attempts, newest).await
    }

    /// The nonce is used and the node knows no receipt of ours.
    async fn look_after_missing(
        &mut self,
        attempts: &[Post],
        newest: &Post,
    ) -> Result<bool, StepError> {
        if self.stands(attempts).await? {
            // It is ours, on the chain, and only its receipt is late.
            self.misses = 0;
            return Err(LedgerError::NoReceipt(newest.new.nonce).into());
        }
        self.misses += 1;
        if self.misses < MISSES {
            return Ok(false);
        }
        self.misses = 0;
        tracing::warn!(
            nonce = newest.new.nonce,
            "a stranger's transaction took our nonce"
        );
        self.journal.failed(newest).await?;
        Ok(true)
    }

    /// Whether the registry has taken one of the anchors that these attempts carry: a
    /// stranger would have to anchor the same root of the same size under the same number.
    async fn stands(&self, attempts: &[Post]) -> Result<bool, StepError> {
        for (log_id, anchor) in self.journal.anchors_of(attempts).await? {
            let carried = (anchor.seq, anchor.size, anchor.root);
            let head = self.ledger.head(log_id).await?;
            if head.is_some_and(|head| (head.seq, head.size, head.root) == carried) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A block holds one of the attempts.
    async fn mined(&self, one: &Post, newest: &Post, at: Inclusion) -> Result<(), StepError> {
        if at.succeeded {
            return self.journal.mined(one, at).await;
        }
        // Another submitter was faster. The next post starts from the registry's
        // head, whatever that is now.
        tracing::warn!(block = at.block, "the registry refused an anchor");
        self.journal.failed(newest).await
    }

    /// A transaction signed with an earlier submitter key: it is sent again as it
    /// is, and given up when it would have to be replaced.
    async fn look_after_stranger(&mut self, newest: &Post) -> Result<bool, StepError> {
        if self.is_past(newest.new.created, self.replace_millis) {
            self.journal.failed(newest).await?;
            return Ok(true);
        }
        self.send(&newest.new.raw, newest.new.tx_hash).await?;
        Ok(false)
    }

    async fn send_again(&mut self, newest: &Post) -> Result<(), StepError> {
        let mut stuck = None;
        if self.is_past(newest.new.created, self.replace_millis) {
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

    async fn send(&mut self, raw: &[u8], hash: [u8; 32]) -> Result<(), StepError> {
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

    /// The logs that can be anchored, each with the registry's head.
    async fn heads(&self) -> Result<Vec<(Log, Option<Head>)>, StepError> {
        let mut heads = Vec::new();
        for log in self.journal.all_logs().await? {
            let head = match log.ended {
                false => guard::head(&self.journal, &*self.ledger, &self.bell, &log).await?,
                true => self.ledger.head(log.log_id).await?,
            };
            if log.ended
                && let Some(head) = head
                && !guard::holds(&self.journal, &log, head).await?
            {
                continue;
            }
            heads.push((log, head));
        }
        Ok(heads)
    }

    /// What the registry does not hold yet.
    async fn due(&self, heads: &[(Log, Option<Head>)]) -> Result<Vec<Extension>, StepError> {
        let mut anchors = Vec::new();
        for (log, head) in heads {
            anchors.extend(self.next_anchor(log, *head).await?);
        }
        // The longest unanchored first, in case not all find room; last those that
        // were refused, which must not take it from others.
        let refused = |anchor: &Extension| self.refusals.of(anchor.log_id).is_some();
        anchors.sort_by_key(|(since, anchor)| (refused(anchor), *since));
        Ok(anchors.into_iter().map(|(_, anchor)| anchor).collect())
    }

    /// Posts these, or as many as one transaction takes.
    async fn post(&mut self, anchors: Vec<Extension>) -> Result<u64, StepError> {
        let nonce = self.ledger.next_nonce().await?;
        let Some((signed, anchors)) = self.prepare(nonce, anchors).await? else {
            return self.unless_refused(0).await;
        };
        let (posted, now) = (
            anchors.len().try_into().unwrap_or(u64::MAX),
            self.clock.now(),
        );
        self.journal
            .prepared(&*self.ledger, &signed, &anchors, now)
            .await?;
        let span = Span::current();
        span.record("chartseal.anchors", posted);
        span.record("chartseal.transaction", span::shown(signed.hash));
        self.send(&signed.raw, signed.hash).await?;
        self.unless_refused(posted).await
    }

    /// Signs one transaction over as many as the registry takes of these. One log that
    /// it refuses must not hold up the rest: it is left out, and tried again with the
    /// next transaction.
    async fn prepare(
        &self,
        nonce: u64,
        mut anchors: Vec<Extension>,
    ) -> Result<Option<(SignedTransaction, Vec<Extension>)>, StepError> {
        let (mut refused, mut most) = (BTreeMap::new(), MAX_LOGS);
        let signed = loop {
            let carried = anchors.get(..most).unwrap_or(&anchors);
            if carried.is_empty() {
                break None;
            }
            match self.ledger.prepare(nonce, carried).await {
                Ok(signed) => break Some(signed),
                // Fewer may fit into a block; the rest goes with the next transaction.
                Err(LedgerError::TooMuchGas) if carried.len() > 1 => most = carried.len() / 2,
                Err(LedgerError::Refused(refusal)) => {
                    let before = anchors.len();
                    anchors.retain(|anchor| Some(anchor.log_id) != refusal.log_id());
                    let Some(log_id) = refusal.log_id().filter(|_| anchors.len() < before) else {
                        return Err(LedgerError::Refused(refusal).into());
                    };
                    if self.refusals.of(log_id).as_ref() != Some(&refusal) {
                        let facility = self.owner(Some(log_id)).await?;
                        let facility = facility.as_ref().map(tracing::field::display);
                        tracing::error!(facility, %refusal, "a log is not anchored; the others are");
                    }
                    refused.insert(log_id, refusal);
                }
                Err(error) => return Err(error.into()),
            }
        };
        self.refusals.set(refused);
        anchors.truncate(most);
        Ok(signed.map(|signed| (signed, anchors)))
    }

    /// The anchor that this log needs, if any, with the time since when.
    async fn next_anchor(
        &self,
        log: &Log,
        head: Option<Head>,
    ) -> Result<Option<(Timestamp, Extension)>, StepError> {
        let Some(newest) = self.journal.newest_checkpoint(log.id).await? else {
            return Ok(None);
        };
        let mut anchor = Extension {
            log_id: log.log_id,
            seq: 1,
            size: newest.size,
            root: newest.root,
            consistency: Vec::new(),
        };
        let Some(head) = head else {
            return Ok(Some((newest.time, anchor)));
        };
        anchor.seq = head.seq + 1;
        if newest.size > head.size {
            anchor.consistency = self
                .journal
                .consistency(log, head.size, newest.size)
                .await?;
            return Ok(Some((head.time, anchor)));
        }
        // A heartbeat says that there is nothing new: without it a log cut off
        // at its end would look like a quiet one.
        let age = self
            .clock
            .now()
            .as_millis()
            .saturating_sub(head.time.as_millis());
        let due = self.heartbeat_millis > 0 && age >= self.heartbeat_millis;
        Ok((due && newest.size == head.size).then_some((head.time, anchor)))
    }
}
