//! Logs, their Merkle tiles and their signed checkpoints. What a tile or a note
//! means is known in `tlog`.

use crate::{
    Access, Error, FacilityId, Log, LogRowId, NewLog, Taken, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    schema::{checkpoint, log, tile},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use model::{Digest, Timestamp};

/// A tile as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// 0 holds leaf hashes.
    pub level: u8,
    /// From the left.
    pub index: u64,
    /// 1 to 256 hashes of 32 bytes.
    pub hashes: Vec<u8>,
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Leaves it covers.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
    /// When it was signed.
    pub time: Timestamp,
    /// The signed note, byte for byte.
    pub note: String,
}

/// A row of a log, which somebody may have changed.
#[derive(Debug, Clone)]
pub struct EachLog {
    /// Whose log it is.
    pub facility: FacilityId,
    /// The origin line of its checkpoints.
    pub origin: String,
    /// The whole row, where it can be read.
    pub log: Result<Log, Error>,
}

/// The view of logs.
pub struct Logs<'a, A> {
    pub(crate) access: &'a mut A,
}

type LogRow = (
    i32,
    i32,
    i64,
    String,
    Vec<u8>,
    Vec<u8>,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);
pub(crate) type CheckpointRow = (i32, i64, Vec<u8>, i64, String);

fn read_log(row: LogRow) -> Result<Log, Error> {
    let (id, facility, epoch, origin, log_id, public_key, size, state_mac, _) = row;
    Ok(Log {
        id: LogRowId(id),
        facility: FacilityId(facility),
        epoch: column::number(epoch)?,
        origin,
        log_id: column::log_id(&log_id)?,
        public_key: column::hash(&public_key)?,
        size: column::number(size)?,
        state_mac,
    })
}

pub(crate) fn read_checkpoint(row: CheckpointRow) -> Result<StoredCheckpoint, Error> {
    let (_, size, root, time, note) = row;
    Ok(StoredCheckpoint {
        size: column::number(size)?,
        root: column::digest(&root)?,
        time: column::time(time)?,
        note,
    })
}

impl<A: Access> Logs<'_, A> {
    /// The log of a facility: the one of the newest epoch.
    pub fn find(&mut self, facility: FacilityId) -> Result<Option<Log>, Error> {
        let query = log::table
            .filter(log::facility_id.eq(facility.0))
            .order(log::epoch.desc());
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read_log).transpose()
    }

    /// The log of a facility of this epoch.
    pub fn find_epoch(&mut self, facility: FacilityId, epoch: u32) -> Result<Option<Log>, Error> {
        let query = log::table
            .filter(log::facility_id.eq(facility.0))
            .filter(log::epoch.eq(i64::from(epoch)));
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read_log).transpose()
    }

    /// The log of an id.
    pub fn get(&mut self, id: LogRowId) -> Result<Option<Log>, Error> {
        let row = self
            .access
            .query(|conn| log::table.find(id.0).first(conn).optional())?;
        row.map(read_log).transpose()
    }

    /// All logs of all facilities and epochs.
    pub fn list(&mut self) -> Result<Vec<Log>, Error> {
        self.each()?.into_iter().map(|each| each.log).collect()
    }

    /// The same; an error for each row that cannot be read.
    pub fn each(&mut self) -> Result<Vec<EachLog>, Error> {
        let rows: Vec<LogRow> = self
            .access
            .query(|conn| log::table.order(log::id).load(conn))?;
        let each = |row: LogRow| EachLog {
            facility: FacilityId(row.1),
            origin: row.3.clone(),
            log: read_log(row),
        };
        Ok(rows.into_iter().map(each).collect())
    }

    /// Those whose rows can be read.
    pub fn readable(&mut self) -> Result<Vec<Log>, Error> {
        let each = self.each()?.into_iter();
        Ok(each.filter_map(|each| each.log.ok()).collect())
    }

    /// The hashes of a tile.
    pub fn tile(&mut self, log: LogRowId, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        let key = (log.0, i16::from(level), column::number::<_, i64>(index)?);
        let query = tile::table.find(key).select(tile::hashes);
        self.access.query(|conn| query.first(conn).optional())
    }

    /// The checkpoint of a size.
    pub fn checkpoint(
        &mut self,
        log: LogRowId,
        size: u64,
    ) -> Result<Option<StoredCheckpoint>, Error> {
        let query = checkpoint::table.find((log.0, column::number::<_, i64>(size)?));
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read_checkpoint).transpose()
    }

    /// The checkpoint of the largest size.
    pub fn newest_checkpoint(&mut self, log: LogRowId) -> Result<Option<StoredCheckpoint>, Error> {
        let query = checkpoint::table
            .filter(checkpoint::log_id.eq(log.0))
            .order(checkpoint::size.desc());
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read_checkpoint).transpose()
    }
}

