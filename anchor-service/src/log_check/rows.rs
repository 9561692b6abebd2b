//! Rows of one table of a log, read a page at a time, as far as they claim something of it.

use super::{FindingKind, Findings};
use model::Digest;
use std::collections::VecDeque;
use store::{Anchor, Numbered, StoredCheckpoint};

/// Rows in one read.
pub(super) const PAGE: u32 = 4_096;

/// The rows of one table that were read.
pub(super) struct Rows<T> {
    pub(super) waiting: VecDeque<T>,
    /// The number of the last that was read.
    pub(super) last: i64,
    ended: bool,
    pub(super) seen: u64,
}

/// What claims a root.
pub(super) trait Claim {
    const KIND: FindingKind;
    const UNREADABLE: &'static str;

    /// The root, by size.
    fn claim(&self) -> (u64, Digest);
}

impl Claim for StoredCheckpoint {
    const KIND: FindingKind = FindingKind::Checkpoint;
    const UNREADABLE: &'static str = "the checkpoint cannot be read";

    fn claim(&self) -> (u64, Digest) {
        (self.size, self.root)
    }
}

impl Claim for Anchor {
    const KIND: FindingKind = FindingKind::Anchor;
    const UNREADABLE: &'static str = "the anchor cannot be read";

    fn claim(&self) -> (u64, Digest) {
        (self.new.size, self.new.root)
    }
}

impl<T: Claim> Rows<T> {
    pub(super) const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            // Also what stands below 1 is read.
            last: i64::MIN,
            ended: false,
            seen: 0,
        }
    }

    /// Takes a page. A row that cannot be read claims nothing, and is named; gives the
    /// numbers of those.
    pub(super) fn take(&mut self, page: Vec<Numbered<T>>, findings: &mut Findings) -> Vec<u64> {
        let mut unread = Vec::new();
        self.ended = page.len() < PAGE as usize;
        self.last = page.last().map_or(self.last, |row| row.number);
        for Numbered { number, row } in page {
            match row {
                Ok(row) => self.waiting.push_back(row),
                Err(_) => {
                    self.seen += 1;
                    unread.extend(u64::try_from(number));
                    findings.add(T::KIND, number, T::UNREADABLE);
                }
            }
        }
        unread
    }

    /// Whether more is to be read until every claim within `until` leaves is here.
    pub(super) fn lacks(&self, until: u64) -> bool {
        !self.ended && self.waiting.back().is_none_or(|row| row.claim().0 <= until)
    }

    /// The next one, when it lies within `until` leaves.
    pub(super) fn next_within(&mut self, until: u64) -> Option<T> {
        self.waiting.front().filter(|row| row.claim().0 <= until)?;
        self.seen += 1;
        self.waiting.pop_front()
    }

    pub(super) fn claims(&self) -> impl Iterator<Item = (u64, Digest)> {
        self.waiting.iter().map(Claim::claim)
    }
}
