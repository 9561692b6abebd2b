//! How many rows each criterion has, counted a little way: what leads a search.

use super::{
    bind::Pass,
    criterion::{MANY_CRITERIA, Place},
};
use crate::{
    engine::database::{Conn, MultiBackend},
    find::criterion::Criterion,
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{Query, QueryFragment, QueryId},
    sql_types::BigInt,
};

/// Places of the criteria, from 0, with the number of their rows up to a limit.
pub(crate) struct Probe<'a> {
    place: Place<'a>,
    criteria: Vec<(i64, &'a Criterion<'a>)>,
    limit: i64,
}

impl<'a> Probe<'a> {
    pub(crate) fn new(place: Place<'a>, criteria: &'a [Criterion<'a>], limit: u32) -> Self {
        Self {
            place,
            criteria: (0..).zip(criteria).collect(),
            limit: i64::from(limit),
        }
    }
}

impl QueryFragment<MultiBackend> for Probe<'_> {
    fn walk_ast<'b>(&'b self, mut out: Pass<'_, 'b>) -> QueryResult<()> {
        if !(self.criteria.iter()).all(|(_, criterion)| criterion.is_plain())
            || self.criteria.len() > MANY_CRITERIA
        {
            out.unsafe_to_cache_prepared();
        }
        for (number, criterion) in &self.criteria {
            out.push_sql(if *number > 0 {
                " UNION ALL SELECT "
            } else {
                "SELECT "
            });
            out.push_bind_param::<BigInt, _>(number)?;
            out.push_sql(", (SELECT count(*) FROM (SELECT 1");
            self.place.rows(criterion).push_all(&mut out)?;
            out.push_sql(" LIMIT ");
            out.push_bind_param::<BigInt, _>(&self.limit)?;
            out.push_sql(") d)");
        }
        Ok(())
    }
}

impl QueryId for Probe<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Probe<'_> {
    type SqlType = (BigInt, BigInt);
}

impl RunQueryDsl<Conn> for Probe<'_> {}
