//! Rows that are kept for a time: a few of the old ones go when a new one comes.

use crate::{Error, FacilityId, Tx, access::Writes as _, engine::database::Conn};
use diesel::{
    RunQueryDsl, sql_query,
    sql_types::{BigInt, Integer},
};
use model::Timestamp;

/// How many go at once: more than come, so that a backlog shrinks, and few, so that nobody
/// waits for it.
pub(crate) const FORGOTTEN_AT_ONCE: u32 = 4;

/// A table of such rows: of a facility (`facility_id`), each with its time (`time_ms`).
pub(crate) struct OldRows {
    /// The name of the table.
    pub table: &'static str,
    /// The column that names a row within its facility.
    pub key: &'static str,
}

impl OldRows {
    /// Deletes some rows that are older than `old`; the number of them.
    pub(crate) fn forget(
        &self,
        tx: &mut Tx,
        facility: FacilityId,
        old: Timestamp,
        most: u32,
    ) -> Result<u32, Error> {
        let Self { table, key } = self;
        let gone = tx.write(|conn| match conn {
            Conn::Sqlite(conn) => sql_query(format!(
                "DELETE FROM {table} WHERE facility_id = ?1 AND {key} IN (
                    SELECT {key} FROM {table} WHERE facility_id = ?1 AND time_ms < ?2 LIMIT ?3)"
            ))
            .bind::<Integer, _>(facility.0)
            .bind::<BigInt, _>(old.as_millis())
            .bind::<BigInt, _>(i64::from(most))
            .execute(conn),
            // Rows that another transaction is at are left to it.
            Conn::Postgres(conn) => sql_query(format!(
                "DELETE FROM {table} WHERE facility_id = $1 AND {key} IN (
                    SELECT {key} FROM {table} WHERE facility_id = $1 AND time_ms < $2
                    LIMIT $3 FOR UPDATE SKIP LOCKED)"
            ))
            .bind::<Integer, _>(facility.0)
            .bind::<BigInt, _>(old.as_millis())
            .bind::<BigInt, _>(i64::from(most))
            .execute(conn),
        })?;
        Ok(u32::try_from(gone).unwrap_or(most))
    }
}
