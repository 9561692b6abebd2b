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
use tlog::{leaf, tree::tile};

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
    pub(super) async fn next_log(&self, after: Option<i64>) -> Result<Batch, Failure> {
        let id = self.facility.id;
        let read = move |reader: &mut Reader| reader.sweep().next_log(id, after);
        let Some(log) = self.store.search("sweep: logs", read).await? else {
            return Ok(Batch::of(Pass::Pending {
                after: None,
                until: None,
            }));
        };
        let mut batch = Batch::of(Pass::Leaves {
            epoch: log.epoch,
            after: None,
            until: None,
        });
        // Epochs count from 1.
        let expected = after.map_or(1, |epoch| epoch.saturating_add(1).max(1));
        if log.epoch != expected {
            batch.faults.push(wrong_log(log.epoch.min(expected)));
        }
        if !log.is_readable {
            batch.faults.push(wrong_log(log.epoch));
        }
        Ok(batch)
    }

    pub(super) async fn leaves(
        &self,
        epoch: i64,
        after: Option<i64>,
        until: Option<i64>,
    ) -> Result<Batch, Failure> {
        let id = self.facility.id;
        let read = move |reader: &mut Reader| {
            let Some(log) = reader.sweep().log(id, epoch)? else {
                return Ok(None);
            };
            // What has an index by then has a row and a place in the tree.
            let end = reader.sweep().end(log)?;
            let leaves = reader.sweep().leaves(id, log, after, BATCH)?;
            let tiles = tiles(reader, log, &leaves)?;
            Ok(end.map(|end| Read { leaves, tiles, end }))
        };
        let Some(read) = self.store.search("sweep: leaves", read).await? else {
            // It was there a step before.
            let mut batch = Batch::of(Pass::Logs { after: Some(epoch) });
            batch.faults.push(wrong_log(epoch));
            return Ok(batch);
        };
        let until = until.unwrap_or(read.end.size);
        let last = read.leaves.last().map(|leaf| leaf.place);
        let more = last
            .filter(|last| read.leaves.len() >= BATCH as usize && last.saturating_add(1) < until);
        let mut batch = Batch::of(match more {
            Some(last) => Pass::Leaves {
                epoch,
                after: Some(last),
                until: Some(until),
            },
            None => Pass::Logs { after: Some(epoch) },
        });
        let mut expected = after.map_or(0, |last| last.saturating_add(1).max(0));
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
        if more.is_none() && length != read.end.size {
            batch.faults.push(missing_index(length.min(read.end.size)));
        }
        Ok(batch)
    }

    pub(super) async fn pending(
        &self,
        after: Option<i64>,
        until: Option<i64>,
    ) -> Result<Batch, Failure> {
        let id = self.facility.id;
        let read = move |reader: &mut Reader| {
            let last = reader.sweep().last_pending(id)?;
            Ok((last, reader.sweep().pending(id, after, BATCH)?))
        };
        let (last, leaves) = self.store.search("sweep: pending leaves", read).await?;
        let until = until.or(last);
        let more = leaves.last().filter(|leaf| Some(leaf.place) < until);
        let mut batch = Batch::of(match more {
            Some(leaf) if leaves.len() >= BATCH as usize => Pass::Pending {
                after: Some(leaf.place),
                until,
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
        let kind = match (leaf.rows, leaf.leaves) {
            (1, 1) => return,
            // Also where the row was looked at before this leaf got its name.
            (1, _) => FaultKind::ManyLeaves,
            _ => FaultKind::NoRow,
        };
        let place = Some(leaf.place);
        self.faults
            .push(Fault::of_name(kind, table, &leaf.name, place));
    }
}

fn wrong_log(epoch: i64) -> Fault {
    Fault {
        version: Some(epoch),
        ..Fault::at(FaultKind::Log, SweptTable::Log)
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
