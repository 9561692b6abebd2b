//! A walk from a log's newest event back. Whether an old anchor stays depends on those before
//! and after it ([`crate::posting::thinning`]), so that the oldest of a page waits for the
//! next page. The numbers are those of the rows, through all registries.

use crate::{ledger::TimedAnchor, posting::thinning::WHOLE_MILLIS};

/// An event, and whether its row may have been thinned.
pub(super) struct Judged {
    pub(super) event: TimedAnchor,
    pub(super) may_be_gone: bool,
}

/// How far the walk has come.
pub(super) struct Back {
    now: i64,
    /// Number of events.
    pub(super) seen: u64,
    newest: Option<u64>,
    held: Option<TimedAnchor>,
    /// The first anchor of the next larger size.
    grown: Option<TimedAnchor>,
}

impl Back {
    pub(super) const fn new(now: i64) -> Self {
        Self {
            now,
            seen: 0,
            newest: None,
            held: None,
            grown: None,
        }
    }

    /// The time of the walk.
    pub(super) const fn now(&self) -> i64 {
        self.now
    }

    /// Of the oldest nothing is said where older ones are not looked at.
    pub(super) fn take(&mut self, events: Vec<TimedAnchor>) -> Vec<Judged> {
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

    /// The oldest that was looked at, where it is not known what came before it: it may be a
    /// heartbeat.
    pub(super) fn rest(&mut self) -> Option<Judged> {
        let event = self.held.take()?;
        let may_be_gone = self.is_old(&event) && self.newest != Some(event.anchored.seq);
        Some(Judged { event, may_be_gone })
    }

    fn is_old(&self, event: &TimedAnchor) -> bool {
        millis(event) < self.now - WHOLE_MILLIS
    }

    fn judge(&mut self, event: TimedAnchor, older: Option<&TimedAnchor>) -> Judged {
        let beat = older.is_some_and(|older| older.anchored.size == event.anchored.size);
        let hour = |event: &TimedAnchor| event.time / 3_600;
        let followed = self
            .grown
            .as_ref()
            .is_some_and(|grown| hour(grown) == hour(&event));
        let old = self.is_old(&event);
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

pub(super) fn millis(event: &TimedAnchor) -> i64 {
    i64::try_from(event.time.saturating_mul(1_000)).unwrap_or(i64::MAX)
}
