//! Leaves: each index of a log has one, each names one row, and the tree holds what they
//! say.

use super::{
    BATCH, Sweep,
    fault::{Fault, FaultKind, SweptTable},
    progress::{Batch, Pass},
};
use crate::failure::Failure;
use model::{Commitment, Digest};
use std::collections::BTreeMap;
use store::{LogEnd, LogRowId, NamedLeaf, Reader};
use tlog::{leaf, tile};

/// Leaves of a tile.
const TILE: i64 = 256;

/// Leaves as they were read, with what the tree holds of them.
struct Read {
    leaves: Vec<NamedLeaf>,
    /// By their place in the lowest level.
    tiles: BTreeMap<i64, Vec<Digest>>,
    end: LogEnd,
}

impl Sweep {
    pub(super) async fn leaves(
        &self,
        epoch: u32,
        after: i64,
        until: Option<i64>,
    ) -> Result<Batch, Failure> {
        let id = self.facility.id;
        let read = move |reader: &mut Reader| {
            let Some(log) = reader.logs().find_epoch(id, epoch)? else {
                return Ok(None);
            };
            // What has an index by then has a row and a place in the tree.
            let end = reader.sweep().end(log.id)?;
            let leaves = reader.sweep().leaves(id, log.id, after, BATCH)?;
            let tiles = tiles(reader, log.id, &leaves)?;
            Ok(end.map(|end| Read { leaves, tiles, end }))
        };
        let Some(read) = self.store.search("sweep: leaves", read).await? else {
            return Ok(Batch::of(Pass::pending()));
        };
        let until = until.unwrap_or(read.end.size);
        let last = read.leaves.last().map_or(after, |leaf| leaf.place);
        let more = read.leaves.len() >= BATCH as usize && last.saturating_add(1) < until;
        let mut batch = Batch::of(match more {
            true => Pass::Leaves {
                epoch,
                after: last,
                until: Some(until),
            },
            false => Pass::leaves(epoch.saturating_add(1)),
        });
        let mut expected = after.saturating_add(1).max(0);
        for leaf in &read.leaves {
            if leaf.place != expected {
                batch.faults.push(missing_index(leaf.place.min(expected)));
            }
            expected = leaf.place.saturating_add(1).max(expected);
            batch.check_leaf(SweptTable::Leaf, leaf);
            if !holds(&read.tiles, leaf) {
                let place = Some(leaf.place);
                let fault = Fault::of_name(FaultKind::Tree, SweptTable::Leaf, &leaf.name, place);
                batch.faults.push(fault);
            }
        }
        let length = read.end.last.map_or(0, |last| last.saturating_add(1));
        if !more && length != read.end.size {
            batch.faults.push(missing_index(length.min(read.end.size)));
        }
        Ok(batch)
    }

    pub(super) async fn pending(&self, after: i64, until: Option<i64>) -> Result<Batch, Failure> {
        let id = self.facility.id;
        let read = move |reader: &mut Reader| {
            let last = reader.sweep().last_pending(id)?;
            Ok((last, reader.sweep().pending(id, after, BATCH)?))
        };
        let (last, leaves) = self.store.search("sweep: pending leaves", read).await?;
        let until = until.or(last).unwrap_or(after);
        let more = leaves.last().filter(|leaf| leaf.place < until);
        let mut batch = Batch::of(match more {
            Some(leaf) if leaves.len() >= BATCH as usize => Pass::Pending {
                after: leaf.place,
                until: Some(until),
            },
            _ => Pass::Ended,
        });
        for leaf in &leaves {
            batch.check_leaf(SweptTable::PendingLeaf, leaf);
        }
        Ok(batch)
    }
}

impl Batch {
    fn check_leaf(&mut self, table: SweptTable, leaf: &NamedLeaf) {
        self.rows = self.rows.saturating_add(1);
        if leaf.rows != 1 {
            let place = Some(leaf.place);
            let fault = Fault::of_name(FaultKind::NoRow, table, &leaf.name, place);
            self.faults.push(fault);
        }
    }
}

fn missing_index(index: i64) -> Fault {
    Fault {
        index: Some(index),
        ..Fault::at(FaultKind::Index, SweptTable::Leaf)
    }
}

/// The lowest tiles over these leaves; what is no tile is left out.
fn tiles(
    reader: &mut Reader,
    log: LogRowId,
    leaves: &[NamedLeaf],
) -> Result<BTreeMap<i64, Vec<Digest>>, store::Error> {
    let mut tiles = BTreeMap::new();
    for leaf in leaves {
        let index = leaf.place.div_euclid(TILE);
        let Ok(of_log) = u64::try_from(index) else {
            continue;
        };
        if tiles.contains_key(&index) {
            continue;
        }
        let bytes = reader.logs().tile(log, 0, of_log)?;
        let hashes = bytes.and_then(|bytes| tile::hashes(&bytes));
        tiles.insert(index, hashes.unwrap_or_default());
    }
    Ok(tiles)
}

fn holds(tiles: &BTreeMap<i64, Vec<Digest>>, leaf: &NamedLeaf) -> bool {
    let tile = tiles.get(&leaf.place.div_euclid(TILE));
    let place = usize::try_from(leaf.place.rem_euclid(TILE)).ok();
    let held = tile.zip(place).and_then(|(tile, place)| tile.get(place));
    let own = Commitment::from_slice(&leaf.commitment).ok();
    own.is_some_and(|own| held == Some(&leaf::leaf_hash(&own)))
}
