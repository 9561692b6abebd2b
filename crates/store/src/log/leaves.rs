//! Leaves of the log: those that wait for an index, and those that have one.

use crate::{
    Access, Error, FacilityId, Log, LogRowId, PendingLeaf, Tx, column,
    log::{leaf_sequence, leaf_statement::Places},
    schema::{audit, leaf, pending_leaf, statement, version},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, dsl::count_star};
use model::{Commitment, Tag, Timestamp, VersionNumber};

/// Where a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafPlace {
    /// The log.
    pub log: LogRowId,
    /// The index in it.
    pub index: u64,
}

/// A leaf of a version or audit record, waiting or in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafOfRow {
    /// `None` while it waits.
    pub place: Option<LeafPlace>,
    /// What the log holds, or will hold.
    pub commitment: Commitment,
}

/// A leaf in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// The index in the log.
    pub index: u64,
    /// What the log holds.
    pub commitment: Commitment,
    /// The record or audit record it commits to.
    pub record: Tag,
    /// Which of its versions.
    pub version: VersionNumber,
}

/// The view of leaves.
pub struct Leaves<'a, A> {
    pub(crate) access: &'a mut A,
}

type PendingRow = (i64, Vec<u8>, Vec<u8>, i64);
type LeafRow = (i64, Vec<u8>, Vec<u8>, i64);

impl<A: Access> Leaves<'_, A> {
    /// At most `limit` leaves that wait, by id.
    pub fn pending(&mut self, facility: FacilityId, limit: u32) -> Result<Vec<PendingLeaf>, Error> {
        let query = pending_leaf::table
            .filter(pending_leaf::facility_id.eq(facility.0))
            .order(pending_leaf::id)
            .limit(i64::from(limit))
            .select((
                pending_leaf::id,
                pending_leaf::commitment,
                pending_leaf::record_tag,
                pending_leaf::version,
            ));
        // Row by row, so that the rows' own buffers are not all held at once.
        self.access.query(|conn| {
            query
                .load_iter::<PendingRow, diesel::connection::DefaultLoadingMode>(conn)?
                .map(|row| row.map(|row| read_pending(&row)))
                .collect::<diesel::QueryResult<Result<Vec<_>, Error>>>()
        })?
    }

    /// How many leaves wait.
    pub fn pending_count(&mut self, facility: FacilityId) -> Result<u64, Error> {
        let query = pending_leaf::table
            .filter(pending_leaf::facility_id.eq(facility.0))
            .select(count_star());
        let count: i64 = self.access.query(|conn| query.first(conn))?;
        column::number(count)
    }

    /// Whether a leaf waits that has a mac.
    pub fn is_awaited(&mut self, facility: FacilityId) -> Result<bool, Error> {
        let query = pending_leaf::table
            .filter(pending_leaf::facility_id.eq(facility.0))
            .filter(pending_leaf::mac.is_not_null())
            .select(pending_leaf::id);
        let found: Option<i64> = self.access.query(|conn| query.first(conn).optional())?;
        Ok(found.is_some())
    }

    /// Since when the leaf that has waited longest waits: the time of its version,
    /// audit record or statement.
    pub fn oldest_since(&mut self, facility: FacilityId) -> Result<Option<Timestamp>, Error> {
        let oldest = pending_leaf::table
            .filter(pending_leaf::facility_id.eq(facility.0))
            .order(pending_leaf::id)
            .select((pending_leaf::record_tag, pending_leaf::version));
        let oldest: Option<(Vec<u8>, i64)> =
            self.access.query(|conn| oldest.first(conn).optional())?;
        // As it stands there: whoever can write to the database chose it.
        let Some((record, number)) = oldest else {
            return Ok(None);
        };
        let record = record.as_slice();
        let of_version = version::table
            .filter(version::facility_id.eq(facility.0))
            .filter(version::record_tag.eq(record))
            .filter(version::number.eq(number))
            .select(version::time_ms);
        let of_audit = audit::table
            .filter(audit::facility_id.eq(facility.0))
            .filter(audit::record_tag.eq(record))
            .select(audit::time_ms);
        let of_statement = statement::table
            .filter(statement::facility_id.eq(facility.0))
            .filter(statement::record_tag.eq(record))
            .select(statement::created_ms);
        let found: Option<i64> = self.access.query(|conn| {
            let found = of_version.first(conn).optional()?;
            if found.is_some() {
                return Ok(found);
            }
            let found = of_audit.first(conn).optional()?;
            if found.is_some() {
                return Ok(found);
            }
            of_statement.first(conn).optional()
        })?;
        found.map(column::time).transpose()
    }

    /// Where the leaf of a version or audit record (version 1) is; `None` while it
    /// waits.
    pub fn find(
        &mut self,
        facility: FacilityId,
        record: Tag,
        version: VersionNumber,
    ) -> Result<Option<LeafPlace>, Error> {
        let row = self.places(facility, record, version)?.into_iter().next();
        row.map(|(log, index)| {
            Ok(LeafPlace {
                log: LogRowId(log),
                index: column::number(index)?,
            })
        })
        .transpose()
    }

    /// All leaves of a version, audit record or statement (version 1). There is one unless
    /// someone wrote past the store.
    pub fn of_row(
        &mut self,
        facility: FacilityId,
        record: Tag,
        version: VersionNumber,
    ) -> Result<Vec<LeafOfRow>, Error> {
        let waiting = pending_leaf::table
            .filter(pending_leaf::facility_id.eq(facility.0))
            .filter(pending_leaf::record_tag.eq(record.as_bytes().as_slice()))
            .filter(pending_leaf::version.eq(column::of_version(version)))
            .select(pending_leaf::commitment);
        // Those that wait first: one that is given its place in between is then found
        // twice, and never missed.
        let waiting: Vec<Vec<u8>> = self.access.query(|conn| waiting.load(conn))?;
        let mut all = Vec::new();
        for (log, index) in self.places(facility, record, version)? {
            let sequenced = leaf::table.find((log, index)).select(leaf::commitment);
            let commitment: Vec<u8> = self.access.query(|conn| sequenced.first(conn))?;
            all.push(LeafOfRow {
                place: Some(LeafPlace {
                    log: LogRowId(log),
                    index: column::number(index)?,
                }),
                commitment: column::commitment(&commitment)?,
            });
        }
        for commitment in waiting {
            let commitment = column::commitment(&commitment)?;
            if all
                .iter()
                .all(|leaf: &LeafOfRow| leaf.commitment != commitment)
            {
                all.push(LeafOfRow {
                    place: None,
                    commitment,
                });
            }
        }
        Ok(all)
    }

    fn places(
        &mut self,
        facility: FacilityId,
        record: Tag,
        version: VersionNumber,
    ) -> Result<Vec<(i32, i64)>, Error> {
        let places = Places {
            backend: self.access.conn().backend(),
            facility: facility.0,
            record: record.as_bytes(),
            version: column::of_version(version),
        };
        self.access.query(|conn| places.load(conn))
    }

    /// At most `limit` leaves of a log from index `from` on.
    pub fn range(&mut self, log: LogRowId, from: u64, limit: u32) -> Result<Vec<Leaf>, Error> {
        let from: i64 = column::number(from)?;
        let query = leaf::table
            .filter(leaf::log_id.eq(log.0))
            .filter(leaf::idx.ge(from))
            .order(leaf::idx)
            .limit(i64::from(limit))
            .select((leaf::idx, leaf::commitment, leaf::record_tag, leaf::version));
        let rows: Vec<LeafRow> = self.access.query(|conn| query.load(conn))?;
        rows.iter().map(read_leaf).collect()
    }
}

