//! Tiles of 256 hashes as published by C2SP (<https://c2sp.org/tlog-tiles>),
//! and how a tree grows in them.
//!
//! Level 0 holds leaf hashes; each hash of a higher level is the root of a full
//! tile below. The rightmost tile of a level may be partial. Where tiles are
//! kept, and under what transaction, is for the caller.

use crate::tree::{
    MAX_SIZE, TreeError, closed_tree,
    node::{empty_root, fold, perfect_root},
};
use model::Digest;
use std::{borrow::Cow, fmt};

/// Hashes in a full tile.
pub const WIDTH: u64 = 256;

/// The same, for counting in memory.
const FULL: usize = 256;

/// Levels of the tree that one tile spans.
pub(crate) const HEIGHT: u32 = 8;

/// Names a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for leaf hashes; at most 7 in a log of at most 2^62 leaves.
    pub level: u8,
    /// Place within the level, from 0.
    pub index: u64,
}

impl TileId {
    /// The path of this tile, partial when `width` is below 256: `tile/<L>/<N>`
    /// or `tile/<L>/<N>.p/<W>`.
    #[must_use]
    pub fn path(self, width: u16) -> String {
        let partial = match u64::from(width) {
            WIDTH.. => String::new(),
            width => format!(".p/{width}"),
        };
        format!("tile/{}/{}{partial}", self.level, index_path(self.index))
    }

    /// How many hashes the tile has in a tree of `size` leaves, 0 to 256.
    #[must_use]
    pub fn width(self, size: u64) -> u16 {
        let nodes = size
            .checked_shr(HEIGHT * u32::from(self.level))
            .unwrap_or(0);
        let before = self.index.saturating_mul(WIDTH);
        u16::try_from(nodes.saturating_sub(before).min(WIDTH)).unwrap_or(0)
    }
}

/// Groups of three digits, all but the last behind an `x`: `x001/x234/067`.
#[must_use]
pub fn index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.level, self.index)
    }
}

/// The hashes of a tile; `None` when the bytes are not 1 to 256 of them.
#[must_use]
pub fn hashes(bytes: &[u8]) -> Option<Vec<Digest>> {
    let whole = bytes.len().is_multiple_of(Digest::LEN) && (1..=8192).contains(&bytes.len());
    whole.then(|| {
        bytes
            .chunks(Digest::LEN)
            .map(Digest::from_slice)
            .collect::<Result<_, _>>()
            .ok()
    })?
}

/// A tree after leaves were appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrated {
    /// How many leaves there are now.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// The tiles that are new or wider than before, each with all its hashes;
    /// they replace what is stored.
    pub tiles: Vec<(TileId, Vec<u8>)>,
}

/// Appends leaf hashes to a tree of `old_size` leaves. Only the partial tiles
/// at its right edge are read; a stored tile may be wider than `old_size` says,
/// what is beyond is overwritten.
///
/// # Errors
/// When a tile of the right edge cannot be read or is missing, or the log would
/// grow too large.
pub fn integrate<E>(
    old_size: u64,
    new_leaf_hashes: &[Digest],
    mut read: impl FnMut(TileId) -> Result<Option<Vec<u8>>, E>,
) -> Result<Integrated, TreeError<E>> {
    let added = u64::try_from(new_leaf_hashes.len()).map_err(|_| TreeError::TooLarge)?;
    let size = old_size
        .checked_add(added)
        .filter(|size| *size <= MAX_SIZE)
        .ok_or(TreeError::TooLarge)?;
    let mut tiles = Vec::with_capacity(new_leaf_hashes.len() / 250 + 4);
    let mut edges = Vec::new();
    let mut level = Level {
        id: TileId { level: 0, index: 0 },
        hashes: Vec::new(),
    };
    let mut arriving = Cow::Borrowed(new_leaf_hashes);
    loop {
        level.load(old_size, &mut read)?;
        arriving = Cow::Owned(level.grow(&arriving, &mut tiles));
        edges.push(std::mem::take(&mut level.hashes));
        level.id.level += 1;
        if size
            .checked_shr(HEIGHT * u32::from(level.id.level))
            .unwrap_or(0)
            == 0
        {
            break;
        }
    }
    Ok(Integrated {
        size,
        root: edge_root(&edges),
        tiles,
    })
}

/// The right edge of one level: the tile that still has room.
struct Level {
    id: TileId,
    hashes: Vec<Digest>,
}

impl Level {
    /// Reads the partial tile of this level in a tree of `old_size` leaves.
    fn load<E>(
        &mut self,
        old_size: u64,
        read: &mut impl FnMut(TileId) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<(), TreeError<E>> {
        let nodes = old_size
            .checked_shr(HEIGHT * u32::from(self.id.level))
            .unwrap_or(0);
        self.id.index = nodes / WIDTH;
        let width = usize::try_from(nodes % WIDTH).map_err(|_| TreeError::TooLarge)?;
        if width > 0 {
            let bytes = read(self.id).map_err(TreeError::Read)?;
            let stored = bytes.as_deref().and_then(hashes);
            self.hashes = stored
                .and_then(|stored| stored.get(..width).map(<[_]>::to_vec))
                .ok_or(TreeError::Tile(self.id))?;
        }
        Ok(())
    }

    /// Appends what arrives from below; gives the roots of the tiles it fills.
    fn grow(&mut self, arriving: &[Digest], tiles: &mut Vec<(TileId, Vec<u8>)>) -> Vec<Digest> {
        let mut roots = Vec::with_capacity(arriving.len() / 256 + 1);
        let mut rest = arriving;
        while !rest.is_empty() {
            let room = FULL.saturating_sub(self.hashes.len());
            let (fits, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.hashes.extend_from_slice(fits);
            rest = after;
            tiles.push((self.id, self.bytes()));
            if self.hashes.len() == FULL {
                roots.extend(closed_tree::root(&self.hashes));
                self.hashes.clear();
                self.id.index += 1;
            }
        }
        roots
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Digest::LEN * self.hashes.len());
        for hash in &self.hashes {
            bytes.extend_from_slice(hash.as_bytes());
        }
        bytes
    }
}

/// The root over the right edge: in each level, from the top, its complete
/// subtrees, the largest first.
fn edge_root(edges: &[Vec<Digest>]) -> Digest {
    let mut parts = Vec::new();
    for hashes in edges.iter().rev() {
        let mut rest = hashes.as_slice();
        while let Some(height) = rest.len().checked_ilog2() {
            let Some((part, after)) = rest.split_at_checked(1 << height) else {
                break;
            };
            parts.extend(perfect_root(part));
            rest = after;
        }
    }
    fold(&parts).unwrap_or_else(empty_root)
}
