//! The public keys of logs: the one in the log's row, and those that came after it.

use crate::{Access, Error, Log, LogRowId, Tx, column, database::Conn, schema::log_key};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use model::Timestamp;

/// A key of a log as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLogKey {
    /// From 1, in the order they were made.
    pub number: u32,
    /// Ed25519.
    pub public_key: [u8; 32],
    /// When it was made; not known of a key that was never changed.
    pub created: Option<Timestamp>,
    /// Since when it signs no more.
    pub retired: Option<Timestamp>,
}

/// The view of logs' keys.
pub struct LogKeys<'a, A> {
    pub(crate) access: &'a mut A,
}

type Row = (i32, i64, Vec<u8>, i64, Option<i64>);

fn read(row: Row) -> Result<(LogRowId, StoredLogKey), Error> {
    let (log, number, public_key, created, retired) = row;
    let key = StoredLogKey {
        number: column::number(number)?,
        public_key: column::hash(&public_key)?,
        created: Some(column::time(created)?),
        retired: retired.map(column::time).transpose()?,
    };
    Ok((LogRowId(log), key))
}

impl<A: Access> LogKeys<'_, A> {
    /// All keys of a log, the oldest first; at least one.
    pub fn of(&mut self, log: &Log) -> Result<Vec<StoredLogKey>, Error> {
        Ok(self
            .of_all(std::slice::from_ref(log))?
            .pop()
            .unwrap_or_default())
    }

    /// The keys of these logs, in the same order.
    pub fn of_all(&mut self, logs: &[Log]) -> Result<Vec<Vec<StoredLogKey>>, Error> {
        let query = log_key::table.order((log_key::log_id, log_key::number));
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        let rows: Vec<_> = rows.into_iter().map(read).collect::<Result<_, _>>()?;
        let of = |log: &Log| {
            let mut keys: Vec<_> = rows
                .iter()
                .filter(|(id, _)| *id == log.id)
                .map(|(_, key)| key.clone())
                .collect();
            if keys.is_empty() {
                keys.push(StoredLogKey {
                    number: 1,
                    public_key: log.public_key,
                    created: None,
                    retired: None,
                });
            }
            keys
        };
        Ok(logs.iter().map(of).collect())
    }
}

impl LogKeys<'_, Tx> {
    /// Adds a key; `Taken` when its number is, or the key is some log's.
    pub fn insert(
        &mut self,
        log: LogRowId,
        number: u32,
        public_key: [u8; 32],
        created: Timestamp,
    ) -> Result<(), Error> {
        let row = (
            log_key::log_id.eq(log.0),
            log_key::number.eq(i64::from(number)),
            log_key::public_key.eq(public_key.to_vec()),
            log_key::created_ms.eq(created.as_millis()),
        );
        let insert = diesel::insert_into(log_key::table).values(row);
        self.access
            .insert(Error::Taken("log key"), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })
            .map(drop)
    }

    /// Ends a key's signing; `Taken` when it has ended.
    pub fn retire(&mut self, log: LogRowId, number: u32, at: Timestamp) -> Result<(), Error> {
        let signing = log_key::table
            .find((log.0, i64::from(number)))
            .filter(log_key::retired_ms.is_null());
        let update = diesel::update(signing).set(log_key::retired_ms.eq(at.as_millis()));
        match self.access.write(|conn| update.execute(conn))? {
            1 => Ok(()),
            _ => Err(Error::Taken("log key's end")),
        }
    }
}
