//! Rows beside their leaves, and leaves beside their rows: what the sweep compares. A row
//! that cannot be read is given by its name, so that one row stops no sweep.

pub(crate) mod logs;
pub(crate) mod row_name;
pub(crate) mod sql;

use crate::{
    Access, Audit, Error, FacilityId, LogRowId, RowName, Statement, Version, column,
    facility::statements,
    records::{audits, version_row},
    schema::{audit, pending_leaf, statement, version},
    sweep::sql::{LeafLine, NameLine, Swept},
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper, dsl::max,
};
use model::{Tag, Timestamp, VersionNumber};
use std::collections::{HashMap, HashSet};

/// Rows that are named in one statement, by four values each.
const EVENTS_AT_ONCE: usize = 200;

/// The leaves that have the name of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowLeaves {
    /// The number of them; 2 and more are not told apart.
    pub count: u64,
    /// The index in the log of one of them; `None` while all wait.
    pub index: Option<i64>,
    /// The commitment of one of them.
    pub commitment: Option<Vec<u8>>,
}

/// A row beside its leaves.
#[derive(Debug, Clone)]
pub struct SweptRow<T> {
    /// By which its leaves name it.
    pub name: RowName,
    /// The row, when it can be read.
    pub row: Result<T, Error>,
    /// Its leaves.
    pub leaves: RowLeaves,
}

/// A leaf beside the number of rows that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedLeaf {
    /// Its index, or its id while it waits.
    pub place: i64,
    /// What it commits to.
    pub commitment: Vec<u8>,
    /// The name of its row.
    pub name: RowName,
    /// The number of versions, audit records and statements of that name; 0 for a name that
    /// no row of ours can have.
    pub rows: u64,
    /// The number of leaves of that name, itself among them, with an index or waiting; 2 and
    /// more are not told apart.
    pub leaves: u64,
}

/// The row by which an event of an audit record is found by its patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRow {
    /// The patient; zeros for none.
    pub patient: Tag,
    /// The time of the audit record.
    pub time: Timestamp,
    /// The audit record.
    pub record: Tag,
    /// Which of its events, from 0.
    pub event: u32,
}

/// How much is read at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchBound {
    /// Rows.
    pub rows: u32,
    /// Bytes of envelopes; the first row is read whatever its size.
    pub bytes: u64,
}

/// The view of rows and leaves beside each other.
pub struct Sweep<'a, A> {
    pub(crate) access: &'a mut A,
}

