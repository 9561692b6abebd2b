//! The tables of one log from end to end, a page at a time, for whoever compares them with
//! each other. A row that holds what no row of ours can is given as such and not refused,
//! because to find it is the purpose.

use crate::{
    Access, Anchor, Error, LogRowId, StoredCheckpoint, Tile,
    anchoring::anchors,
    column,
    log::logs,
    schema::{anchor, checkpoint, leaf, tile},
};
use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use model::Commitment;

/// The part of a leaf that the tree is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The index in the log.
    pub index: u64,
    /// What the log holds; `None` where that has not 32 bytes.
    pub commitment: Option<Commitment>,
}

/// A row by its number in the log, with what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered<T> {
    /// The size of a checkpoint, the seq of an anchor; below 1 in a row of somebody else's.
    pub number: i64,
    /// `Corrupt` where the row cannot be read.
    pub row: Result<T, Error>,
}

/// The view of whole logs.
pub struct LogPages<'a, A> {
    pub(crate) access: &'a mut A,
}

fn of_level(level: u8, (index, hashes): (i64, Vec<u8>)) -> Result<Tile, Error> {
    let index = column::number(index)?;
    Ok(Tile {
        level,
        index,
        hashes,
    })
}

impl<A: Access> LogPages<'_, A> {
    /// The leaves with an index from `from` on and below `until`, in order.
    pub fn entries(&mut self, log: LogRowId, from: u64, until: u64) -> Result<Vec<Entry>, Error> {
        let (from, until): (i64, i64) = (column::number(from)?, column::number(until)?);
        let query = leaf::table
            .filter(leaf::log_id.eq(log.0))
            .filter(leaf::idx.ge(from).and(leaf::idx.lt(until)))
            .order(leaf::idx)
            .select((leaf::idx, leaf::commitment));
        // Row by row, so that the rows' own buffers are not all held at once.
        let entries = self.access.query(|conn| {
            query
                .load_iter::<(i64, Vec<u8>), diesel::connection::DefaultLoadingMode>(conn)?
                .map(|row| row.map(|(index, bytes)| (index, column::commitment(&bytes).ok())))
                .collect::<diesel::QueryResult<Vec<_>>>()
        })?;
        let entry = |(index, commitment): (i64, Option<Commitment>)| {
            Ok(Entry {
                index: column::number(index)?,
                commitment,
            })
        };
        entries.into_iter().map(entry).collect()
    }

    /// At most `limit` indices of leaves below 0 or from `size` on, the largest first.
    pub fn entries_outside(
        &mut self,
        log: LogRowId,
        size: u64,
        limit: u32,
    ) -> Result<Vec<i64>, Error> {
        let size: i64 = column::number(size)?;
        let beyond = leaf::table
            .filter(leaf::log_id.eq(log.0))
            .filter(leaf::idx.ge(size))
            .order(leaf::idx.desc())
            .limit(i64::from(limit))
            .select(leaf::idx);
        let below = leaf::table
            .filter(leaf::log_id.eq(log.0))
            .filter(leaf::idx.lt(0))
            .order(leaf::idx.desc())
            .limit(i64::from(limit))
            .select(leaf::idx);
        self.access.query(|conn| {
            let mut found: Vec<i64> = beyond.load(conn)?;
            found.extend(below.load::<i64>(conn)?);
            Ok(found)
        })
    }

    /// The largest index of a leaf below `size`.
    pub fn last_entry(&mut self, log: LogRowId, size: u64) -> Result<Option<u64>, Error> {
        let size: i64 = column::number(size)?;
        let query = leaf::table
            .filter(leaf::log_id.eq(log.0))
            .filter(leaf::idx.ge(0).and(leaf::idx.lt(size)))
            .order(leaf::idx.desc())
            .select(leaf::idx);
        let found: Option<i64> = self.access.query(|conn| query.first(conn).optional())?;
        found.map(column::number).transpose()
    }

    /// The smallest index of a leaf from `from` on.
    pub fn first_entry(&mut self, log: LogRowId, from: u64) -> Result<Option<u64>, Error> {
        let from: i64 = column::number(from)?;
        let query = leaf::table
            .filter(leaf::log_id.eq(log.0))
            .filter(leaf::idx.ge(from))
            .order(leaf::idx)
            .select(leaf::idx);
        let found: Option<i64> = self.access.query(|conn| query.first(conn).optional())?;
        found.map(column::number).transpose()
    }

    /// The tile of the lowest level with the largest index below `count`.
    pub fn last_tile(&mut self, log: LogRowId, count: u64) -> Result<Option<Tile>, Error> {
        let count: i64 = column::number(count)?;
        let query = tile::table
            .filter(tile::log_id.eq(log.0))
            .filter(tile::level.eq(0_i16))
            .filter(tile::idx.ge(0).and(tile::idx.lt(count)))
            .order(tile::idx.desc())
            .select((tile::idx, tile::hashes));
        let found: Option<(i64, Vec<u8>)> =
            self.access.query(|conn| query.first(conn).optional())?;
        found.map(|row| of_level(0, row)).transpose()
    }

    /// The smallest index, from `from` on, of a tile of the lowest level.
    pub fn first_tile(&mut self, log: LogRowId, from: u64) -> Result<Option<u64>, Error> {
        let from: i64 = column::number(from)?;
        let query = tile::table
            .filter(tile::log_id.eq(log.0))
            .filter(tile::level.eq(0_i16))
            .filter(tile::idx.ge(from))
            .order(tile::idx)
            .select(tile::idx);
        let found: Option<i64> = self.access.query(|conn| query.first(conn).optional())?;
        found.map(column::number).transpose()
    }

    /// The tiles of a level with an index from `from` on and below `until`, in order.
    pub fn tiles(
        &mut self,
        log: LogRowId,
        level: u8,
        from: u64,
        until: u64,
    ) -> Result<Vec<Tile>, Error> {
        let (from, until): (i64, i64) = (column::number(from)?, column::number(until)?);
        let query = tile::table
            .filter(tile::log_id.eq(log.0))
            .filter(tile::level.eq(i16::from(level)))
            .filter(tile::idx.ge(from).and(tile::idx.lt(until)))
            .order(tile::idx)
            .select((tile::idx, tile::hashes));
        let rows: Vec<(i64, Vec<u8>)> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(|row| of_level(level, row)).collect()
    }

    /// At most `limit` places, level and index, of tiles beyond those that a tree has with
    /// so many tiles in each level, or below 0.
    pub fn tiles_outside(
        &mut self,
        log: LogRowId,
        tiles: &[u64],
        limit: u32,
    ) -> Result<Vec<(i16, i64)>, Error> {
        let of_log = || {
            tile::table
                .filter(tile::log_id.eq(log.0))
                .order((tile::level, tile::idx.desc()))
                .limit(i64::from(limit))
                .select((tile::level, tile::idx))
        };
        let levels = i16::try_from(tiles.len()).unwrap_or(i16::MAX);
        let other = of_log().filter(tile::level.lt(0).or(tile::level.ge(levels)));
        let mut found: Vec<(i16, i64)> = self.access.query(|conn| other.load(conn))?;
        for (level, count) in (0_i16..).zip(tiles) {
            let count: i64 = column::number(*count)?;
            let beyond = of_log()
                .filter(tile::level.eq(level))
                .filter(tile::idx.ge(count).or(tile::idx.lt(0)));
            found.extend(self.access.query(|conn| beyond.load::<(i16, i64)>(conn))?);
        }
        Ok(found)
    }

    /// At most `limit` checkpoints of a size of `most` or less, the largest first.
    pub fn newest_checkpoints(
        &mut self,
        log: LogRowId,
        most: i64,
        limit: u32,
    ) -> Result<Vec<Numbered<StoredCheckpoint>>, Error> {
        let query = checkpoint::table
            .filter(checkpoint::log_id.eq(log.0))
            .filter(checkpoint::size.le(most))
            .order(checkpoint::size.desc())
            .limit(i64::from(limit));
        let rows: Vec<logs::CheckpointRow> = self.access.query(|conn| query.load(conn))?;
        let read = |row: logs::CheckpointRow| Numbered {
            number: row.1,
            row: logs::read_checkpoint(row),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// At most `limit` checkpoints of a size above `after`, the smallest first.
    pub fn checkpoints(
        &mut self,
        log: LogRowId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Numbered<StoredCheckpoint>>, Error> {
        let query = checkpoint::table
            .filter(checkpoint::log_id.eq(log.0))
            .filter(checkpoint::size.gt(after))
            .order(checkpoint::size)
            .limit(i64::from(limit));
        let rows: Vec<logs::CheckpointRow> = self.access.query(|conn| query.load(conn))?;
        let numbered = |row: logs::CheckpointRow| Numbered {
            number: row.1,
            row: logs::read_checkpoint(row),
        };
        Ok(rows.into_iter().map(numbered).collect())
    }

    /// The highest number of a final anchor, whatever else its row holds.
    pub fn newest_final(&mut self, log: LogRowId) -> Result<Option<i64>, Error> {
        let query = anchor::table
            .filter(anchor::log_id.eq(log.0))
            .filter(anchor::state.eq("finalized"))
            .order(anchor::seq.desc())
            .select(anchor::seq);
        self.access.query(|conn| query.first(conn).optional())
    }

    /// At most `limit` anchors of a number above `after`, in order, without their evidence.
    pub fn anchors(
        &mut self,
        log: LogRowId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Numbered<Anchor>>, Error> {
        let query = anchor::table
            .filter(anchor::log_id.eq(log.0))
            .filter(anchor::seq.gt(after))
            .order(anchor::seq)
            .limit(i64::from(limit))
            .select(anchors::WITHOUT_EVIDENCE);
        let rows: Vec<anchors::BareRow> = self.access.query(|conn| query.load(conn))?;
        let numbered = |row: anchors::BareRow| Numbered {
            number: row.1,
            row: anchors::read_bare(row),
        };
        Ok(rows.into_iter().map(numbered).collect())
    }
}
