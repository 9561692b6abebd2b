//! A log's rows of anchors beside the chain's events, from the newest final block back.

mod back;
mod registries;
mod stay;

use super::{FindingKind, Findings, LogCheck, claims::is_final, rows::PAGE};
use crate::{
    failure::StepError,
    ledger::{EventCursor, FinalityRule, Ledger, LedgerError, TimedAnchor},
    log::journal::Log,
};
use back::{Back, Judged, millis};
use model::AnchorState;
use stay::Stay;
use std::{collections::BTreeMap, sync::Arc};
use store::{Anchor, Error, Numbered, Reader};

/// Events older than this are for a check by hand.
const BESIDE_SERVICE_MILLIS: i64 = 8 * 86_400_000;

/// The chain that logs are compared with.
pub(super) enum Chain<L> {
    None,
    /// There is one, and why it is not known.
    Unknown(String),
    Known {
        ledger: Arc<L>,
        /// Registries of before.
        former: Vec<Arc<L>>,
        rule: FinalityRule,
    },
}

/// What became of the comparison with the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainPart {
    /// No chain is configured.
    None,
    /// The rows were compared with the events of final blocks.
    Compared {
        /// Number of events.
        events: u64,
        /// Anchors at registries that the log has left, of which no chain is known here.
        uncompared: u64,
    },
    /// The node did not say.
    Failed(String),
}

/// What is compared.
#[derive(Clone, Copy)]
struct Subject<'a> {
    log: &'a Log,
    size: u64,
    rule: FinalityRule,
    /// The number of the newest row that is final, read before the chain was asked: what
    /// becomes final in between has an event by then.
    newest_final: u64,
}

impl<L: Ledger> LogCheck<L> {
    pub(super) async fn compare_chain(
        &self,
        log: &Log,
        size: u64,
        findings: &mut Findings,
    ) -> Result<ChainPart, StepError> {
        let rule = match &self.chain {
            Chain::None => return Ok(ChainPart::None),
            Chain::Unknown(problem) => return Ok(ChainPart::Failed(problem.clone())),
            Chain::Known { rule, .. } => *rule,
        };
        let id = log.id;
        let newest = self.read(move |reader| reader.log_pages().newest_final(id));
        let newest = newest.await?.and_then(|seq| u64::try_from(seq).ok());
        let subject = Subject {
            log,
            size,
            rule,
            newest_final: newest.unwrap_or(0),
        };
        match self.walk_back(subject, findings).await {
            // The rest of the check is worth having without the chain.
            Err(StepError::Ledger(error)) => Ok(ChainPart::Failed(error.to_string())),
            Err(StepError::Store(error @ (Error::Registry | Error::NoLeafKey))) => {
                Ok(ChainPart::Failed(error.to_string()))
            }
            done => done,
        }
    }

    async fn walk_back(
        &self,
        subject: Subject<'_>,
        findings: &mut Findings,
    ) -> Result<ChainPart, StepError> {
        let mut back = Back::new(self.clock.now().as_millis());
        let mut uncompared = 0;
        for stay in self.stays(subject.log).await? {
            let Some(ledger) = &stay.ledger else {
                uncompared = stay.last.unwrap_or(0);
                let rest: Vec<_> = back.rest().into_iter().collect();
                self.compare(&rest, subject, findings).await?;
                break;
            };
            let walked = self.walk_stay(&**ledger, &stay, subject, &mut back, findings);
            if !walked.await? {
                break;
            }
        }
        Ok(ChainPart::Compared {
            events: back.seen,
            uncompared,
        })
    }

