//! A search as SQL, spelt so that both databases take the index in its order: first
//! the narrow rows of the first criterion, checked against the others and cut to the
//! page, then the versions they name. No row of the version table is touched that is
//! not on the page.

use crate::{
    Criterion, FacilityId, Order, TimePosition,
    database::{Conn, MultiBackend},
    versions::{COLUMNS, Columns, ID_PARAM},
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Integer, Text},
};
use model::{ResourceType, Timestamp};

type Pass<'a, 'b> = AstPass<'a, 'b, MultiBackend>;

/// Record tags and version numbers, in order and cut to the page.
pub(crate) struct Narrow<'a> {
    facility: i32,
    resource_type: &'a str,
    criteria: &'a [Criterion<'a>],
    sequence: Sequence,
    limit: i64,
}

/// An order with its bounds as columns hold them.
enum Sequence {
    /// After this tag. Before the first there is nothing shorter than a tag.
    Record(Vec<u8>),
    /// Strictly between two places.
    Time {
        newest_first: bool,
        after: Bound,
        before: Bound,
    },
}

/// A time and a tag; an empty tag comes before all tags.
type Bound = (i64, Vec<u8>);

impl Sequence {
    fn of(order: Order) -> Self {
        let (newest_first, from, until, place) = match order {
            Order::Record { after } => {
                return Self::Record(after.map_or_else(Vec::new, |tag| tag.as_bytes().to_vec()));
            }
            Order::Time {
                newest_first,
                from,
                until,
                after,
            } => (newest_first, from, until, after.map(bound)),
        };
        let start = (from.map_or(i64::MIN, Timestamp::as_millis), Vec::new());
        let end = (until.map_or(i64::MAX, Timestamp::as_millis), Vec::new());
        let (after, before) = match place {
            None => (start, end),
            Some(place) if newest_first => (start, end.min(place)),
            Some(place) => (start.max(place), end),
        };
        Self::Time {
            newest_first,
            after,
            before,
        }
    }
}

fn bound(place: TimePosition) -> Bound {
    (place.time.as_millis(), place.record.as_bytes().to_vec())
}

