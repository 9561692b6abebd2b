//! The entries of one tile of the lowest level beside the tile.

use super::finding::{FindingKind, Findings};
use model::Digest;
use std::cmp::Ordering;
use tlog::tree::{
    CompactRange,
    tile::{TileId, WIDTH},
};

pub(super) const NOT_BELOW: &str = "the tile is not what is below it";
pub(super) const MISSING_TILE: &str = "the tile is missing or too narrow";

/// The entries of one tile and the tile.
pub(super) struct Pair {
    pub(super) first: u64,
    /// How many there must be.
    pub(super) width: usize,
    /// By index: `None` where none is, and inside it `None` where it cannot be read.
    pub(super) entries: Vec<Option<Option<Digest>>>,
    /// `None` where none is; no hashes where it cannot be read.
    pub(super) tile: Option<Vec<Digest>>,
    /// What the next level has for the whole tile.
    pub(super) above: Option<Digest>,
}

impl Pair {
    fn id(&self) -> TileId {
        TileId {
            level: 0,
            index: self.first / WIDTH,
        }
    }

    /// Whether nothing of it stands.
    pub(super) fn is_absent(&self) -> bool {
        self.tile.is_none() && self.entries.iter().all(Option::is_none)
    }

    /// Names what does not fit; gives what the tree has here, when one of the two is whole.
    pub(super) fn settle(
        &self,
        before: &CompactRange,
        claims: &[(u64, Digest)],
        findings: &mut Findings,
    ) -> Option<Vec<Digest>> {
        let entries: Option<Vec<Digest>> =
            self.entries.iter().map(|entry| entry.flatten()).collect();
        let tile = self.tile.as_ref().and_then(|tile| tile.get(..self.width));
        match (entries, tile) {
            (Some(entries), Some(tile)) if entries == tile => Some(entries),
            (Some(entries), Some(tile)) => {
                let fits =
                    |hashes: &[Digest]| (self.is_above(hashes), fitting(before, hashes, claims));
                Some(self.judge(entries, tile, fits, findings))
            }
            (Some(entries), None) => {
                self.tile_is_cut(findings);
                Some(entries)
            }
            (None, Some(tile)) => {
                self.name_entries(tile, FindingKind::Entry, findings);
                Some(tile.to_vec())
            }
            (None, None) => {
                self.tile_is_cut(findings);
                self.name_entries(&[], FindingKind::Entry, findings);
                None
            }
        }
    }

    /// Both are whole and differ: the one that fits more of what stands above is right.
    fn judge<F: Ord>(
        &self,
        entries: Vec<Digest>,
        tile: &[Digest],
        fits: impl Fn(&[Digest]) -> F,
        findings: &mut Findings,
    ) -> Vec<Digest> {
        match fits(&entries).cmp(&fits(tile)) {
            Ordering::Less => {
                self.name_entries(tile, FindingKind::Entry, findings);
                return tile.to_vec();
            }
            Ordering::Greater => findings.add(FindingKind::Tile, self.id(), NOT_BELOW),
            Ordering::Equal => self.name_entries(tile, FindingKind::EntryOrTile, findings),
        }
        entries
    }

    /// Whether the next level has the root over these.
    fn is_above(&self, hashes: &[Digest]) -> bool {
        let full = self.width == WIDTH as usize;
        full && self.above.is_some() && root_of(hashes) == self.above
    }

    fn tile_is_cut(&self, findings: &mut Findings) {
        findings.add(FindingKind::Tile, self.id(), MISSING_TILE);
    }

    /// Names the entries that are missing or are not what `tile` holds.
    fn name_entries(&self, tile: &[Digest], differ: FindingKind, findings: &mut Findings) {
        let hashes = tile.iter().map(Some).chain(std::iter::repeat(None));
        for ((index, entry), hash) in (self.first..).zip(&self.entries).zip(hashes) {
            match (entry, hash) {
                (None, _) => findings.add(FindingKind::NoEntry, index, "the leaf is missing"),
                (Some(None), _) => {
                    findings.add(FindingKind::Entry, index, "the leaf cannot be read")
                }
                (Some(Some(entry)), Some(hash)) if entry != hash => findings.add(
                    differ,
                    index,
                    match differ {
                        FindingKind::Entry => "the leaf is not what its tile holds",
                        _ => "the leaf and the last tile differ",
                    },
                ),
                _ => {}
            }
        }
    }
}

/// The number of claims that a tree with these hashes at its end bears out.
fn fitting(before: &CompactRange, hashes: &[Digest], claims: &[(u64, Digest)]) -> usize {
    let mut tree = before.clone();
    let mut fitting = 0;
    for hash in hashes {
        tree.push(*hash);
        let (size, root) = (tree.size(), tree.root());
        fitting += claims
            .iter()
            .filter(|claim| **claim == (size, root))
            .count();
    }
    fitting
}

/// The root over the hashes of a full tile.
pub(super) fn root_of(hashes: &[Digest]) -> Option<Digest> {
    let mut range = CompactRange::new();
    range.extend(hashes.iter().copied());
    (!hashes.is_empty()).then(|| range.root())
}
