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

mod fitting;

use crate::{
    config::Config,
    failure::StepError,
    ledger::{Extension, Head, Ledger, LedgerError},
    log::{
        guard,
        journal::{Journal, Log},
        known_logs::KnownLogs,
        left_out::LeftOut,
    },
    posting::{backfill::Backfill, bound, under_way::UnderWay},
    service::{alarm::Bell, span, status::Refusals},
};
use model::{Clock, FacilityName, LogId, Timestamp};
use std::{collections::BTreeMap, sync::Arc};
use tracing::Span;

/// Posts the anchors of all logs.
pub(crate) struct Poster<L> {
    journal: Journal,
    logs: KnownLogs,
    ledger: Arc<L>,
    clock: Arc<dyn Clock>,
    bell: Bell,
    under_way: UnderWay<L>,
    backfill: Backfill,
    heartbeat_millis: i64,
    refusals: Refusals,
    /// What the last step left out.
    left_out: LeftOut,
}

impl<L: Ledger> Poster<L> {
    pub(crate) fn new(
        journal: Journal,
        logs: KnownLogs,
        ledger: Arc<L>,
        clock: Arc<dyn Clock>,
        bell: Bell,
        config: &Config,
    ) -> Self {
        let (of, at) = (journal.clone(), Arc::clone(&ledger));
        let heartbeat = config.heartbeat_seconds.saturating_mul(1_000);
        Self {
            under_way: UnderWay::new(of, at, Arc::clone(&clock), config),
            journal,
            logs,
            ledger,
            clock,
            bell,
            heartbeat_millis: i64::try_from(heartbeat).unwrap_or(i64::MAX),
            backfill: Backfill::default(),
            refusals: Refusals::default(),
            left_out: LeftOut::default(),
        }
    }

    /// The logs that the registry does not take, for whoever asks.
    pub(crate) fn refusals(&self) -> Refusals {
        self.refusals.clone()
    }

    /// Forgets what was seen: another process may have gone on since.
    pub(crate) fn begin(&mut self) {
        self.under_way.begin();
        self.backfill.begin();
        self.refusals.set(BTreeMap::new());
    }

    /// Looks after what is under way; when nothing is, posts what is new. Gives
    /// the number of anchors posted, or the refusal of one that was not.
    pub(crate) async fn step(&mut self) -> Result<u64, StepError> {
        if let Some(alarm) = self.bell.rung() {
            return Err(alarm.clone().into());
        }
        bound::check(&self.journal, &*self.ledger).await?;
        // Asked in each step, also while something is under way: a chain that lost what was
        // final must be named, for nothing that waits on top of it will ever be mined.
        self.ledger.check().await?;
        self.left_out = LeftOut::default();
        let mut heads = self.heads().await?;
        // After a reorganisation several nonces can be under way; in order.
        let under_way = self.journal.under_way().await?;
        for attempts in &under_way {
            if !self.under_way.look_after(attempts).await? {
                return self.end(0).await;
            }
        }
        if !under_way.is_empty() {
            // What was settled just now has moved them.
            heads = self.heads().await?;
        }
        let anchors = self.due(heads).await?;
        if anchors.is_empty() {
            self.refusals.set(BTreeMap::new());
            return self.end(0).await;
        }
        span::within(span::of_post(), self.post(anchors)).await
    }

    /// A log that is refused or left out holds up no other, but it is not passed over in
    /// silence either.
    async fn end(&self, posted: u64) -> Result<u64, StepError> {
        let posted = self.left_out.end(posted)?;
        let Some((log_id, refusal)) = self.refusals.first() else {
            return Ok(posted);
        };
        match self.owner(log_id).await? {
            Some(facility) => Err(StepError::NotAnchored { facility, refusal }),
            None => Err(LedgerError::Refused(refusal).into()),
        }
    }

    /// Whose log it is; the registry knows its id only.
    async fn owner(&self, log_id: LogId) -> Result<Option<FacilityName>, StepError> {
        let logs = self.journal.all_logs().await?;
        let log = logs.into_iter().find(|log| log.log_id == log_id);
        Ok(log.map(|log| log.facility))
    }

    /// The logs that can be anchored, each with the registry's head.
    async fn heads(&mut self) -> Result<Vec<(Log, Option<Head>)>, StepError> {
        let mut heads = Vec::new();
        // What is left out is named where it would be signed.
        for log in self.logs.read().await?.logs {
            let head = match self.head(&log).await {
                Ok(head) => head,
                Err(error) => {
                    self.left_out.note(&log.facility, error)?;
                    continue;
                }
            };
            heads.extend(head.map(|head| (log, head)));
        }
        Ok(heads)
    }

    /// The registry's head of a log, if there is one; `None` for a log that cannot be
    /// anchored any more.
    async fn head(&self, log: &Log) -> Result<Option<Option<Head>>, StepError> {
        if !log.ended {
            let head = guard::head(&self.journal, &*self.ledger, &self.bell, log);
            return head.await.map(Some);
        }
        match self.ledger.head(log.log_id).await? {
            Some(head) if !guard::holds(&self.journal, log, head).await? => Ok(None),
            head => Ok(Some(head)),
        }
    }

    /// What the registry does not hold yet.
    async fn due(&mut self, heads: Vec<(Log, Option<Head>)>) -> Result<Vec<Extension>, StepError> {
        let mut anchors = Vec::new();
        for (log, head) in heads {
            match self.due_of(&log, head).await {
                Ok(anchor) => anchors.extend(anchor),
                Err(error) => self.left_out.note(&log.facility, error)?,
            }
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
            return self.end(0).await;
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
        self.under_way.send(&signed.raw, signed.hash).await?;
        self.end(posted).await
    }

    /// The anchor that this log needs, once all that the chain has of it have their rows.
    async fn due_of(
        &mut self,
        log: &Log,
        head: Option<Head>,
    ) -> Result<Option<(Timestamp, Extension)>, StepError> {
        let Some(head) = head else {
            return self.next_anchor(log, None).await;
        };
        let (journal, ledger) = (&self.journal, &*self.ledger);
        let filled = self.backfill.step(journal, ledger, log, head, &*self.clock);
        if !filled.await? {
            return Ok(None);
        }
        let next = self.next_anchor(log, Some(head)).await?;
        let is_heartbeat = next
            .as_ref()
            .is_some_and(|(_, anchor)| anchor.size == head.size);
        if is_heartbeat && !self.journal.has_anchor(log, head.seq).await? {
            // Its checkpoint was missing and is there now: its row comes first.
            self.backfill.begin_log(log.id);
            return Ok(None);
        }
        Ok(next)
    }

    /// The anchor that this log needs, if any, with the time since when.
    async fn next_anchor(
        &self,
        log: &Log,
        head: Option<Head>,
    ) -> Result<Option<(Timestamp, Extension)>, StepError> {
        let Some(newest) = self.logs.newest_checkpoint(log).await? else {
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
