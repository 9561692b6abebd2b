//! The logs of a facility as the sweep walks them: in the order of epochs, whatever somebody
//! wrote into their rows.

use crate::{
    Access, Error, FacilityId, LogRowId, column,
    schema::log,
    sweep::{Sweep, sql},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

/// A log as the sweep comes by it: its row may be one that nothing else can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweptLog {
    /// Counts from 1 unless someone wrote past the store.
    pub epoch: i64,
    /// Whether its columns hold what they promise.
    pub is_readable: bool,
}

/// Where a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEnd {
    /// The size in its row.
    pub size: i64,
    /// The highest index of its leaves.
    pub last: Option<i64>,
}

impl<A: Access> Sweep<'_, A> {
    /// The first log of a facility after this epoch, or of all.
    pub fn next_log(
        &mut self,
        facility: FacilityId,
        after: Option<i64>,
    ) -> Result<Option<SweptLog>, Error> {
        let mut query = log::table
            .filter(log::facility_id.eq(facility.0))
            .order(log::epoch)
            .select((log::epoch, log::size, log::log_id, log::public_key))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(log::epoch.gt(after));
        }
        let row: Option<(i64, i64, Vec<u8>, Vec<u8>)> =
            self.access.query(|conn| query.first(conn).optional())?;
        Ok(row.map(|(epoch, size, log_id, public_key)| SweptLog {
            epoch,
            is_readable: column::number::<_, u32>(epoch).is_ok()
                && column::number::<_, u64>(size).is_ok()
                && column::log_id(&log_id).is_ok()
                && column::hash(&public_key).is_ok(),
        }))
    }

    /// The log of a facility of this epoch.
    pub fn log(&mut self, facility: FacilityId, epoch: i64) -> Result<Option<LogRowId>, Error> {
        let query = log::table
            .filter(log::facility_id.eq(facility.0))
            .filter(log::epoch.eq(epoch))
            .select(log::id);
        let id: Option<i32> = self.access.query(|conn| query.first(conn).optional())?;
        Ok(id.map(LogRowId))
    }

    /// The number of leaves of a facility that have an index, by the rows of its logs.
    pub fn sequenced(&mut self, facility: FacilityId) -> Result<u64, Error> {
        let query = log::table
            .filter(log::facility_id.eq(facility.0))
            .select(log::size);
        let sizes: Vec<i64> = self.access.query(|conn| query.load(conn))?;
        let sizes = sizes
            .into_iter()
            .filter_map(|size| u64::try_from(size).ok());
        Ok(sizes.fold(0, u64::saturating_add))
    }

    /// Where a log ends; `None` when it is not there.
    pub fn end(&mut self, log: LogRowId) -> Result<Option<LogEnd>, Error> {
        let query = sql::end(log.0);
        let lines: Vec<(i64, Option<i64>)> = self.access.query(|conn| query.load(conn))?;
        let end = lines.into_iter().next();
        Ok(end.map(|(size, last)| LogEnd { size, last }))
    }
}
