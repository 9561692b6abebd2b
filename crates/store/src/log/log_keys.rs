//! The public keys of logs: the one in the log's row, and those that came after it.
//!
//! Verifiers are handed what stands here, and a key that is said to be retired signs no
//! more. So log and keys have a mac together under the leaf key (docs/storage-format.md,
//! "Keys of logs"): what somebody else wrote is given to nobody.

use crate::{
    Access, Error, KeysShown, Log, LogRowId, StoredLogKey, Taken, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    log::leaf_keys::LeafKeys,
    schema::{log, log_key},
};
use diesel::{ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl, RunQueryDsl};
use model::Timestamp;
use std::collections::BTreeMap;

/// The keys of a log, and what shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKeySet {
    origin: String,
    keys: Vec<StoredLogKey>,
    shown: KeysShown,
}

impl LogKeySet {
    /// All keys, the oldest first; at least one.
    ///
    /// # Errors
    /// When nothing shows that they are the log's.
    pub fn shown(&self) -> Result<&[StoredLogKey], Error> {
        match self.shown {
            KeysShown::Newest | KeysShown::Older => Ok(&self.keys),
            KeysShown::Never | KeysShown::Wrong => Err(Error::LogKeys(self.origin.clone())),
            KeysShown::Unknown => Err(Error::NoLeafKey),
        }
    }

    /// The same as they stand in the database, whoever put them there.
    #[must_use]
    pub fn as_they_stand(&self) -> &[StoredLogKey] {
        &self.keys
    }

    /// What shows them.
    #[must_use]
    pub const fn by(&self) -> KeysShown {
        self.shown
    }
}

/// The view of logs' keys.
pub struct LogKeys<'a, A> {
    pub(crate) access: &'a mut A,
}

type Row = (i32, i64, Vec<u8>, i64, Option<i64>);
/// A log's id and mac, and one of its keys if it has rows of them.
type Joined = (i32, Option<Vec<u8>>, Option<Row>);

fn read(row: Row) -> Result<StoredLogKey, Error> {
    let (_, number, public_key, created, retired) = row;
    Ok(StoredLogKey {
        number: column::number(number)?,
        public_key: column::hash(&public_key)?,
        created: Some(column::time(created)?),
        retired: retired.map(column::time).transpose()?,
    })
}

fn key_set(
    log: &Log,
    mac: Option<&[u8]>,
    mut keys: Vec<StoredLogKey>,
    held: &LeafKeys,
) -> LogKeySet {
    let shown = held.of_log(&log.as_made(), &keys, mac);
    if keys.is_empty() {
        keys.push(StoredLogKey {
            number: 1,
            public_key: log.public_key,
            created: None,
            retired: None,
        });
    }
    LogKeySet {
        origin: log.origin.clone(),
        keys,
        shown,
    }
}

/// Logs beside their keys, in one statement: a key may be changed at any moment.
macro_rules! joined {
    () => {
        log::table
            .left_join(log_key::table.on(log_key::log_id.eq(log::id)))
            .order((log::id, log_key::number))
            .select((log::id, log::keys_mac, log_key::all_columns.nullable()))
    };
}

/// What the rows of one log say.
fn set_of(log: &Log, rows: Vec<Joined>, held: &LeafKeys) -> LogKeySet {
    let mac = rows.iter().find_map(|(_, mac, _)| mac.clone());
    let keys = rows.into_iter().filter_map(|(.., key)| key).map(read);
    // Of what has not the form of a key no mac holds.
    let (keys, mac) = match keys.collect::<Result<_, _>>() {
        Ok(keys) => (keys, mac),
        Err(_) => (Vec::new(), Some(Vec::new())),
    };
    key_set(log, mac.as_deref(), keys, held)
}

impl<A: Access> LogKeys<'_, A> {
    /// All keys of a log, the oldest first; at least one.
    ///
    /// # Errors
    /// Also when nothing shows that they are the log's.
    pub fn of(&mut self, log: &Log) -> Result<Vec<StoredLogKey>, Error> {
        Ok(self.find(log)?.shown()?.to_vec())
    }

    /// The keys of a log, with what shows them.
    pub fn find(&mut self, log: &Log) -> Result<LogKeySet, Error> {
        let query = joined!().filter(log::id.eq(log.id.0));
        let rows: Vec<Joined> = self.access.query(|conn| query.load(conn))?;
        Ok(set_of(log, rows, self.access.leaf_keys()))
    }

    /// The keys of these logs, in the same order.
    pub fn of_all(&mut self, logs: &[Log]) -> Result<Vec<LogKeySet>, Error> {
        let query = joined!();
        let rows: Vec<Joined> = self.access.query(|conn| query.load(conn))?;
        let mut by_log: BTreeMap<i32, Vec<Joined>> = BTreeMap::new();
        for row in rows {
            by_log.entry(row.0).or_default().push(row);
        }
        let held = self.access.leaf_keys();
        let of = |log: &Log| set_of(log, by_log.remove(&log.id.0).unwrap_or_default(), held);
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
        self.of_row(log)?.shown()?;
        let row = (
            log_key::log_id.eq(log.0),
            log_key::number.eq(i64::from(number)),
            log_key::public_key.eq(public_key.to_vec()),
            log_key::created_ms.eq(created.as_millis()),
        );
        let insert = diesel::insert_into(log_key::table).values(row);
        self.access
            .insert(Error::Taken(Taken::LogKey), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        self.show(log)
    }

    /// Ends a key's signing; `Taken` when it has ended.
    pub fn retire(&mut self, log: LogRowId, number: u32, at: Timestamp) -> Result<(), Error> {
        self.of_row(log)?.shown()?;
        let signing = log_key::table
            .find((log.0, i64::from(number)))
            .filter(log_key::retired_ms.is_null());
        let update = diesel::update(signing).set(log_key::retired_ms.eq(at.as_millis()));
        match self.access.write(|conn| update.execute(conn))? {
            1 => self.show(log),
            _ => Err(Error::Taken(Taken::LogKeyEnd)),
        }
    }

    /// Shows by the newest leaf key that these keys are the log's; `Taken` when others
    /// stand there by now. Whoever calls this has compared them.
    pub fn adopt(&mut self, log: LogRowId, keys: &[StoredLogKey]) -> Result<(), Error> {
        if self.of_row(log)?.as_they_stand() != keys {
            return Err(Error::Taken(Taken::LogKey));
        }
        self.show(log)
    }

    fn of_row(&mut self, id: LogRowId) -> Result<LogKeySet, Error> {
        let log = self.access.logs().get(id)?.ok_or(Error::Corrupt("log"))?;
        self.find(&log)
    }

    fn show(&mut self, id: LogRowId) -> Result<(), Error> {
        let row = self.access.logs().get(id)?.ok_or(Error::Corrupt("log"))?;
        let query = (log_key::table.filter(log_key::log_id.eq(id.0))).order(log_key::number);
        let keys: Vec<Row> =
            crate::access::sealed::Connected::query(self.access, |conn| query.load(conn))?;
        let keys: Vec<_> = keys.into_iter().map(read).collect::<Result<_, _>>()?;
        let mac = self
            .access
            .leaf_keys
            .newest()?
            .log_keys_mac(&row.as_made(), &keys);
        let shown = diesel::update(log::table.find(id.0)).set(log::keys_mac.eq(mac.as_slice()));
        self.access.write(|conn| shown.execute(conn)).map(drop)
    }
}
