//! Gives waiting leaves their indices. Rows move from table to table inside the
//! database, so a million of them costs no round trips and no memory here.

use crate::{
    Error, Log, PendingLeaf, Tx, column,
    database::Conn,
    schema::{leaf, log},
};
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection,
    dsl::max,
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

/// Leaves that are taken back in one transaction: few enough that writers wait only for a
/// fraction of a second.
const MOST_TAKEN: i64 = 10_000;

const POSTGRES_BACK: &str = "
    INSERT INTO pending_leaf (facility_id, commitment, record_tag, version)
    SELECT $1, commitment, record_tag, version FROM leaf
    WHERE log_id = $2 AND idx >= $3 ORDER BY idx";
const SQLITE_BACK: &str = "
    INSERT INTO pending_leaf (facility_id, commitment, record_tag, version)
    SELECT ?, commitment, record_tag, version FROM leaf
    WHERE log_id = ? AND idx >= ? ORDER BY idx";

/// Tiles may go on beyond the size; the next leaves are written over them.
pub(crate) fn take_back(tx: &mut Tx, log: &Log, floor: u64) -> Result<u64, Error> {
    let (size, floor): (i64, i64) = (column::number(log.size)?, column::number(floor)?);
    let last = leaf::table
        .filter(leaf::log_id.eq(log.id.0))
        .select(max(leaf::idx));
    let last: Option<i64> = tx.write(|conn| last.first(conn))?;
    // Whoever wrote the size may have written any.
    let end = last.map_or(0, |last| last.saturating_add(1)).min(size);
    let start = floor.max(end.saturating_sub(MOST_TAKEN));
    let swap = diesel::update(log::table.find(log.id.0).filter(log::size.eq(size)))
        .set((log::size.eq(start), log::state_mac.eq(None::<Vec<u8>>)));
    if tx.write(|conn| swap.execute(conn))? != 1 {
        return Err(Error::Taken("log size"));
    }
    let (facility, log) = (log.facility.0, log.id.0);
    let bound = |text: &str| {
        let query = sql_query(text.to_owned()).bind::<Integer, _>(facility);
        query.bind::<Integer, _>(log).bind::<BigInt, _>(start)
    };
    let taken = tx.write(|conn| match conn {
        Conn::Sqlite(conn) => bound(SQLITE_BACK).execute(conn),
        Conn::Postgres(conn) => bound(POSTGRES_BACK).execute(conn),
    })?;
    let gone = leaf::table
        .filter(leaf::log_id.eq(log))
        .filter(leaf::idx.ge(start));
    tx.write(|conn| diesel::delete(gone).execute(conn))?;
    column::number(taken)
}
