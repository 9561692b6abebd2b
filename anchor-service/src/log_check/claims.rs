//! What rows claim of a log: the roots of its checkpoints and anchors, read along with the
//! walk and compared at their sizes.

use super::{FindingKind, Findings, LogCheck};
use crate::{failure::StepError, journal::Log, ledger::Ledger};
use model::{AnchorState, Digest};
use std::collections::{BTreeMap, VecDeque};
use store::{Anchor, Error, LogRowId, Numbered, Reader, StoredCheckpoint};
use tlog::checkpoint::{self, Origin, Vkey};

/// Rows in one read.
const PAGE: u32 = 4_096;

/// The claims between what was walked and what is to be walked next.
pub(super) struct Claims {
    log: LogRowId,
    size: u64,
    keys: Vec<Vkey>,
    origin: Origin,
    checkpoints: Rows<StoredCheckpoint>,
    anchors: Rows<Anchor>,
    /// The size of the anchor before, which the next one's is not below.
    reached: u64,
}

/// Rows of one table, as far as they are read.
struct Rows<T> {
    waiting: VecDeque<Numbered<T>>,
    /// The number of the last that was read.
    last: i64,
    ended: bool,
    seen: u64,
}

impl<T> Rows<T> {
    const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            // Also what stands below 1 is read.
            last: i64::MIN,
            ended: false,
            seen: 0,
        }
    }

    fn take(&mut self, page: Vec<Numbered<T>>) {
        self.ended = page.len() < PAGE as usize;
        self.last = page.last().map_or(self.last, |row| row.number);
        self.waiting.extend(page);
    }

    /// The next one, when it lies within `until` leaves.
    fn next_within(
        &mut self,
        until: u64,
        size: impl Fn(&Numbered<T>) -> u64,
    ) -> Option<Numbered<T>> {
        self.waiting.front().filter(|row| size(row) <= until)?;
        self.seen += 1;
        self.waiting.pop_front()
    }
}

/// Leaves under a checkpoint; 0 where the number is none.
fn size_of_checkpoint(row: &Numbered<StoredCheckpoint>) -> u64 {
    u64::try_from(row.number).unwrap_or(0)
}

fn size_of_anchor(row: &Numbered<Anchor>) -> u64 {
    row.row.as_ref().map_or(0, |anchor| anchor.new.size)
}

impl Claims {
    pub(super) fn new(log: LogRowId, size: u64, keys: Vec<Vkey>, origin: Origin) -> Self {
        Self {
            log,
            size,
            keys,
            origin,
            checkpoints: Rows::new(),
            anchors: Rows::new(),
            reached: 0,
        }
    }

    pub(super) const fn checkpoints_seen(&self) -> u64 {
        self.checkpoints.seen
    }

    pub(super) const fn anchors_seen(&self) -> u64 {
        self.anchors.seen
    }

    /// Reads until every claim within `until` leaves is here.
    pub(super) async fn load<L: Ledger>(
        &mut self,
        check: &LogCheck<L>,
        until: u64,
    ) -> Result<(), StepError> {
        let log = self.log;
        // Anchors first: an anchor's checkpoint was stored before it.
        while !self.anchors.ended
            && self
                .anchors
                .waiting
                .back()
                .is_none_or(|row| size_of_anchor(row) <= until)
        {
            let after = self.anchors.last;
            let page = move |reader: &mut Reader| reader.log_pages().anchors(log, after, PAGE);
            self.anchors.take(check.read(page).await?);
        }
        while !self.checkpoints.ended
            && self
                .checkpoints
                .waiting
                .back()
                .is_none_or(|row| size_of_checkpoint(row) <= until)
        {
            let after = self.checkpoints.last;
            let page = move |reader: &mut Reader| reader.log_pages().checkpoints(log, after, PAGE);
            self.checkpoints.take(check.read(page).await?);
        }
        Ok(())
    }

    /// The roots that are claimed within `until` leaves, by size. A row that cannot be read
    /// claims nothing at size 0.
    pub(super) fn roots(&self, until: u64, more: Option<(u64, Digest)>) -> Vec<(u64, Digest)> {
        let checkpoints = self.checkpoints.waiting.iter().map(|row| {
            let root = row.row.as_ref().map_or(Digest::ZERO, |it| it.root);
            (size_of_checkpoint(row), root)
        });
        let anchors = self.anchors.waiting.iter().map(|row| {
            let root = row.row.as_ref().map_or(Digest::ZERO, |it| it.new.root);
            (size_of_anchor(row), root)
        });
        let mut roots: Vec<_> = checkpoints.chain(anchors).chain(more).collect();
        roots.retain(|(size, _)| *size <= until);
        roots.sort_unstable();
        roots
    }

