//! What rows claim of a log: the roots of its checkpoints and anchors, read along with the
//! walk and compared at their sizes.

use super::{
    FindingKind, Findings, LogCheck, aside,
    extent::Extent,
    rows::{Claim as _, PAGE, Rows},
    walk::Roots,
};
use crate::{failure::StepError, ledger::Ledger, log::journal::Log};
use model::{AnchorState, Digest};
use std::{collections::BTreeSet, sync::Arc};
use store::{Anchor, Error, LogRowId, Numbered, Reader, StoredCheckpoint};
use tlog::notes::checkpoint::{self, Origin, Vkey};

/// Checkpoints that are compared in one piece: the signatures of a step can be 65,536 and
/// more, and a service that is stopped waits for the piece under way.
const PIECE: usize = 1_024;

/// The claims between what was walked and what is to be walked next.
pub(super) struct Claims {
    size: u64,
    keys: Vec<Vkey>,
    origin: Origin,
    checkpoints: Rows<StoredCheckpoint>,
    anchors: Rows<Anchor>,
    /// The sizes of the checkpoints that were compared in this step.
    signed: BTreeSet<u64>,
    /// Those of checkpoints that cannot be read.
    unread: BTreeSet<u64>,
    /// The size of the anchor before, which the next one's is not below.
    reached: u64,
}

