//! The tree of a log, walked from the left: entries beside the tiles, every tile beside
//! those above it, and the root at each size that somebody claims one for.
//!
//! Where an entry and its tile differ, the hash in the tile above says which of the two was
//! changed, and at the end, where there is none yet, what checkpoints and anchors claim. The
//! walk goes on with the other: one fault is found once.

use super::finding::{FindingKind, Findings};
use model::Digest;
use std::{cmp::Ordering, collections::BTreeMap};
use store::{Entry, Tile};
use tlog::{
    leaf::leaf_hash,
    tile::{self, TileId, WIDTH},
    tree::CompactRange,
};

/// Tiles of the lowest level in a step: those below one tile of the next level.
const STEP_TILES: u64 = WIDTH;
/// Leaves in a step.
pub(super) const STEP: u64 = STEP_TILES * WIDTH;

/// How far a walk has come.
#[derive(Debug, Default)]
pub(super) struct Walk {
    tree: CompactRange,
    /// For each level from 1 on, the hashes that its tile at the right edge has so far, and
    /// the index of that tile.
    edges: Vec<Edge>,
    /// Neither entry nor tile is there: no root above is known.
    broken: bool,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Edge {
    pub(super) index: u64,
    pub(super) hashes: Vec<Digest>,
}

/// What is read for one step.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Leaves that the log has.
    pub(super) size: u64,
    pub(super) entries: Vec<Entry>,
    /// Of the lowest level.
    pub(super) tiles: Vec<Tile>,
    /// The tile of level 1 that stands above them.
    pub(super) above: Option<Vec<u8>>,
    /// The roots that are claimed within the step, by size.
    pub(super) claims: Vec<(u64, Digest)>,
}

impl Walk {
    pub(super) const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Whether there is a root; none above a place where nothing is left.
    pub(super) const fn is_whole(&self) -> bool {
        !self.broken
    }

    /// The root over all that was walked.
    pub(super) fn root(&self) -> Option<Digest> {
        self.is_whole().then(|| self.tree.root())
    }

    /// The tiles of the right edge, from level 1 on, that have `WIDTH` hashes or, at the
    /// end, any: to be compared with what is stored. Those that are full go on upwards.
    pub(super) fn full_edge(&mut self, level: usize) -> Option<Edge> {
        let edge = self.edges.get_mut(level.checked_sub(1)?)?;
        if edge.hashes.len() < WIDTH as usize {
            return None;
        }
        let full = std::mem::take(edge);
        edge.index = full.index + 1;
        if let Some(root) = root_of(&full.hashes) {
            self.push_edge(level + 1, root);
        }
        Some(full)
    }

    /// What is left at the right edge of each level from 1 on.
    pub(super) fn edges(&self) -> impl Iterator<Item = (u8, &Edge)> {
        (1..).zip(&self.edges)
    }

    fn push_edge(&mut self, level: usize, hash: Digest) {
        while self.edges.len() < level {
            self.edges.push(Edge::default());
        }
        if let Some(edge) = self.edges.get_mut(level - 1) {
            edge.hashes.push(hash);
        }
    }

    /// Takes a step; gives the roots at the sizes that something is claimed of.
    pub(super) fn step(&mut self, step: &Step, findings: &mut Findings) -> BTreeMap<u64, Digest> {
        let first = self.size();
        let until = step.size.min(first.saturating_add(STEP));
        let above = step.above.as_deref().and_then(tile::hashes);
        let mut entries = step.entries.iter().peekable();
        let mut tiles = step.tiles.iter().peekable();
        let (mut roots, mut sizes) = (
            BTreeMap::new(),
            step.claims.iter().map(|(size, _)| *size).peekable(),
        );
        let mut at = first;
        while at < until {
            let end = until.min(at + WIDTH);
            let index = at / WIDTH;
            let of_tile = Pair {
                first: at,
                width: usize::try_from(end - at).unwrap_or_default(),
                entries: (at..end)
                    .map(|index| {
                        let found = entries.next_if(|entry| entry.index == index)?;
                        Some(found.commitment.as_ref().map(leaf_hash))
                    })
                    .collect(),
                tile: tiles
                    .next_if(|tile| tile.index == index)
                    .map(|tile| tile::hashes(&tile.hashes).unwrap_or_default()),
                above: above
                    .as_ref()
                    .and_then(|above| above.get(usize::try_from(index % WIDTH).ok()?).copied()),
            };
            match of_tile.settle(&self.tree, &step.claims, findings) {
                Some(hashes) => self.grow(&hashes, &mut sizes, &mut roots),
                None => {
                    self.broken = true;
                    // The walk goes on for the entries and tiles to come.
                    let unknown = vec![Digest::ZERO; of_tile.width];
                    self.grow(&unknown, &mut sizes, &mut BTreeMap::new());
                }
            }
            at = end;
        }
        roots
    }

    fn grow(
        &mut self,
        hashes: &[Digest],
        sizes: &mut std::iter::Peekable<impl Iterator<Item = u64>>,
        roots: &mut BTreeMap<u64, Digest>,
    ) {
        for hash in hashes {
            self.tree.push(*hash);
            while sizes.next_if(|size| *size <= self.tree.size()).is_some() {
                roots.insert(self.tree.size(), self.tree.root());
            }
        }
        if hashes.len() == WIDTH as usize
            && let Some(root) = root_of(hashes)
        {
            self.push_edge(1, root);
        }
    }
}

/// The entries of one tile and the tile.
struct Pair {
    first: u64,
    /// How many there must be.
    width: usize,
    /// By index: `None` where none is, and inside it `None` where it cannot be read.
    entries: Vec<Option<Option<Digest>>>,
    /// `None` where none is; no hashes where it cannot be read.
    tile: Option<Vec<Digest>>,
    /// What the next level has for the whole tile.
    above: Option<Digest>,
}

impl Pair {
    fn id(&self) -> TileId {
        TileId {
            level: 0,
            index: self.first / WIDTH,
        }
    }

    /// Names what does not fit; gives what the tree has here, when one of the two is whole.
    fn settle(
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
                Some(self.judge((entries, tile), fits, findings))
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
        (entries, tile): (Vec<Digest>, &[Digest]),
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

pub(super) const NOT_BELOW: &str = "the tile is not what is below it";
pub(super) const MISSING_TILE: &str = "the tile is missing or too narrow";

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
fn root_of(hashes: &[Digest]) -> Option<Digest> {
    let mut range = CompactRange::new();
    range.extend(hashes.iter().copied());
    (!hashes.is_empty()).then(|| range.root())
}