impl<'a> Narrow<'a> {
    pub(crate) fn new(
        facility: FacilityId,
        resource_type: &'a ResourceType,
        criteria: &'a [Criterion<'a>],
        order: Order,
        limit: u32,
    ) -> Self {
        Self {
            facility: facility.0,
            resource_type: resource_type.as_str(),
            criteria,
            sequence: Sequence::of(order),
            limit: i64::from(limit),
        }
    }

    fn push<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        if !self.criteria.iter().all(Criterion::is_plain) {
            out.unsafe_to_cache_prepared();
        }
        match (&self.sequence, self.criteria.is_empty()) {
            (Sequence::Record(after), true) => self.type_by_record(out, after),
            (Sequence::Record(after), false) => self.criteria_by_record(out, after),
            (Sequence::Time { .. }, true) => self.type_by_time(out),
            (Sequence::Time { .. }, false) => self.criteria_by_time(out),
        }
    }

    /// Every record of the type: a record's `_id` link targets itself, so the order
    /// of targets is the order of records.
    fn type_by_record<'b>(&'b self, out: &mut Pass<'_, 'b>, after: &'b [u8]) -> QueryResult<()> {
        out.push_sql("SELECT d.record_tag, d.version FROM link d WHERE d.facility_id = ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AND d.resource_type = ");
        out.push_bind_param::<Text, _>(self.resource_type)?;
        out.push_sql(" AND d.param = ");
        out.push_bind_param::<Text, _>(ID_PARAM)?;
        out.push_sql(" AND d.target_tag > ");
        out.push_bind_param::<Binary, _>(after)?;
        out.push_sql(" ORDER BY d.target_tag LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }

    fn criteria_by_record<'b>(
        &'b self,
        out: &mut Pass<'_, 'b>,
        after: &'b [u8],
    ) -> QueryResult<()> {
        self.matching(out)?;
        out.push_sql(" AND d.record_tag > ");
        out.push_bind_param::<Binary, _>(after)?;
        out.push_sql(" ORDER BY d.record_tag LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }

    /// The parameter is spelt out: only so the databases see that the index on time,
    /// which holds the rows of `_id` alone, has all that are asked for.
    fn type_by_time<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        out.push_sql("SELECT t.record_tag, t.version FROM link t WHERE t.facility_id = ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AND t.resource_type = ");
        out.push_bind_param::<Text, _>(self.resource_type)?;
        out.push_sql(" AND t.param = '_id'");
        self.between(out)
    }

    /// The records of the criteria first, then the time of each: they are few beside
    /// the records of the type.
    fn criteria_by_time<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        out.push_sql("WITH m AS MATERIALIZED (");
        self.matching(out)?;
        out.push_sql(
            ") SELECT t.record_tag, t.version FROM m CROSS JOIN link t WHERE t.facility_id = ",
        );
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(
            " AND t.record_tag = m.record_tag AND t.version = m.version AND t.param = '_id' \
             AND t.target_tag = m.record_tag",
        );
        self.between(out)
    }

    fn between<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        let Sequence::Time {
            newest_first,
            after,
            before,
        } = &self.sequence
        else {
            return Ok(());
        };
        for (compared, (time, tag)) in [(" > (", after), (" < (", before)] {
            out.push_sql(" AND (t.time_ms, t.record_tag)");
            out.push_sql(compared);
            out.push_bind_param::<BigInt, _>(time)?;
            out.push_sql(", ");
            out.push_bind_param::<Binary, _>(tag)?;
            out.push_sql(")");
        }
        out.push_sql(if *newest_first {
            " ORDER BY t.time_ms DESC, t.record_tag DESC LIMIT "
        } else {
            " ORDER BY t.time_ms, t.record_tag LIMIT "
        });
        out.push_bind_param::<BigInt, _>(&self.limit)
    }

    /// The rows of the first criterion that meet the others.
    fn matching<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        let Some((first, others)) = self.criteria.split_first() else {
            return Ok(());
        };
        out.push_sql(if first.is_plain() {
            "SELECT "
        } else {
            "SELECT DISTINCT "
        });
        out.push_sql("d.record_tag, d.version FROM ");
        self.rows(out, "d", first)?;
        for other in others {
            out.push_sql(" AND EXISTS (SELECT 1 FROM ");
            self.rows(out, "e", other)?;
            out.push_sql(" AND e.record_tag = d.record_tag AND e.version = d.version)");
        }
        Ok(())
    }

    /// The rows of one criterion; `alias` is `d` for the one that leads and `e` for
    /// those that are checked.
    fn rows<'b>(
        &'b self,
        out: &mut Pass<'_, 'b>,
        alias: &str,
        criterion: &'b Criterion<'b>,
    ) -> QueryResult<()> {
        let (table, column) = match criterion {
            Criterion::Links { .. } => ("link ", ".target_tag"),
            Criterion::Tokens(_) => ("token ", ".token"),
        };
        for part in [table, alias, " WHERE ", alias, ".facility_id = "] {
            out.push_sql(part);
        }
        out.push_bind_param::<Integer, _>(&self.facility)?;
        if let Criterion::Links { param, .. } = criterion {
            for part in [" AND ", alias, ".resource_type = "] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, _>(self.resource_type)?;
            for part in [" AND ", alias, ".param = "] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, _>(*param)?;
        }
        out.push_sql(" AND ");
        let column = format!("{alias}{column}");
        match criterion {
            Criterion::Links { targets, .. } => {
                let values = targets.iter().map(|tag| tag.as_bytes().as_slice());
                any(out, &column, values, criterion.is_plain())
            }
            Criterion::Tokens(tokens) => {
                let values = tokens.iter().map(|token| token.as_bytes().as_slice());
                any(out, &column, values, criterion.is_plain())
            }
        }
    }
}

/// `table.column IN (values)`, or `=` for one value: an index then gives its rows in
/// the order of the page.
fn any<'b>(
    out: &mut Pass<'_, 'b>,
    column: &str,
    values: impl Iterator<Item = &'b [u8]>,
    plain: bool,
) -> QueryResult<()> {
    out.push_sql(column);
    out.push_sql(if plain { " = " } else { " IN (" });
    for (place, value) in values.enumerate() {
        if place > 0 {
            out.push_sql(", ");
        }
        out.push_bind_param::<Binary, _>(value)?;
    }
    if !plain {
        out.push_sql(")");
    }
    Ok(())
}

/// The versions that the narrow rows name, in their order.
pub(crate) struct Found<'a>(pub(crate) Narrow<'a>);

impl QueryFragment<MultiBackend> for Found<'_> {
    fn walk_ast<'b>(&'b self, mut out: Pass<'_, 'b>) -> QueryResult<()> {
        for part in ["SELECT ", COLUMNS, " FROM ("] {
            out.push_sql(part);
        }
        self.0.push(&mut out)?;
        out.push_sql(") n JOIN version v ON v.facility_id = ");
        out.push_bind_param::<Integer, _>(&self.0.facility)?;
        out.push_sql(" AND v.record_tag = n.record_tag AND v.version = n.version ORDER BY ");
        out.push_sql(match &self.0.sequence {
            Sequence::Record(_) => "v.record_tag",
            Sequence::Time {
                newest_first: false,
                ..
            } => "v.time_ms, v.record_tag",
            Sequence::Time { .. } => "v.time_ms DESC, v.record_tag DESC",
        });
        Ok(())
    }
}

/// How many narrow rows there are.
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
    type SqlType = Columns;
}

impl Query for Count<'_> {
    type SqlType = BigInt;
}

impl RunQueryDsl<Conn> for Found<'_> {}
impl RunQueryDsl<Conn> for Count<'_> {}
