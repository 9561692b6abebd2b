//! The tree of a log, walked from the left: entries beside the tiles, every tile beside
//! those above it, and the root at each size that somebody claims one for.
//!
//! Where an entry and its tile differ, the hash in the tile above says which of the two was
//! changed, and at the end, where there is none yet, what checkpoints and anchors claim. The
//! walk goes on with the other: one fault is found once.

use super::{
    finding::{FindingKind, Findings},
    pair::{Pair, root_of},
};
use model::Digest;
use std::{collections::BTreeMap, iter::Peekable};
use store::{Entry, Tile};
use tlog::{
    leaf::leaf_hash,
    tree::{
        CompactRange,
        tile::{self, WIDTH},
    },
};

/// Tiles of the lowest level in a step: those below one tile of the next level.
const STEP_TILES: u64 = WIDTH;
/// Leaves in a step.
pub(super) const STEP: u64 = STEP_TILES * WIDTH;

/// The roots of a log by size.
pub(super) type Roots = BTreeMap<u64, Digest>;

/// How far a walk has come.
#[derive(Debug, Default)]
pub(super) struct Walk {
    tree: CompactRange,
    /// Leaves that were walked over: those of the tree, as long as it is whole.
    size: u64,
    /// For each level from 1 on, the hashes that its tile at the right edge has so far, and
    /// the index of that tile.
    edges: Vec<Edge>,
    /// Neither entry nor tile is there: no root above is known.
    broken: bool,
    /// Nothing stands where the walk is; the gap has a finding already.
    in_gap: bool,
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

impl Step {
    /// Whether neither a leaf nor a tile stands there.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.tiles.is_empty()
    }
}

impl Walk {
    pub(super) const fn size(&self) -> u64 {
        self.size
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
    pub(super) fn step(&mut self, step: &Step, findings: &mut Findings) -> Roots {
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
            self.take(&of_tile, &step.claims, &mut sizes, &mut roots, findings);
            at = end;
        }
        roots
    }

    /// Takes one tile with its entries.
    fn take(
        &mut self,
        pair: &Pair,
        claims: &[(u64, Digest)],
        sizes: &mut Peekable<impl Iterator<Item = u64>>,
        roots: &mut Roots,
        findings: &mut Findings,
    ) {
        if pair.is_absent() {
            self.enter_gap(findings);
            return self.pass(pair.width);
        }
        self.in_gap = false;
        let hashes = pair.settle(&self.tree, claims, findings);
        self.broken |= hashes.is_none();
        match hashes.filter(|_| !self.broken) {
            Some(hashes) => self.grow(&hashes, sizes, roots),
            // The walk goes on for the entries and tiles to come.
            None => self.pass(pair.width),
        }
    }

    /// Goes on behind leaves of which nothing stands, neither entry nor tile.
    pub(super) fn skip_to(&mut self, size: u64, findings: &mut Findings) {
        self.enter_gap(findings);
        self.size = size;
        self.edges.clear();
        let mut hashes = size / WIDTH;
        while hashes > 0 {
            let width = usize::try_from(hashes % WIDTH).unwrap_or_default();
            self.edges.push(Edge {
                index: hashes / WIDTH,
                hashes: vec![Digest::ZERO; width],
            });
            hashes /= WIDTH;
        }
    }

    fn enter_gap(&mut self, findings: &mut Findings) {
        if !self.in_gap {
            let problem = "no leaf and no tile stands from here on to the next that does";
            findings.add(FindingKind::NoEntry, self.size, problem);
        }
        (self.in_gap, self.broken) = (true, true);
    }

    /// Goes over leaves whose hashes are not known.
    fn pass(&mut self, width: usize) {
        self.size += width as u64;
        if width == WIDTH as usize {
            self.push_edge(1, Digest::ZERO);
        }
    }

    fn grow(
        &mut self,
        hashes: &[Digest],
        sizes: &mut Peekable<impl Iterator<Item = u64>>,
        roots: &mut Roots,
    ) {
        for hash in hashes {
            self.tree.push(*hash);
            while sizes.next_if(|size| *size <= self.tree.size()).is_some() {
                roots.insert(self.tree.size(), self.tree.root());
            }
        }
        self.size = self.tree.size();
        if hashes.len() == WIDTH as usize
            && let Some(root) = root_of(hashes)
        {
            self.push_edge(1, root);
        }
    }
}
