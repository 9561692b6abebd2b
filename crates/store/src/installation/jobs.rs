//! The rows of long jobs: one for each facility and kind, changed by compare-and-swap.
//! What the progress says is not known here, and nothing in a row is taken to be well
//! formed: whoever can write to the database could otherwise stop a job by it.

use crate::{
    Access, Error, FacilityId, Taken, Tx, access::Writes as _, engine::database::Conn, schema::job,
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper,
    prelude::{Queryable, Selectable},
};

/// The row of a job, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = job)]
pub struct StoredJob {
    /// The process that works at it, or did last: 16 random bytes.
    pub holder: Vec<u8>,
    /// Until when, in milliseconds by the holder's clock; 0 when it was given back.
    pub until_ms: i64,
    /// When the progress was sealed, in milliseconds.
    pub time_ms: i64,
    /// Names the key that opens the envelope.
    pub data_key_id: Vec<u8>,
    /// The sealed progress.
    pub envelope: Vec<u8>,
}

/// The view of jobs.
pub struct Jobs<'a, A> {
    pub(crate) access: &'a mut A,
}

impl<A: Access> Jobs<'_, A> {
    /// The row of a job; `None` before its first step.
    pub fn find(&mut self, facility: FacilityId, kind: &str) -> Result<Option<StoredJob>, Error> {
        let query = job::table
            .find((facility.0, kind))
            .select(StoredJob::as_select());
        self.access.query(|conn| query.first(conn).optional())
    }
}

impl Jobs<'_, Tx> {
    /// Puts `after` in the place of `before`; `Taken` when that is not what stands there
    /// any more.
    pub fn swap(
        &mut self,
        facility: FacilityId,
        kind: &str,
        before: Option<&StoredJob>,
        after: &StoredJob,
    ) -> Result<(), Error> {
        let row = (
            job::holder.eq(&after.holder),
            job::until_ms.eq(after.until_ms),
            job::time_ms.eq(after.time_ms),
            job::data_key_id.eq(&after.data_key_id),
            job::envelope.eq(&after.envelope),
        );
        let Some(before) = before else {
            let key = (job::facility_id.eq(facility.0), job::kind.eq(kind));
            let insert = diesel::insert_into(job::table).values((key, row));
            return self
                .access
                .insert(Error::Taken(Taken::Job), |conn| match conn {
                    Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                    Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
                })
                .map(drop);
        };
        let same = job::table
            .find((facility.0, kind))
            .filter(job::holder.eq(&before.holder))
            .filter(job::until_ms.eq(before.until_ms))
            .filter(job::time_ms.eq(before.time_ms))
            .filter(job::envelope.eq(&before.envelope));
        let update = diesel::update(same).set(row);
        match self.access.write(|conn| update.execute(conn))? {
            1 => Ok(()),
            _ => Err(Error::Taken(Taken::Job)),
        }
    }
}