impl Logs<'_, Tx> {
    /// Adds a log; `Taken` when its epoch, origin or id is.
    pub fn insert(&mut self, new: &NewLog) -> Result<Log, Error> {
        let mac = self.access.leaf_keys.newest()?.log_keys_mac(new, &[]);
        let row = (
            log::facility_id.eq(new.facility.0),
            log::epoch.eq(i64::from(new.epoch)),
            log::origin.eq(&new.origin),
            log::log_id.eq(new.log_id.as_bytes().as_slice()),
            log::public_key.eq(new.public_key.as_slice()),
            log::size.eq(0),
            log::keys_mac.eq(mac.as_slice()),
        );
        let insert = diesel::insert_into(log::table).values(row);
        self.access
            .insert(Error::Taken(Taken::Log), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        let query = log::table.filter(log::origin.eq(&new.origin));
        read_log(crate::access::sealed::Connected::query(
            self.access,
            |conn| query.first(conn),
        )?)
    }

    /// Shows by a leaf key that a log was brought to this size and root by who holds it.
    pub fn show_state(&mut self, log: &Log, size: u64, root: &Digest) -> Result<(), Error> {
        let mac = self.access.leaf_keys.newest()?;
        let mac = mac.state_mac(log.log_id, size, root);
        let row = diesel::update(log::table.find(log.id.0));
        let shown = row.set(log::state_mac.eq(mac.as_slice()));
        self.access.write(|conn| shown.execute(conn)).map(drop)
    }

    /// Stores tiles, replacing narrower ones in the same place.
    pub fn put_tiles(&mut self, log: LogRowId, tiles: &[Tile]) -> Result<(), Error> {
        for new in tiles {
            let row = (
                tile::log_id.eq(log.0),
                tile::level.eq(i16::from(new.level)),
                tile::idx.eq(column::number::<_, i64>(new.index)?),
                tile::hashes.eq(&new.hashes),
            );
            let key = (tile::log_id, tile::level, tile::idx);
            let insert = diesel::insert_into(tile::table)
                .values(row)
                .on_conflict(key);
            let wider = tile::hashes.eq(&new.hashes);
            self.access.write(|conn| match conn {
                Conn::Sqlite(conn) => insert.do_update().set(wider).execute(conn),
                Conn::Postgres(conn) => insert.do_update().set(wider).execute(conn),
            })?;
        }
        Ok(())
    }

    /// Stores a checkpoint in the place of whatever stands at its size: a log's keys sign each
    /// size once, so that is the same, or somebody else's.
    pub fn put_checkpoint(&mut self, log: LogRowId, new: &StoredCheckpoint) -> Result<(), Error> {
        let size: i64 = column::number(new.size)?;
        let other = checkpoint::table.find((log.0, size));
        self.access
            .write(|conn| diesel::delete(other).execute(conn))?;
        self.insert_checkpoint(log, new)
    }

    /// Stores a checkpoint; `Taken` when one of that size is there.
    pub fn insert_checkpoint(
        &mut self,
        log: LogRowId,
        new: &StoredCheckpoint,
    ) -> Result<(), Error> {
        let row = (
            checkpoint::log_id.eq(log.0),
            checkpoint::size.eq(column::number::<_, i64>(new.size)?),
            checkpoint::root.eq(new.root.as_bytes().as_slice()),
            checkpoint::time_ms.eq(new.time.as_millis()),
            checkpoint::note.eq(&new.note),
        );
        let insert = diesel::insert_into(checkpoint::table).values(row);
        self.access
            .insert(Error::Taken(Taken::Checkpoint), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }
}
