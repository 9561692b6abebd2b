//! Versions of a record as they are read: the rows, and how far the record's leaves go. A row
//! that was cut from the table leaves its leaf behind. A leaf of a later version than the
//! newest row tells of the cut, unless the leaf was given another name. Version numbers have
//! no gaps, so that a row missing between two others shows by itself.

use crate::{
    Error, FacilityId, MissingVersion, column,
    engine::database::{Conn, MultiBackend},
    records::{
        rows::Version,
        version_row::{self, COLUMNS, Columns, Row},
    },
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Integer, Nullable},
};
use model::{Tag, Timestamp, VersionNumber};

/// Two columns of a statement: the newest leaf and the newest pending leaf of the record
/// `{a}` of the facility `{f}` that are later than the version `{n}`. One step in an index
/// each; the facility has few logs. `CROSS JOIN` keeps SQLite to this order.
const LATER: &str = "(SELECT max(l.version) FROM log g CROSS JOIN leaf l \
     WHERE g.facility_id = {f} AND l.log_id = g.id \
     AND l.record_tag = {a}.record_tag AND l.version > COALESCE({n}.version, 0)), \
     (SELECT max(p.version) FROM pending_leaf p WHERE p.facility_id = {f} \
     AND p.record_tag = {a}.record_tag AND p.version > COALESCE({n}.version, 0))";

/// [`LATER`] by the facility, and the tables of the statement that hold the record's tag
/// and its version.
pub(crate) fn later(facility: &str, record: &str, version: &str) -> String {
    LATER
        .replace("{f}", facility)
        .replace("{a}", record)
        .replace("{n}", version)
}

/// The types of [`LATER`].
pub(crate) type Later = (Nullable<BigInt>, Nullable<BigInt>);

/// Refuses a record of which a later leaf was found.
pub(crate) fn require_none_later(
    record: Tag,
    later: (Option<i64>, Option<i64>),
) -> Result<(), Error> {
    match later.0.max(later.1) {
        None => Ok(()),
        Some(number) => Err(Error::Missing(MissingVersion {
            record,
            number: column::version_number(number)?,
        })),
    }
}

/// The rows of a record below a version number and written at a time or later, newest
/// first; each beside the newest number of the record and its later leaves. With no rows
/// there is one line all the same.
pub(crate) struct Standing<'a> {
    facility: i32,
    record: &'a [u8],
    before: i64,
    since: i64,
    limit: i64,
}

/// Rows in their order, and the newest number of the record.
type Found = (Vec<Version>, Option<VersionNumber>);

/// One line of the answer.
pub(crate) type Line = (Option<Row>, Option<i64>, (Option<i64>, Option<i64>));

impl<'a> Standing<'a> {
    pub(crate) fn new(
        facility: FacilityId,
        record: &'a Tag,
        before: Option<VersionNumber>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> Self {
        Self {
            facility: facility.0,
            record: record.as_bytes(),
            before: before.map_or(i64::MAX, column::of_version),
            since: since.map_or(i64::MIN, Timestamp::as_millis),
            limit: i64::from(limit),
        }
    }
}

/// What the lines say; a record with a later leaf than its newest row is refused.
pub(crate) fn read(record: Tag, lines: Vec<Line>) -> Result<Found, Error> {
    let (mut rows, mut newest) = (Vec::with_capacity(lines.len()), None);
    for (row, number, later) in lines {
        require_none_later(record, later)?;
        newest = number.map(column::version_number).transpose()?;
        rows.extend(row.map(version_row::read).transpose()?);
    }
    Ok((rows, newest))
}

impl QueryFragment<MultiBackend> for Standing<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        for part in ["SELECT ", COLUMNS, ", n.version, "] {
            out.push_sql(part);
        }
        out.push_sql(&later("a.facility_id", "a", "n"));
        out.push_sql(" FROM (SELECT ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AS facility_id, ");
        out.push_bind_param::<Binary, _>(self.record)?;
        out.push_sql(
            " AS record_tag) a LEFT JOIN (SELECT w.version FROM version w WHERE w.facility_id = ",
        );
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AND w.record_tag = ");
        out.push_bind_param::<Binary, _>(self.record)?;
        out.push_sql(
            " ORDER BY w.version DESC LIMIT 1) n ON 1 = 1 \
             LEFT JOIN (SELECT w.id FROM version w WHERE w.facility_id = ",
        );
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AND w.record_tag = ");
        out.push_bind_param::<Binary, _>(self.record)?;
        out.push_sql(" AND w.version < ");
        out.push_bind_param::<BigInt, _>(&self.before)?;
        out.push_sql(" AND w.time_ms >= ");
        out.push_bind_param::<BigInt, _>(&self.since)?;
        out.push_sql(" ORDER BY w.version DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(") m ON 1 = 1 LEFT JOIN version v ON v.id = m.id ORDER BY v.version DESC");
        Ok(())
    }
}

/// Prepared once per connection: its text never differs.
impl QueryId for Standing<'_> {
    type QueryId = Standing<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Standing<'_> {
    type SqlType = (Nullable<Columns>, Nullable<BigInt>, Later);
}

impl RunQueryDsl<Conn> for Standing<'_> {}
