//! The places of the leaves of a record's version, as SQL. A log has millions of leaves:
//! SQLite, which has been seen to walk through all of the log for it, is told its index.

use crate::{
    backend::Backend,
    engine::database::{Conn, MultiBackend},
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Integer},
};

pub(crate) struct Places<'a> {
    pub(crate) backend: Backend,
    pub(crate) facility: i32,
    pub(crate) record: &'a [u8],
    pub(crate) version: i64,
}

impl QueryFragment<MultiBackend> for Places<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql("SELECT l.log_id, l.idx FROM log g CROSS JOIN leaf l");
        if self.backend == Backend::Sqlite {
            out.push_sql(" INDEXED BY leaf_record");
        }
        out.push_sql(" WHERE g.facility_id = ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AND l.log_id = g.id AND l.record_tag = ");
        out.push_bind_param::<Binary, _>(self.record)?;
        out.push_sql(" AND l.version = ");
        out.push_bind_param::<BigInt, _>(&self.version)
    }
}

impl QueryId for Places<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Places<'_> {
    type SqlType = (Integer, BigInt);
}

impl RunQueryDsl<Conn> for Places<'_> {}
