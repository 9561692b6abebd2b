//! Hashes of subtrees, read from tiles: what roots and proofs are made of.

use super::{MAX_SIZE, TreeError};
use crate::tree::{
    node::{fold, perfect_root},
    tile::{self, TileId},
};
use model::Digest;
use std::collections::BTreeMap;

/// Reads each tile at most once and gives hashes of subtrees.
pub(crate) struct Subtrees<'r, R> {
    read: &'r mut R,
    tiles: BTreeMap<TileId, Vec<Digest>>,
}

impl<'r, E, R: FnMut(TileId) -> Result<Option<Vec<u8>>, E>> Subtrees<'r, R> {
    /// For a tree of `size` leaves.
    pub(crate) fn new(read: &'r mut R, size: u64) -> Result<Self, TreeError<E>> {
        if size > MAX_SIZE {
            return Err(TreeError::TooLarge);
        }
        let tiles = BTreeMap::new();
        Ok(Self { read, tiles })
    }

    /// `MTH(D[begin:end])` for a `begin` that the subtree's shape allows: a
    /// multiple of the largest power of two that is at most `end - begin`.
    pub(crate) fn hash(&mut self, begin: u64, end: u64) -> Result<Digest, TreeError<E>> {
        let mut parts = Vec::new();
        let mut at = begin;
        while at < end {
            let height = (end - at).ilog2();
            parts.push(self.complete(height, at >> height)?);
            at += 1 << height;
        }
        fold(&parts).ok_or(TreeError::Beyond)
    }

    /// The hash of the `index`-th complete subtree of 2^`height` leaves.
    fn complete(&mut self, height: u32, index: u64) -> Result<Digest, TreeError<E>> {
        let within = height % tile::HEIGHT;
        let level = u8::try_from(height / tile::HEIGHT).map_err(|_| TreeError::TooLarge)?;
        let first = index << within;
        let id = TileId {
            level,
            index: first / tile::WIDTH,
        };
        let begin = usize::try_from(first % tile::WIDTH).map_err(|_| TreeError::TooLarge)?;
        if !self.tiles.contains_key(&id) {
            let bytes = (self.read)(id).map_err(TreeError::Read)?;
            let hashes = bytes
                .as_deref()
                .and_then(tile::hashes)
                .ok_or(TreeError::Tile(id))?;
            self.tiles.insert(id, hashes);
        }
        self.tiles
            .get(&id)
            .and_then(|hashes| hashes.get(begin..begin + (1 << within)))
            .and_then(perfect_root)
            .ok_or(TreeError::Tile(id))
    }
}
