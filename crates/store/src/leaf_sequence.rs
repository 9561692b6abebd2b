//! Gives waiting leaves their indices. Rows move from table to table inside the
//! database, so a million of them costs no round trips and no memory here.

use crate::{Error, Log, PendingLeaf, Tx, column, database::Conn, schema::log};
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection,
    sql_query,
    sql_types::{Array, BigInt, Integer},
};

/// How many leaves PostgreSQL is told of in one statement.
const BATCH: usize = 10_000;

/// Moves exactly the rows of these ids, whatever has been committed between them.
const POSTGRES: &str = "
    WITH gone AS (
        DELETE FROM pending_leaf WHERE facility_id = $1 AND id = ANY($2)
        RETURNING id, commitment, record_tag, version
    )
    INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
    SELECT $3, $4 + row_number() OVER (ORDER BY id) - 1, commitment, record_tag, version
    FROM gone";

/// Between the first and the last id stand these rows, and those without a mac, and no
/// others, if the count is right: ids grow with commits, because there is one writer.
const SQLITE_INSERT: &str = "
    INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
    SELECT ?, ? + row_number() OVER (ORDER BY id) - 1, commitment, record_tag, version
    FROM pending_leaf WHERE facility_id = ? AND id BETWEEN ? AND ? AND mac IS NOT NULL
    ORDER BY id";
const SQLITE_DELETE: &str = "
    DELETE FROM pending_leaf
    WHERE facility_id = ? AND id BETWEEN ? AND ? AND mac IS NOT NULL";

pub(crate) fn sequence(tx: &mut Tx, log: &Log, leaves: &[PendingLeaf]) -> Result<u64, Error> {
    let new_size = log.size + leaves.len() as u64;
    let size: i64 = column::number(log.size)?;
    let bigger: i64 = column::number(new_size)?;
    let swap = diesel::update(log::table.find(log.id.0).filter(log::size.eq(size)))
        .set(log::size.eq(bigger));
    if tx.write(|conn| swap.execute(conn))? != 1 {
        return Err(Error::Taken("log size"));
    }
    let mut index = size;
    for batch in leaves.chunks(BATCH) {
        let moved = tx.write(|conn| match conn {
            Conn::Sqlite(conn) => sqlite(conn, log, index, batch),
            Conn::Postgres(conn) => postgres(conn, log, index, batch),
        })?;
        if moved != batch.len() {
            return Err(Error::Taken("pending leaf"));
        }
        index += column::number::<_, i64>(moved)?;
    }
    Ok(new_size)
}

fn postgres(
    conn: &mut PgConnection,
    log: &Log,
    index: i64,
    leaves: &[PendingLeaf],
) -> QueryResult<usize> {
    let ids: Vec<i64> = leaves.iter().map(|leaf| leaf.id).collect();
    sql_query(POSTGRES)
        .bind::<Integer, _>(log.facility.0)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Integer, _>(log.id.0)
        .bind::<BigInt, _>(index)
        .execute(conn)
}

fn sqlite(
    conn: &mut SqliteConnection,
    log: &Log,
    index: i64,
    leaves: &[PendingLeaf],
) -> QueryResult<usize> {
    let (Some(first), Some(last)) = (leaves.first(), leaves.last()) else {
        return Ok(0);
    };
    let moved = sql_query(SQLITE_INSERT)
        .bind::<Integer, _>(log.id.0)
        .bind::<BigInt, _>(index)
        .bind::<Integer, _>(log.facility.0)
        .bind::<BigInt, _>(first.id)
        .bind::<BigInt, _>(last.id)
        .execute(conn)?;
    sql_query(SQLITE_DELETE)
        .bind::<Integer, _>(log.facility.0)
        .bind::<BigInt, _>(first.id)
        .bind::<BigInt, _>(last.id)
        .execute(conn)?;
    Ok(moved)
}
