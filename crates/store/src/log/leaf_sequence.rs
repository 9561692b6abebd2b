//! Gives waiting leaves their indices. Rows move from table to table inside the
//! database, so a million of them costs no round trips and no memory here.

use crate::{
    Error, Log, PendingLeaf, Taken, Tx,
    access::Writes as _,
    access::sealed::Connected as _,
    backend::Backend,
    column,
    engine::database::Conn,
    schema::{leaf, log},
};
use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl,
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
    let size = match tx.backend() {
        Backend::Sqlite => {
            let size = enter(tx, log, leaves)?;
            leave_waiting(tx, log, leaves)?;
            size
        }
        Backend::Postgres => {
            let size = grow(tx, log, leaves)?;
            let mut index = column::number(log.size)?;
            for batch in leaves.chunks(BATCH) {
                let moved = postgres(tx, log, index, batch)?;
                require_all(moved, batch)?;
                index += column::number::<_, i64>(moved)?;
            }
            size
        }
    };
    Ok(size)
}

/// The first step on SQLite: the leaves have their indices, and wait still.
pub(crate) fn enter(tx: &mut Tx, log: &Log, leaves: &[PendingLeaf]) -> Result<u64, Error> {
    let size = grow(tx, log, leaves)?;
    let (Some(first), Some(last)) = (leaves.first(), leaves.last()) else {
        return Ok(size);
    };
    let query = sql_query(SQLITE_INSERT)
        .bind::<Integer, _>(log.id.0)
        .bind::<BigInt, _>(column::number::<_, i64>(log.size)?)
        .bind::<Integer, _>(log.facility.0)
        .bind::<BigInt, _>(first.id)
        .bind::<BigInt, _>(last.id);
    let entered = tx.write(|conn| query.execute(conn))?;
    require_all(entered, leaves)?;
    Ok(size)
}

/// The second: they wait no longer.
pub(crate) fn leave_waiting(tx: &mut Tx, log: &Log, leaves: &[PendingLeaf]) -> Result<(), Error> {
    let (Some(first), Some(last)) = (leaves.first(), leaves.last()) else {
        return Ok(());
    };
    let query = sql_query(SQLITE_DELETE)
        .bind::<Integer, _>(log.facility.0)
        .bind::<BigInt, _>(first.id)
        .bind::<BigInt, _>(last.id);
    let left = tx.write(|conn| query.execute(conn))?;
    require_all(left, leaves)
}

/// Or instead of it: they have no indices any more.
pub(crate) fn withdraw(tx: &mut Tx, log: &Log, leaves: &[PendingLeaf]) -> Result<(), Error> {
    let bigger = log.size + leaves.len() as u64;
    let entered = leaf::table
        .filter(leaf::log_id.eq(log.id.0))
        .filter(leaf::idx.ge(column::number::<_, i64>(log.size)?))
        .filter(leaf::idx.lt(column::number::<_, i64>(bigger)?));
    let gone = tx.write(|conn| diesel::delete(entered).execute(conn))?;
    require_all(gone, leaves)?;
    swap_size(tx, log, bigger, log.size)
}

/// Lets the log have room for these leaves, when it still has the size that is known.
fn grow(tx: &mut Tx, log: &Log, leaves: &[PendingLeaf]) -> Result<u64, Error> {
    let size = log.size + leaves.len() as u64;
    swap_size(tx, log, log.size, size)?;
    Ok(size)
}

fn swap_size(tx: &mut Tx, log: &Log, from: u64, to: u64) -> Result<(), Error> {
    let (from, to): (i64, i64) = (column::number(from)?, column::number(to)?);
    let swap =
        diesel::update(log::table.find(log.id.0).filter(log::size.eq(from))).set(log::size.eq(to));
    match tx.write(|conn| swap.execute(conn))? {
        1 => Ok(()),
        _ => Err(Error::Taken(Taken::LogSize)),
    }
}

fn require_all(moved: usize, leaves: &[PendingLeaf]) -> Result<(), Error> {
    if moved == leaves.len() {
        Ok(())
    } else {
        Err(Error::Taken(Taken::PendingLeaf))
    }
}

