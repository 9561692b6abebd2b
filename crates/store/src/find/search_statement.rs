//! A search as SQL, spelt so that both databases can take one plan only, whatever
//! they believe of the tables: first the narrow rows that lead, checked against the
//! other criteria and cut to the page, then the versions they name. No row of the
//! version table is touched that is not on the page.
//!
//! SQLite is told its indexes by name and its order by CROSS JOIN. PostgreSQL takes no
//! hints, but never reorders OFFSET 0 or a LATERAL with a LIMIT; its connections neither
//! walk through tables nor sort what an index has in order (`database`).

mod bind;
mod cards;
mod criterion;
#[cfg(test)]
mod plan_tests;
mod probe;
mod sequence;
mod walk;

use crate::{
    backend::Backend,
    engine::database::{Conn, MultiBackend},
    find::criterion::{Criterion, Order},
    records::{
        rows::ID_PARAM,
        standing::{self, Later},
        version_row::{COLUMNS, Columns, Row},
    },
};
use bind::{Bind, Pass, push_equal, push_tuple};
pub(crate) use cards::{CardLine, FoundCards};
use criterion::MANY_CRITERIA;
pub(crate) use criterion::Place;
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Nullable},
};
pub(crate) use probe::Probe;
use sequence::Sequence;
use walk::Walk;

/// The value is spelt out: only so the databases see that the index on time, which holds
/// the rows of `_id` alone, has all that are asked for.
const OF_ID: &str = " AND d.param = '_id'";

/// The rows that are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    /// All records of the type, in the order of the page.
    Type,
    /// Those of the first criterion.
    Criterion,
}

/// Record tags and version numbers, in order and cut to the page.
pub(crate) struct Narrow<'a> {
    place: Place<'a>,
    lead: Option<&'a Criterion<'a>>,
    checked: &'a [Criterion<'a>],
    sequence: Sequence,
    limit: i64,
}

impl<'a> Narrow<'a> {
    pub(crate) fn new(
        place: Place<'a>,
        lead: Lead,
        criteria: &'a [Criterion<'a>],
        order: Order,
        limit: u32,
    ) -> Self {
        let (lead, checked) = match (lead, criteria.split_first()) {
            (Lead::Criterion, Some((first, others))) => (Some(first), others),
            _ => (None, criteria),
        };
        Self {
            place,
            lead,
            checked,
            sequence: Sequence::of(order),
            limit: i64::from(limit),
        }
    }

    fn push<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        let plain = |criterion: &Criterion<'_>| criterion.is_plain();
        if !(self.lead.is_none_or(plain) && self.checked.iter().all(plain))
            || self.checked.len() >= MANY_CRITERIA
        {
            out.unsafe_to_cache_prepared();
        }
        match (&self.sequence, self.lead) {
            (Sequence::Record(after), None) => self.push_walk(out, &self.by_record(after))?,
            (Sequence::Record(after), Some(lead)) if lead.is_plain() => {
                self.push_walk(out, &self.place.rows(lead).after(after))?;
            }
            (Sequence::Record(after), Some(lead)) => self.push_any(out, lead, after)?,
            (Sequence::Time { .. }, None) => self.push_walk(out, &self.by_time())?,
            (Sequence::Time { .. }, Some(lead)) => self.push_sorted(out, lead)?,
        }
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }

    fn push_walk<'b>(&'b self, out: &mut Pass<'_, 'b>, walk: &Walk<'b>) -> QueryResult<()> {
        walk.push_rows(out)?;
        if walk.index == "link_time" {
            out.push_sql(OF_ID);
        }
        self.push_checks(out)?;
        walk.push_order(out);
        Ok(())
    }

    fn push_checks<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        let mut checked = self.checked.iter();
        checked.try_for_each(|criterion| self.place.rows(criterion).push_check(out))
    }

    /// Every record of the type: a record's `_id` link targets itself, so the order
    /// of targets is the order of records.
    fn by_record<'b>(&'b self, after: &'b [u8]) -> Walk<'b> {
        Walk {
            backend: self.place.backend,
            table: "link",
            index: "link_search",
            leading: &["d.facility_id", "d.resource_type", "d.param"],
            values: vec![
                Bind::Integer(&self.place.facility.0),
                Bind::Text(self.place.resource_type.as_str()),
                Bind::Text(ID_PARAM),
            ],
            following: &["d.target_tag"],
            after: vec![Bind::Binary(after)],
            before: None,
            descending: false,
        }
    }

    /// Every record of the type between two times.
    fn by_time(&self) -> Walk<'_> {
        let (after, before) = self.sequence.bounds();
        Walk {
            backend: self.place.backend,
            table: "link",
            index: "link_time",
            leading: &["d.facility_id", "d.resource_type"],
            values: vec![
                Bind::Integer(&self.place.facility.0),
                Bind::Text(self.place.resource_type.as_str()),
            ],
            following: &["d.time_ms", "d.record_tag"],
            after,
            before: Some(before),
            descending: self.sequence.is_newest_first(),
        }
    }

    /// The rows of several values are gathered, then sorted.
    fn push_any<'b>(
        &'b self,
        out: &mut Pass<'_, 'b>,
        lead: &'b Criterion<'b>,
        after: &'b [u8],
    ) -> QueryResult<()> {
        out.push_sql("SELECT DISTINCT d.record_tag, d.version FROM (");
        self.push_gathered(out, lead)?;
        out.push_sql(") d WHERE ");
        push_tuple(out, &["d.record_tag"], ">", [Bind::Binary(after)])?;
        self.push_checks(out)?;
        out.push_sql(" ORDER BY d.record_tag");
        Ok(())
    }

    /// The records that meet the criteria, then the time of each, then sorted: for those
    /// that are few beside the records of the type.
    fn push_sorted<'b>(
        &'b self,
        out: &mut Pass<'_, 'b>,
        lead: &'b Criterion<'b>,
    ) -> QueryResult<()> {
        out.push_sql("WITH m AS MATERIALIZED (SELECT DISTINCT d.record_tag, d.version FROM (");
        self.push_gathered(out, lead)?;
        out.push_sql(") d WHERE true");
        self.push_checks(out)?;
        out.push_sql(") SELECT d.record_tag, d.version, d.time_ms FROM m CROSS JOIN ");
        // By the primary key: where the parameter is said to be `_id` as a range, PostgreSQL
        // does not see that the index on time would do.
        out.push_sql(match self.place.backend {
            Backend::Sqlite => "link d WHERE d.param = '_id'",
            Backend::Postgres => {
                "LATERAL (SELECT * FROM link d WHERE d.param >= '_id' AND d.param <= '_id'"
            }
        });
        out.push_sql(
            " AND d.record_tag = m.record_tag AND d.version = m.version \
             AND d.target_tag = m.record_tag AND ",
        );
        let facility = Bind::Integer(&self.place.facility.0);
        push_equal(out, &["d.facility_id"], [facility])?;
        out.push_sql(match self.place.backend {
            Backend::Sqlite => " AND still_wanted() AND ",
            Backend::Postgres => " LIMIT 1) d WHERE ",
        });
        let (after, before) = self.sequence.bounds();
        let columns = ["d.time_ms", "d.record_tag"];
        push_tuple(out, &columns, ">", after)?;
        out.push_sql(" AND ");
        push_tuple(out, &columns, "<", before)?;
        out.push_sql(if self.sequence.is_newest_first() {
            " ORDER BY d.time_ms DESC, d.record_tag DESC"
        } else {
            " ORDER BY d.time_ms, d.record_tag"
        });
        Ok(())
    }

    fn push_gathered<'b>(
        &'b self,
        out: &mut Pass<'_, 'b>,
        lead: &'b Criterion<'b>,
    ) -> QueryResult<()> {
        out.push_sql("SELECT d.record_tag, d.version");
        self.place.rows(lead).push_all(out)?;
        out.push_sql(match self.place.backend {
            Backend::Sqlite => "",
            Backend::Postgres => " OFFSET 0",
        });
        Ok(())
    }
}