impl Leaves<'_, Tx> {
    /// Gives waiting leaves the next indices of a log, in their order, and removes
    /// them from those that wait; gives the new size. `Taken` when the log's size is
    /// no longer `log.size` or one of the leaves waits no longer: nothing must be
    /// committed then. The leaves must be ordered by id, as [`Self::pending`] gives
    /// them.
    pub fn sequence(&mut self, log: &Log, leaves: &[PendingLeaf]) -> Result<u64, Error> {
        leaf_sequence::sequence(self.access, log, leaves)
    }

    /// Lets the newest leaves of a log wait again, without a mac, but for the first `floor`:
    /// some thousands at most, and the log ends before them then. How many.
    pub fn take_back(&mut self, log: &Log, floor: u64) -> Result<u64, Error> {
        leaf_sequence::take_back(self.access, log, floor)
    }

    /// Lets leaves wait again, without a mac, that have an index at or beyond the size of
    /// the log: some thousands at most. How many; nobody of ours has put them there.
    pub fn take_back_beyond(&mut self, log: &Log) -> Result<u64, Error> {
        leaf_sequence::take_back_beyond(self.access, log)
    }
}

fn read_pending((id, commitment, record, version): &PendingRow) -> Result<PendingLeaf, Error> {
    Ok(PendingLeaf {
        id: *id,
        commitment: column::commitment(commitment)?,
        record: column::tag(record)?,
        version: column::version_number(*version)?,
    })
}

fn read_leaf((index, commitment, record, version): &LeafRow) -> Result<Leaf, Error> {
    Ok(Leaf {
        index: column::number(*index)?,
        commitment: column::commitment(commitment)?,
        record: column::tag(record)?,
        version: column::version_number(*version)?,
    })
}