impl<A: Access> Sweep<'_, A> {
    /// The versions after a name, or from the first, in the order of names.
    pub fn versions(
        &mut self,
        facility: FacilityId,
        after: Option<&RowName>,
        bound: BatchBound,
    ) -> Result<Vec<SweptRow<Version>>, Error> {
        let names = self.names(Swept::Version, facility, after, bound)?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let query = version::table
            .filter(version::id.eq_any(names.iter().map(|line| line.0)))
            .select((
                version::id,
                (
                    version::resource_type,
                    version::record_tag,
                    version::number,
                    version::interaction,
                    version::policy_number,
                    version::time_ms,
                    version::subject_tag,
                    version::padded_size,
                    version::data_key_id,
                    version::envelope,
                ),
            ));
        let rows: Vec<(i64, version_row::Row)> = self.access.query(|conn| query.load(conn))?;
        let mut rows: HashMap<i64, version_row::Row> = rows.into_iter().collect();
        let row = |line: &NameLine| match rows.remove(&line.0) {
            Some(row) => version_row::read(row),
            None => Err(GONE),
        };
        Ok(beside(names, row))
    }

    /// One version as it stands, whatever leaves name others of its record.
    pub fn version(
        &mut self,
        facility: FacilityId,
        record: Tag,
        number: VersionNumber,
    ) -> Result<Option<Version>, Error> {
        let query = version::table
            .filter(version::facility_id.eq(facility.0))
            .filter(version::record_tag.eq(record.as_bytes().as_slice()))
            .filter(version::number.eq(column::of_version(number)))
            .select((
                version::resource_type,
                version::record_tag,
                version::number,
                version::interaction,
                version::policy_number,
                version::time_ms,
                version::subject_tag,
                version::padded_size,
                version::data_key_id,
                version::envelope,
            ));
        let row: Option<version_row::Row> =
            self.access.query(|conn| query.first(conn).optional())?;
        row.map(version_row::read).transpose()
    }

    /// The audit records after a name, or from the first, in the order of names.
    pub fn audits(
        &mut self,
        facility: FacilityId,
        after: Option<&RowName>,
        bound: BatchBound,
    ) -> Result<Vec<SweptRow<Audit>>, Error> {
        let names = self.names(Swept::Audit, facility, after, bound)?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let query = audit::table
            .filter(audit::id.eq_any(names.iter().map(|line| line.0)))
            .select((audit::id, audits::Row::as_select()));
        let rows: Vec<(i64, audits::Row)> = self.access.query(|conn| query.load(conn))?;
        let mut found = HashMap::with_capacity(rows.len());
        for (id, row) in rows {
            found.insert(id, audits::read(row));
        }
        // The texts of all at once, unless one of them cannot be read: then of each.
        let together = found.values_mut().filter_map(|row| row.as_mut().ok());
        let mut together: Vec<&mut Audit> = together.collect();
        if audits::add_queries(self.access, facility, &mut together).is_err() {
            for row in found.values_mut() {
                let Ok(audit) = row else { continue };
                let added = audits::add_queries(self.access, facility, &mut [audit]);
                if let Err(error) = added {
                    *row = Err(error);
                }
            }
        }
        Ok(beside(names, |line| {
            found.remove(&line.0).unwrap_or(Err(GONE))
        }))
    }

    /// The statements after a name, or from the first, in the order of names.
    pub fn statements(
        &mut self,
        facility: FacilityId,
        after: Option<&RowName>,
        bound: BatchBound,
    ) -> Result<Vec<SweptRow<Statement>>, Error> {
        let names = self.names(Swept::Statement, facility, after, bound)?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let query = statement::table
            .filter(statement::facility_id.eq(facility.0))
            .filter(statement::record_tag.eq_any(names.iter().map(|line| line.1.as_slice())))
            .select((statement::record_tag, statements::Row::as_select()));
        let rows: Vec<(Vec<u8>, statements::Row)> = self.access.query(|conn| query.load(conn))?;
        let mut rows: HashMap<Vec<u8>, statements::Row> = rows.into_iter().collect();
        let row = |line: &NameLine| match rows.remove(&line.1) {
            Some(row) => statements::read(row),
            None => Err(GONE),
        };
        Ok(beside(names, row))
    }

    /// At most `limit` leaves of a log after this index, or from the first.
    pub fn leaves(
        &mut self,
        facility: FacilityId,
        log: LogRowId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<NamedLeaf>, Error> {
        let (backend, limit) = (self.access.conn().backend(), i64::from(limit));
        let query = sql::leaves(backend, facility.0, log.0, after, limit);
        let lines: Vec<LeafLine> = self.access.query(|conn| query.load(conn))?;
        lines.into_iter().map(named).collect()
    }

    /// At most `limit` leaves of a facility that wait, after this id or from the first.
    pub fn pending(
        &mut self,
        facility: FacilityId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<NamedLeaf>, Error> {
        let (backend, limit) = (self.access.conn().backend(), i64::from(limit));
        let query = sql::pending(backend, facility.0, after, limit);
        let lines: Vec<LeafLine> = self.access.query(|conn| query.load(conn))?;
        lines.into_iter().map(named).collect()
    }

    /// Those of these rows that are missing.
    pub fn missing_events(
        &mut self,
        facility: FacilityId,
        events: &[EventRow],
    ) -> Result<Vec<EventRow>, Error> {
        let mut missing = Vec::new();
        for some in events.chunks(EVENTS_AT_ONCE) {
            let mut numbers = Vec::with_capacity(some.len());
            for row in some {
                numbers.push(column::number::<_, i32>(row.event)?);
            }
            let keys = some.iter().zip(numbers).map(|(row, event)| {
                let (patient, record) = (row.patient.as_bytes(), row.record.as_bytes());
                (
                    patient.as_slice(),
                    row.time.as_millis(),
                    record.as_slice(),
                    event,
                )
            });
            let query = sql::events(facility.0, keys);
            let found: Vec<(Vec<u8>, i32)> = self.access.query(|conn| query.load(conn))?;
            let mut there = HashSet::with_capacity(found.len());
            for (record, event) in found {
                there.insert((column::tag(&record)?, column::number::<_, u32>(event)?));
            }
            let absent = some
                .iter()
                .filter(|row| !there.contains(&(row.record, row.event)));
            missing.extend(absent.copied());
        }
        Ok(missing)
    }

    /// The highest id of a leaf that waits.
    pub fn last_pending(&mut self, facility: FacilityId) -> Result<Option<i64>, Error> {
        let query = pending_leaf::table
            .filter(pending_leaf::facility_id.eq(facility.0))
            .select(max(pending_leaf::id));
        self.access.query(|conn| query.first(conn))
    }

    /// The names after this one, or from the first, as many as the bound lets be read at a
    /// time.
    fn names(
        &mut self,
        table: Swept,
        facility: FacilityId,
        after: Option<&RowName>,
        bound: BatchBound,
    ) -> Result<Vec<NameLine>, Error> {
        let backend = self.access.conn().backend();
        let place = after.map(|name| (name.record.as_slice(), name.version));
        let query = table.names(backend, facility.0, place, i64::from(bound.rows));
        let mut lines: Vec<NameLine> = self.access.query(|conn| query.load(conn))?;
        let mut bytes = 0_u64;
        let fits = lines.iter().take_while(|line| {
            let length = u64::try_from(line.3).unwrap_or(0);
            bytes = bytes.saturating_add(length);
            bytes <= bound.bytes
        });
        let count = fits.count().max(1);
        lines.truncate(count);
        Ok(lines)
    }
}

/// A row that was there a moment before.
const GONE: Error = Error::Corrupt("row that is gone");

fn beside<T>(
    names: Vec<NameLine>,
    mut row: impl FnMut(&NameLine) -> Result<T, Error>,
) -> Vec<SweptRow<T>> {
    let one = |line: NameLine| {
        let row = row(&line);
        let (_, record, version, _, sequenced, index, commitment, waiting, pending) = line;
        SweptRow {
            name: RowName { record, version },
            row,
            leaves: RowLeaves {
                count: u64::try_from(sequenced.saturating_add(waiting)).unwrap_or(0),
                index,
                commitment: commitment.or(pending),
            },
        }
    };
    names.into_iter().map(one).collect()
}

fn named(line: LeafLine) -> Result<NamedLeaf, Error> {
    let (place, commitment, record, version, rows, leaves) = line;
    let name = RowName { record, version };
    let rows = if name.is_well_formed() {
        column::number(rows)?
    } else {
        0
    };
    Ok(NamedLeaf {
        place,
        commitment,
        name,
        rows,
        leaves: column::number(leaves)?,
    })
}
