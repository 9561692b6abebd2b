//! The number of the newest final anchor that covers a leaf, as SQL. A log has tens of
//! thousands of anchors a day: one index has them in this order, and no other is taken.

use crate::{
    backend::Backend,
    engine::database::{Conn, MultiBackend},
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Integer},
};

pub(crate) struct Covering {
    pub(crate) backend: Backend,
    pub(crate) log: i32,
    /// Of the leaf.
    pub(crate) index: i64,
}

impl QueryFragment<MultiBackend> for Covering {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql("SELECT a.seq FROM anchor a");
        if self.backend == Backend::Sqlite {
            out.push_sql(" INDEXED BY anchor_covering");
        }
        out.push_sql(" WHERE a.log_id = ");
        out.push_bind_param::<Integer, _>(&self.log)?;
        out.push_sql(" AND a.state = 'finalized' AND a.size > ");
        out.push_bind_param::<BigInt, _>(&self.index)?;
        out.push_sql(" ORDER BY a.size DESC, a.seq LIMIT 1");
        Ok(())
    }
}

impl QueryId for Covering {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Covering {
    type SqlType = BigInt;
}

impl RunQueryDsl<Conn> for Covering {}
