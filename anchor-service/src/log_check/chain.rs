//! A log's rows of anchors beside the chain's events, from the newest final block back.

use super::{FindingKind, Findings, LogCheck, claims::is_final};
use crate::{
    failure::StepError,
    journal::Log,
    ledger::{EventCursor, FinalityRule, Ledger, LedgerError, TimedAnchor},
    thinning::WHOLE_MILLIS,
};
use model::AnchorState;
use std::collections::BTreeMap;
use store::{Anchor, Numbered, Reader};

/// Rows in one read.
const PAGE: u32 = 4_096;
/// Events older than this are for a check by hand.
const BESIDE_SERVICE_MILLIS: i64 = 8 * 86_400_000;

/// What became of the comparison with the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainPart {
    /// No chain is configured.
    None,
    /// The rows were compared with the events of final blocks.
    Compared {
        /// Number of events.
        events: u64,
    },
    /// The node did not say.
    Failed(String),
}

impl<L: Ledger> LogCheck<L> {
    pub(super) async fn compare_chain(
        &self,
        log: &Log,
        size: u64,
        findings: &mut Findings,
    ) -> Result<ChainPart, StepError> {
        let Some((ledger, rule)) = &self.chain else {
            return Ok(ChainPart::None);
        };
        match self
            .walk_back(&**ledger, *rule, (log, size), findings)
            .await
        {
            Ok(events) => Ok(ChainPart::Compared { events }),
            // The rest of the check is worth having without the chain.
            Err(StepError::Ledger(error)) => Ok(ChainPart::Failed(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Gives the number of events.
    async fn walk_back(
        &self,
        ledger: &L,
        rule: FinalityRule,
        (log, size): (&Log, u64),
        findings: &mut Findings,
    ) -> Result<u64, StepError> {
        // Before the chain is asked: what becomes final in between has an event by then.
        let newest_final = self.journal.last_final(log.id).await?;
        let last_final = newest_final.map_or(0, |anchor| anchor.seq);
        ledger.check().await?;
        let height = ledger.final_height(rule).await?;
        let mut cursor = height.map(EventCursor::from_block);
        let now = self.clock.now().as_millis();
        let mut walk = Back::new(now);
        while let Some(from) = cursor {
            let page = ledger.anchor_page(log.log_id, from).await?;
            follow(walk.held.as_ref(), &page.events)?;
            let enough = page.events.last().is_some_and(|oldest| {
                let young = millis(oldest) >= now - BESIDE_SERVICE_MILLIS;
                oldest.anchored.seq == 1 || (self.beside_service && !young)
            });
            cursor = page.older.filter(|_| !enough);
            let judged = walk.take(page.events);
            self.compare(&judged, (log, size), findings).await?;
        }
        let newest = walk.newest.unwrap_or(0);
        for (seq, row) in self.rows(log, newest + 1, last_final).await? {
            if is_final(&row) {
                let problem = "the database has this anchor final and the chain has not";
                findings.add(FindingKind::ExtraAnchor, seq, problem);
            }
        }
        Ok(walk.seen)
    }

    /// Compares the rows of these events.
    async fn compare(
        &self,
        judged: &[Judged],
        (log, size): (&Log, u64),
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        let (Some(newest), Some(oldest)) = (judged.first(), judged.last()) else {
            return Ok(());
        };
        let (first, last) = (oldest.event.anchored.seq, newest.event.anchored.seq);
        let rows = self.rows(log, first, last).await?;
        for Judged { event, may_be_gone } in judged {
            match rows.get(&event.anchored.seq) {
                Some(row) => {
                    if let Some(problem) = difference(row, event) {
                        findings.add(FindingKind::Anchor, event.anchored.seq, problem);
                    }
                }
                None if *may_be_gone || (log.ended && self.is_lost(log, size, event).await) => {}
                None => {
                    let problem = "the chain has this anchor and the database has not";
                    findings.add(FindingKind::NoAnchor, event.anchored.seq, problem);
                }
            }
        }
        Ok(())
    }

    /// Whether the anchor covers leaves that the log has not, which is why it was ended.
    async fn is_lost(&self, log: &Log, size: u64, event: &TimedAnchor) -> bool {
        // Where a tile is missing, which has a finding of its own, the row is asked for.
        let root = || self.journal.root(log, event.anchored.size);
        event.anchored.size > size || root().await.is_ok_and(|root| root != event.anchored.root)
    }

    /// The rows of anchors from `first` to `last`, by the registry's number.
    async fn rows(
        &self,
        log: &Log,
        first: u64,
        last: u64,
    ) -> Result<BTreeMap<u64, Anchor>, StepError> {
        let mut rows = BTreeMap::new();
        let (id, moved_at) = (log.id, log.moved_at()?);
        let last = last + moved_at;
        let mut after = i64::try_from(first + moved_at).unwrap_or(i64::MAX) - 1;
        loop {
            let page = move |reader: &mut Reader| reader.log_pages().anchors(id, after, PAGE);
            let page = self.read(page).await?;
            let whole = page.len() == PAGE as usize;
            after = page.last().map_or(after, |row| row.number);
            // One that cannot be read is named already.
            let readable = page.into_iter().filter_map(|Numbered { row, .. }| row.ok());
            rows.extend(
                readable
                    .filter(|row| row.new.seq <= last)
                    .map(|row| (row.new.seq - moved_at.min(row.new.seq), row)),
            );
            if !whole || u64::try_from(after).is_ok_and(|after| after >= last) {
                return Ok(rows);
            }
        }
    }
}

/// Whether the events follow each other without a gap, the newest first.
fn follow(after: Option<&TimedAnchor>, events: &[TimedAnchor]) -> Result<(), LedgerError> {
    let seqs: Vec<u64> = after
        .into_iter()
        .chain(events)
        .map(|event| event.anchored.seq)
        .collect();
    if seqs.is_sorted_by(|newer, older| newer.checked_sub(1) == Some(*older)) {
        Ok(())
    } else {
        Err(LedgerError::Strange("anchors with gaps between them"))
    }
}

/// An event, and whether its row may have been thinned.
struct Judged {
    event: TimedAnchor,
    may_be_gone: bool,
}

/// A walk from the newest event back. What stays of old anchors is decided by those before
/// and after (see [`crate::thinning`]), so that the oldest of a page waits for the next.
struct Back {
    now: i64,
    seen: u64,
    newest: Option<u64>,
    held: Option<TimedAnchor>,
    /// The first anchor of the next larger size.
    grown: Option<TimedAnchor>,
}

impl Back {
    const fn new(now: i64) -> Self {
        Self {
            now,
            seen: 0,
            newest: None,
            held: None,
            grown: None,
        }
    }

    /// Of the oldest nothing is said where older ones are not looked at.
    fn take(&mut self, events: Vec<TimedAnchor>) -> Vec<Judged> {
        self.seen += events.len() as u64;
        let mut judged = Vec::new();
        for older in events {
            self.newest.get_or_insert(older.anchored.seq);
            if let Some(event) = self.held.replace(older) {
                judged.push(self.judge(event, Some(&older)));
            }
        }
        if let Some(first) = self.held.take_if(|held| held.anchored.seq == 1) {
            judged.push(self.judge(first, None));
        }
        judged
    }

    fn judge(&mut self, event: TimedAnchor, older: Option<&TimedAnchor>) -> Judged {
        let beat = older.is_some_and(|older| older.anchored.size == event.anchored.size);
        let hour = |event: &TimedAnchor| event.time / 3_600;
        let followed = self
            .grown
            .as_ref()
            .is_some_and(|grown| hour(grown) == hour(&event));
        let old = millis(&event) < self.now - WHOLE_MILLIS;
        let newest = self.newest == Some(event.anchored.seq);
        if !beat {
            self.grown = Some(event);
        }
        Judged {
            event,
            may_be_gone: old && !newest && (beat || followed),
        }
    }
}

fn millis(event: &TimedAnchor) -> i64 {
    i64::try_from(event.time.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

fn difference(row: &Anchor, event: &TimedAnchor) -> Option<&'static str> {
    if (row.new.size, row.new.root) != (event.anchored.size, event.anchored.root) {
        return Some("the chain has another size or root under this number");
    }
    match &row.state {
        AnchorState::Finalized {
            block,
            block_hash,
            time,
        } if (*block, *block_hash) != (event.anchored.block, event.anchored.block_hash)
            || u64::try_from(time.as_millis() / 1_000) != Ok(event.time) =>
        {
            Some("the chain has it in another block")
        }
        _ => None,
    }
}
