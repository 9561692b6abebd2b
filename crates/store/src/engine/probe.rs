//! Recognises, on a new connection, whether a transaction was committed whose
//! COMMIT went unanswered.

use crate::{engine::database::Conn, schema::audit, tx::Probe};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, dsl::exists, select,
};

diesel::table! {
    /// The server's own list of its processes.
    pg_stat_activity (pid) { pid -> Integer }
}

/// Whether the server process still runs; it may be about to commit.
pub(crate) fn is_alive(conn: &mut Conn, process: Option<i32>) -> QueryResult<bool> {
    match (conn, process) {
        (Conn::Postgres(conn), Some(process)) => select(exists(
            pg_stat_activity::table.filter(pg_stat_activity::pid.eq(process)),
        ))
        .get_result(conn),
        _ => Ok(false),
    }
}

/// Whether the audit record is stored.
pub(crate) fn is_stored(conn: &mut Conn, probe: Probe) -> QueryResult<bool> {
    let found = audit::table
        .filter(audit::facility_id.eq(probe.facility.0))
        .filter(audit::record_tag.eq(probe.record.as_bytes().as_slice()))
        .select(audit::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(found.is_some())
}