    /// Walks through the events of one registry; whether those before it are to be looked at.
    async fn walk_stay(
        &self,
        ledger: &L,
        stay: &Stay<L>,
        subject: Subject<'_>,
        back: &mut Back,
        findings: &mut Findings,
    ) -> Result<bool, StepError> {
        ledger.check().await?;
        let height = ledger.final_height(subject.rule).await?;
        let mut cursor = height.map(EventCursor::from_block);
        let (mut newest, mut oldest) = (stay.before, None);
        let mut whole = true;
        while let Some(from) = cursor {
            let page = ledger.anchor_page(subject.log.log_id, from).await?;
            let events = stay.as_rows(page.events);
            follow(oldest, &events)?;
            if let Some(event) = events.last() {
                let young = millis(event) >= back.now() - BESIDE_SERVICE_MILLIS;
                whole = young || !self.beside_service;
                oldest = Some(event.anchored.seq);
            }
            let enough = !whole || oldest == Some(stay.before + 1);
            cursor = page.older.filter(|_| !enough);
            let events = self.without_later(stay, events, subject, findings).await;
            newest = newest.max(events.first().map_or(0, |event| event.anchored.seq));
            let judged = back.take(events);
            self.compare(&judged, subject, findings).await?;
        }
        let last_final = stay.last.unwrap_or(u64::MAX).min(subject.newest_final);
        let beyond = self.rows(subject.log, newest.saturating_add(1), last_final);
        for (seq, row) in beyond.await? {
            if row.as_ref().is_some_and(is_final) {
                let problem = "the database has this anchor final and the chain has not";
                findings.add(FindingKind::ExtraAnchor, seq, problem);
            }
        }
        Ok(whole)
    }

    /// The events without those of a registry that the log had left by then, which are named.
    async fn without_later(
        &self,
        stay: &Stay<L>,
        mut events: Vec<TimedAnchor>,
        Subject { log, size, .. }: Subject<'_>,
        findings: &mut Findings,
    ) -> Vec<TimedAnchor> {
        let last = stay.last.unwrap_or(u64::MAX);
        let later = events.iter().take_while(|event| event.anchored.seq > last);
        let count = later.count();
        let kept = events.split_off(count);
        for event in events {
            if !(log.ended && self.is_lost(log, size, &event).await) {
                let seq = event.anchored.seq.saturating_sub(stay.before);
                let place = format!("{seq} at a former registry");
                let problem = "somebody anchored where the log had left";
                findings.add(FindingKind::NoAnchor, place, problem);
            }
        }
        kept
    }

    /// Compares the rows of these events.
    async fn compare(
        &self,
        judged: &[Judged],
        Subject { log, size, .. }: Subject<'_>,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        let (Some(newest), Some(oldest)) = (judged.first(), judged.last()) else {
            return Ok(());
        };
        let (first, last) = (oldest.event.anchored.seq, newest.event.anchored.seq);
        let rows = self.rows(log, first, last).await?;
        for Judged { event, may_be_gone } in judged {
            match rows.get(&event.anchored.seq) {
                Some(Some(row)) => {
                    if let Some(problem) = difference(row, event) {
                        findings.add(FindingKind::Anchor, event.anchored.seq, problem);
                    }
                }
                // It is named already.
                Some(None) => {}
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

    /// The rows of anchors from `first` to `last`; `None` for one that cannot be read.
    async fn rows(
        &self,
        log: &Log,
        first: u64,
        last: u64,
    ) -> Result<BTreeMap<u64, Option<Anchor>>, StepError> {
        let (mut rows, id) = (BTreeMap::new(), log.id);
        let mut after = i64::try_from(first).unwrap_or(i64::MAX) - 1;
        loop {
            let page = move |reader: &mut Reader| reader.log_pages().anchors(id, after, PAGE);
            let page = self.read(page).await?;
            let whole = page.len() == PAGE as usize;
            after = page.last().map_or(after, |row| row.number);
            let numbered = page.into_iter().filter_map(|Numbered { number, row }| {
                let number = u64::try_from(number).ok()?;
                (number <= last).then_some((number, row.ok()))
            });
            rows.extend(numbered);
            if !whole || u64::try_from(after).is_ok_and(|after| after >= last) {
                return Ok(rows);
            }
        }
    }
}

/// Whether the events follow each other without a gap, the newest first.
fn follow(after: Option<u64>, events: &[TimedAnchor]) -> Result<(), LedgerError> {
    let seqs = events.iter().map(|event| event.anchored.seq);
    if after
        .into_iter()
        .chain(seqs)
        .is_sorted_by(|newer, older| newer.checked_sub(1) == Some(*older))
    {
        Ok(())
    } else {
        Err(LedgerError::Strange("anchors with gaps between them"))
    }
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