impl Claims {
    pub(super) const fn new(size: u64, keys: Vec<Vkey>, origin: Origin) -> Self {
        Self {
            size,
            keys,
            origin,
            checkpoints: Rows::new(),
            anchors: Rows::new(),
            signed: BTreeSet::new(),
            unread: BTreeSet::new(),
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
        log: LogRowId,
        until: u64,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        // Anchors first: an anchor's checkpoint was stored before it.
        while self.anchors.lacks(until) {
            let after = self.anchors.last;
            let page = move |reader: &mut Reader| reader.log_pages().anchors(log, after, PAGE);
            self.anchors.take(check.read(page).await?, findings);
        }
        while self.checkpoints.lacks(until) {
            let after = self.checkpoints.last;
            let page = move |reader: &mut Reader| reader.log_pages().checkpoints(log, after, PAGE);
            let unread = self.checkpoints.take(check.read(page).await?, findings);
            self.unread.extend(unread);
        }
        Ok(())
    }

    /// The roots that are claimed within `until` leaves, by size.
    pub(super) fn roots(&self, until: u64, more: Option<(u64, Digest)>) -> Vec<(u64, Digest)> {
        let claims = self.checkpoints.claims().chain(self.anchors.claims());
        let mut roots: Vec<_> = claims.chain(more).collect();
        roots.retain(|(size, _)| *size <= until);
        roots.sort_unstable();
        roots
    }

    /// Compares the claims with the roots at their sizes, a piece at a time where it holds up
    /// nobody.
    pub(super) async fn compare(
        mut self,
        roots: Roots,
        findings: &mut Findings,
    ) -> Result<Self, StepError> {
        let roots = Arc::new(roots);
        loop {
            let of_step = Arc::clone(&roots);
            let (claims, found, more) = aside(move || {
                let mut found = Findings::default();
                let more = self.compare_piece(&of_step, &mut found);
                (self, found, more)
            })
            .await?;
            self = claims;
            findings.extend(found);
            if !more {
                return Ok(self);
            }
        }
    }

    /// Whether more is left of them.
    fn compare_piece(&mut self, roots: &Roots, findings: &mut Findings) -> bool {
        let Some(until) = roots.keys().next_back().copied() else {
            return false;
        };
        for _ in 0..PIECE {
            let Some(row) = self.checkpoints.next_within(until) else {
                self.compare_anchors(until, roots, findings);
                return false;
            };
            self.signed.insert(row.size);
            if let Some(problem) = self.fault_of(&row, roots.get(&row.size)) {
                findings.add(FindingKind::Checkpoint, row.size, problem);
            }
        }
        true
    }

    /// After the checkpoints of the same sizes.
    fn compare_anchors(&mut self, until: u64, roots: &Roots, findings: &mut Findings) {
        while let Some(row) = self.anchors.next_within(until) {
            self.compare_anchor(&row, roots, findings);
            let size = row.new.size;
            let has_row = self.signed.contains(&size) || self.unread.contains(&size);
            if size > 0 && !has_row && roots.contains_key(&size) {
                let problem = "an anchor has no checkpoint";
                findings.add(FindingKind::NoCheckpoint, size, problem);
            }
        }
        self.signed.clear();
    }

    /// Passes over what could not be compared, where the walk is broken.
    pub(super) fn drop_until(&mut self, until: u64) {
        while self.checkpoints.next_within(until).is_some() {}
        while self.anchors.next_within(until).is_some() {}
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

    fn compare_anchor(&mut self, anchor: &Anchor, roots: &Roots, findings: &mut Findings) {
        let before = std::mem::replace(&mut self.reached, anchor.new.size);
        let problem = match roots.get(&anchor.new.size) {
            _ if anchor.new.size < before => Some("an earlier anchor covers more leaves"),
            Some(root) if *root == anchor.new.root => None,
            Some(_) => Some("the log has another root at this size"),
            None if anchor.new.size == before => None,
            None => Some("no log has this size"),
        };
        if let Some(problem) = problem {
            findings.add(FindingKind::Anchor, anchor.new.seq, problem);
        }
    }

    /// What claims more leaves than the log has: compared with its row, read after it. Of a
    /// log that has ended an anchor beyond it is why it was ended.
    pub(super) async fn beyond<L: Ledger>(
        &mut self,
        check: &LogCheck<L>,
        log: &Log,
        extent: Extent,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        self.drop_until(self.size);
        let id = log.id;
        let (after, seq) = (
            i64::try_from(self.size).unwrap_or(i64::MAX),
            self.anchors
                .waiting
                .front()
                .map_or(self.anchors.last, |row| {
                    i64::try_from(row.new.seq).map_or(self.anchors.last, |seq| seq - 1)
                }),
        );
        let read = move |reader: &mut Reader| {
            let checkpoints = reader.log_pages().checkpoints(id, after, PAGE)?;
            let anchors = reader.log_pages().anchors(id, seq, PAGE)?;
            let log = reader.logs().get(id)?.ok_or(Error::Corrupt("log"))?;
            Ok((checkpoints, anchors, log.size))
        };
        let (checkpoints, anchors, stated) = check.read(read).await?;
        let now = extent.later(stated);
        let mut beyond = false;
        for Numbered { number, row } in checkpoints {
            // One that cannot be read was named when it was read.
            let named = row.is_err() && number <= self.checkpoints.last;
            if !named && u64::try_from(number).is_ok_and(|size| size > now) {
                beyond = true;
                let problem = "the checkpoint covers more leaves than there are";
                findings.add(FindingKind::Checkpoint, number, problem);
            }
        }
        for Numbered { number, row } in anchors {
            match row {
                Ok(row) if row.new.size > now && !log.ended => {
                    beyond = true;
                    let problem = "the anchor covers more leaves than there are";
                    findings.add(FindingKind::Anchor, number, problem);
                }
                Err(_) if number > self.anchors.last => {
                    findings.add(FindingKind::Anchor, number, Anchor::UNREADABLE);
                }
                _ => {}
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;
    use tlog::notes::log_key::LogKey;

    /// Between two pieces a service that waits can be stopped, and nobody waits for one.
    #[test]
    fn signatures_are_verified_a_piece_at_a_time() {
        let origin: Origin = "gw.test/log/a".parse().unwrap();
        let key = LogKey::from_seed(origin.clone(), &[1; 32]);
        let (mut roots, mut page) = (Roots::new(), Vec::new());
        for size in 1..=2 * PIECE as u64 + 1 {
            let root = Digest::new([u8::try_from(size % 251).unwrap(); 32]);
            let row = StoredCheckpoint {
                size,
                root,
                time: Timestamp::from_millis(0).unwrap(),
                note: key.sign(size, root),
            };
            let number = i64::try_from(size).unwrap();
            page.push(Numbered {
                number,
                row: Ok(row),
            });
            roots.insert(size, root);
        }
        let mut findings = Findings::default();
        let mut claims = Claims::new(page.len() as u64, vec![key.vkey()], origin);
        assert!(claims.checkpoints.take(page, &mut findings).is_empty());
        let seen = [(); 3].map(|()| {
            let more = claims.compare_piece(&roots, &mut findings);
            (more, claims.checkpoints_seen())
        });
        let piece = PIECE as u64;
        assert_eq!(
            seen,
            [(true, piece), (true, 2 * piece), (false, 2 * piece + 1)]
        );
        assert_eq!(findings.total(), 0, "{findings:?}");
    }
}