    /// Compares the claims with the roots at their sizes.
    pub(super) fn compare(&mut self, roots: &BTreeMap<u64, Digest>, findings: &mut Findings) {
        let Some(until) = roots.keys().next_back().copied() else {
            return;
        };
        let mut signed = std::collections::BTreeSet::new();
        while let Some(row) = self.checkpoints.next_within(until, size_of_checkpoint) {
            signed.insert(size_of_checkpoint(&row));
            self.compare_checkpoint(&row, roots, findings);
        }
        while let Some(row) = self.anchors.next_within(until, size_of_anchor) {
            self.compare_anchor(&row, roots, findings);
            let size = size_of_anchor(&row);
            if row.row.is_ok() && size > 0 && !signed.contains(&size) && roots.contains_key(&size) {
                let problem = "an anchor has no checkpoint";
                findings.add(FindingKind::NoCheckpoint, size, problem);
            }
        }
    }

    /// Passes over what could not be compared, where the walk is broken.
    pub(super) fn drop_until(&mut self, until: u64) {
        while self
            .checkpoints
            .next_within(until, size_of_checkpoint)
            .is_some()
        {}
        while self.anchors.next_within(until, size_of_anchor).is_some() {}
    }

    fn compare_checkpoint(
        &self,
        row: &Numbered<StoredCheckpoint>,
        roots: &BTreeMap<u64, Digest>,
        findings: &mut Findings,
    ) {
        let problem = match &row.row {
            Err(_) => Some("the checkpoint cannot be read"),
            Ok(stored) => self.fault_of(stored, roots.get(&stored.size)),
        };
        if let Some(problem) = problem {
            findings.add(FindingKind::Checkpoint, row.number, problem);
        }
    }

    fn fault_of(&self, stored: &StoredCheckpoint, root: Option<&Digest>) -> Option<&'static str> {
        let Ok(opened) = checkpoint::open(&stored.note, &self.keys) else {
            return Some("the checkpoint is not signed by the log's keys");
        };
        if opened.origin != self.origin {
            return Some("the checkpoint is of another log");
        }
        if (opened.size, opened.root) != (stored.size, stored.root) {
            return Some("size or root stands otherwise in the note");
        }
        match root {
            Some(root) if *root == stored.root => None,
            Some(_) => Some("the log has another root at this size"),
            None => Some("no log has this size"),
        }
    }

    fn compare_anchor(
        &mut self,
        row: &Numbered<Anchor>,
        roots: &BTreeMap<u64, Digest>,
        findings: &mut Findings,
    ) {
        let problem = match &row.row {
            Err(_) => Some("the anchor cannot be read"),
            Ok(anchor) => {
                let before = std::mem::replace(&mut self.reached, anchor.new.size);
                match roots.get(&anchor.new.size) {
                    _ if anchor.new.size < before => Some("an earlier anchor covers more leaves"),
                    Some(root) if *root == anchor.new.root => None,
                    Some(_) => Some("the log has another root at this size"),
                    None if anchor.new.size == before => None,
                    None => Some("no log has this size"),
                }
            }
        };
        if let Some(problem) = problem {
            findings.add(FindingKind::Anchor, row.number, problem);
        }
    }

    /// What claims more leaves than the log has: compared with its row, read after it. Of a
    /// log that has ended an anchor beyond it is why it was ended.
    pub(super) async fn beyond<L: Ledger>(
        &mut self,
        check: &LogCheck<L>,
        log: &Log,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        self.drop_until(self.size);
        let id = self.log;
        let (after, seq) = (
            i64::try_from(self.size).unwrap_or(i64::MAX),
            self.anchors
                .waiting
                .front()
                .map_or(self.anchors.last, |row| row.number - 1),
        );
        let read = move |reader: &mut Reader| {
            let checkpoints = reader.log_pages().checkpoints(id, after, PAGE)?;
            let anchors = reader.log_pages().anchors(id, seq, PAGE)?;
            let log = reader.logs().get(id)?.ok_or(Error::Corrupt("log"))?;
            Ok((checkpoints, anchors, log.size))
        };
        let (checkpoints, anchors, now) = check.read(read).await?;
        let mut beyond = false;
        for row in checkpoints
            .iter()
            .filter(|row| size_of_checkpoint(row) > now)
        {
            beyond = true;
            let problem = "the checkpoint covers more leaves than there are";
            findings.add(FindingKind::Checkpoint, row.number, problem);
        }
        for row in anchors.iter().filter(|row| size_of_anchor(row) > now) {
            if log.ended {
                continue;
            }
            beyond = true;
            let problem = "the anchor covers more leaves than there are";
            findings.add(FindingKind::Anchor, row.number, problem);
        }
        for row in anchors.iter().filter(|row| row.row.is_err()) {
            findings.add(FindingKind::Anchor, row.number, "the anchor cannot be read");
        }
        if beyond {
            findings.add(
                FindingKind::Size,
                now,
                "fewer leaves than checkpoints or anchors cover",
            );
        }
        Ok(())
    }
}

/// Whether the row says that a block holds the anchor for good.
pub(super) const fn is_final(anchor: &Anchor) -> bool {
    matches!(anchor.state, AnchorState::Finalized { .. })
}
