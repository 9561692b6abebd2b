//! The tiles above the lowest, beside what is below them.

use super::{
    FindingKind, Findings, LogCheck,
    extent::Extent,
    pair::{MISSING_TILE, NOT_BELOW},
    walk::{Edge, Walk},
};
use crate::{failure::StepError, ledger::Ledger};
use model::Digest;
use store::{Error, LogRowId, Reader};
use tlog::tree::tile::{self, TileId, WIDTH};

/// The number of tiles in each level of a tree of this size.
pub(super) fn counts(size: u64) -> Vec<u64> {
    let (mut counts, mut nodes) = (Vec::new(), size);
    while nodes > 0 {
        counts.push(nodes.div_ceil(WIDTH));
        nodes /= WIDTH;
    }
    counts
}

/// Compares the tiles that have become full, from level 1 upwards.
pub(super) async fn compare_full<L: Ledger>(
    check: &LogCheck<L>,
    log: LogRowId,
    walk: &mut Walk,
    findings: &mut Findings,
) -> Result<(), StepError> {
    let mut level = 1;
    while let Some(edge) = walk.full_edge(usize::from(level)) {
        compare(check, log, (level, &edge), walk.is_whole(), findings).await?;
        level += 1;
    }
    Ok(())
}

/// Compares what is left at the right edge, and the width of every tile there. The log's
/// row is read after the tiles, which grow with it.
pub(super) async fn compare_edge<L: Ledger>(
    check: &LogCheck<L>,
    log: LogRowId,
    extent: Extent,
    walk: &Walk,
    findings: &mut Findings,
) -> Result<(), StepError> {
    for (level, edge) in walk.edges().filter(|(_, edge)| !edge.hashes.is_empty()) {
        compare(check, log, (level, edge), walk.is_whole(), findings).await?;
    }
    for (level, count) in (0_u8..).zip(counts(extent.size)) {
        let id = TileId {
            level,
            index: count.saturating_sub(1),
        };
        let read = move |reader: &mut Reader| {
            let hashes = reader.logs().tile(log, id.level, id.index)?;
            let row = reader.logs().get(log)?.ok_or(Error::Corrupt("log"))?;
            Ok((hashes, row.size))
        };
        let (hashes, stated) = check.read(read).await?;
        let width = usize::from(id.width(extent.later(stated))).saturating_mul(Digest::LEN);
        if hashes.is_some_and(|hashes| hashes.len() > width) {
            findings.add(FindingKind::Tile, id, "the tile is wider than the log");
        }
    }
    Ok(())
}

async fn compare<L: Ledger>(
    check: &LogCheck<L>,
    log: LogRowId,
    (level, edge): (u8, &Edge),
    is_whole: bool,
    findings: &mut Findings,
) -> Result<(), StepError> {
    let id = TileId {
        level,
        index: edge.index,
    };
    let read = move |reader: &mut Reader| reader.logs().tile(log, id.level, id.index);
    let stored = check.read(read).await?;
    let stored = stored.as_deref().and_then(tile::hashes);
    match stored
        .as_ref()
        .and_then(|hashes| hashes.get(..edge.hashes.len()))
    {
        None => findings.add(FindingKind::Tile, id, MISSING_TILE),
        // What is below is not known everywhere then.
        Some(_) if !is_whole => {}
        Some(stored) if stored != edge.hashes => findings.add(FindingKind::Tile, id, NOT_BELOW),
        Some(_) => {}
    }
    Ok(())
}
