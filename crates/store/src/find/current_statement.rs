//! The current versions of any records as SQL for PostgreSQL.

use crate::records::{
    standing::{self, Later},
    version_row::{COLUMNS, Columns},
};
use diesel::{
    PgConnection, QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, Binary, Integer, Nullable},
};

/// The facility and tag of each record. Gives a line for each, in their order: its row
/// if there is one, and the leaves that are later than it.
pub(crate) struct Current<'a> {
    pub(crate) facilities: Vec<i32>,
    pub(crate) records: Vec<&'a [u8]>,
}

impl QueryFragment<Pg> for Current<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in ["SELECT ", COLUMNS, ", "] {
            out.push_sql(part);
        }
        out.push_sql(&standing::later("asked.facility_id", "asked", "v"));
        out.push_sql(" FROM unnest(");
        out.push_bind_param::<Array<Integer>, _>(&self.facilities)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.records)?;
        out.push_sql(
            ") WITH ORDINALITY AS asked (facility_id, record_tag, place) LEFT JOIN LATERAL ( \
             SELECT * FROM version WHERE version.facility_id = asked.facility_id \
             AND version.record_tag = asked.record_tag ORDER BY version.version DESC LIMIT 1 \
             ) v ON true ORDER BY asked.place",
        );
        Ok(())
    }
}

/// Prepared once per connection: its text never differs.
impl QueryId for Current<'_> {
    type QueryId = Current<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Current<'_> {
    type SqlType = (Nullable<Columns>, Later);
}

impl RunQueryDsl<PgConnection> for Current<'_> {}