/// Record, version number and time of a narrow row, the version that it names, and the
/// leaves that are later.
pub(crate) type Line = (
    Vec<u8>,
    i64,
    Option<i64>,
    Option<Row>,
    (Option<i64>, Option<i64>),
);

/// The versions that the narrow rows name, in their order.
pub(crate) struct Found<'a>(pub(crate) Narrow<'a>);

impl QueryFragment<MultiBackend> for Found<'_> {
    fn walk_ast<'b>(&'b self, mut out: Pass<'_, 'b>) -> QueryResult<()> {
        let (facility, time) = (self.0.place.facility.0, self.0.sequence.time_of_page());
        for part in [
            "SELECT n.record_tag, n.version, ",
            time,
            ", ",
            COLUMNS,
            ", ",
        ] {
            out.push_sql(part);
        }
        out.push_sql(&standing::later(&facility.to_string(), "n", "n"));
        out.push_sql(" FROM (");
        self.0.push(&mut out)?;
        // A version that index rows name and no row holds was cut, and is told of.
        out.push_sql(match self.0.place.backend {
            Backend::Sqlite => ") n LEFT JOIN version v ON ",
            Backend::Postgres => ") n LEFT JOIN LATERAL (SELECT * FROM version v WHERE ",
        });
        let facility = Bind::Integer(&self.0.place.facility.0);
        push_equal(&mut out, &["v.facility_id"], [facility])?;
        out.push_sql(" AND v.record_tag = n.record_tag AND v.version = n.version");
        out.push_sql(match self.0.place.backend {
            Backend::Sqlite => " ORDER BY ",
            Backend::Postgres => " LIMIT 1) v ON true ORDER BY ",
        });
        out.push_sql(self.0.sequence.of_versions());
        Ok(())
    }
}

/// The number of narrow rows.
pub(crate) struct Count<'a>(pub(crate) Narrow<'a>);

impl QueryFragment<MultiBackend> for Count<'_> {
    fn walk_ast<'b>(&'b self, mut out: Pass<'_, 'b>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM (");
        self.0.push(&mut out)?;
        out.push_sql(") n");
        Ok(())
    }
}

impl QueryId for Found<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryId for Count<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Found<'_> {
    type SqlType = (Binary, BigInt, Nullable<BigInt>, Nullable<Columns>, Later);
}

impl Query for Count<'_> {
    type SqlType = BigInt;
}

impl RunQueryDsl<Conn> for Found<'_> {}
impl RunQueryDsl<Conn> for Count<'_> {}