fn postgres(tx: &mut Tx, log: &Log, index: i64, leaves: &[PendingLeaf]) -> Result<usize, Error> {
    let ids: Vec<i64> = leaves.iter().map(|leaf| leaf.id).collect();
    let query = sql_query(POSTGRES)
        .bind::<Integer, _>(log.facility.0)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Integer, _>(log.id.0)
        .bind::<BigInt, _>(index);
    tx.write(|conn| match conn {
        Conn::Postgres(conn) => query.execute(conn),
        Conn::Sqlite(_) => Ok(0),
    })
}

/// Leaves that are taken back in one transaction: few enough that writers wait only for a
/// fraction of a second.
const MAX_TAKEN: i64 = 10_000;

const POSTGRES_BACK: &str = "
    INSERT INTO pending_leaf (facility_id, commitment, record_tag, version)
    SELECT $1, commitment, record_tag, version FROM leaf
    WHERE log_id = $2 AND idx BETWEEN $3 AND $4 ORDER BY idx";
const SQLITE_BACK: &str = "
    INSERT INTO pending_leaf (facility_id, commitment, record_tag, version)
    SELECT ?, commitment, record_tag, version FROM leaf
    WHERE log_id = ? AND idx BETWEEN ? AND ? ORDER BY idx";

/// Tiles may go on beyond the size; the next leaves are written over them.
pub(crate) fn take_back(tx: &mut Tx, log: &Log, floor: u64) -> Result<u64, Error> {
    let (size, floor): (i64, i64) = (column::number(log.size)?, column::number(floor)?);
    let last = leaf::table
        .filter(leaf::log_id.eq(log.id.0))
        .select(max(leaf::idx));
    let last: Option<i64> = tx.query(|conn| last.first(conn))?;
    // Whoever wrote the size may have written any.
    let end = last.map_or(0, |last| last.saturating_add(1)).min(size);
    let start = floor.max(end.saturating_sub(MAX_TAKEN));
    let swap = diesel::update(log::table.find(log.id.0).filter(log::size.eq(size)))
        .set((log::size.eq(start), log::state_mac.eq(None::<Vec<u8>>)));
    if tx.write(|conn| swap.execute(conn))? != 1 {
        return Err(Error::Taken(Taken::LogSize));
    }
    wait_again(tx, log, start, end.saturating_sub(1))
}

/// Rows beyond the size have no place in the tree, and the next leaves need theirs.
pub(crate) fn take_back_beyond(tx: &mut Tx, log: &Log) -> Result<u64, Error> {
    let size: i64 = column::number(log.size)?;
    let beyond = leaf::table
        .filter(leaf::log_id.eq(log.id.0))
        .filter(leaf::idx.ge(size))
        .order(leaf::idx)
        .limit(MAX_TAKEN)
        .select(leaf::idx);
    let beyond: Vec<i64> = tx.query(|conn| beyond.load(conn))?;
    match beyond.last() {
        Some(last) => wait_again(tx, log, size, *last),
        None => Ok(0),
    }
}

/// Moves the leaves from the first index to the last; gives their number.
fn wait_again(tx: &mut Tx, log: &Log, first: i64, last: i64) -> Result<u64, Error> {
    let (facility, log) = (log.facility.0, log.id.0);
    let bound = |text: &str| {
        let query = sql_query(text.to_owned()).bind::<Integer, _>(facility);
        let query = query.bind::<Integer, _>(log);
        query.bind::<BigInt, _>(first).bind::<BigInt, _>(last)
    };
    let taken = tx.write(|conn| match conn {
        Conn::Sqlite(conn) => bound(SQLITE_BACK).execute(conn),
        Conn::Postgres(conn) => bound(POSTGRES_BACK).execute(conn),
    })?;
    let gone = leaf::table
        .filter(leaf::log_id.eq(log))
        .filter(leaf::idx.between(first, last));
    tx.write(|conn| diesel::delete(gone).execute(conn))?;
    column::number(taken)
}
