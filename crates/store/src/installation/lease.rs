//! The lease of the anchor-service: one row, changed by compare-and-swap.

use crate::{
    Access, Error, Taken, Tx, access::Writes as _, column, engine::database::Conn,
    schema::anchor_lease,
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use model::Timestamp;

const ROW: i32 = 1;

/// Who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLease {
    /// A process, by random bytes.
    pub holder: [u8; 16],
    /// Its machine, for people.
    pub name: String,
    /// Until when, by the holder's clock.
    pub until: Timestamp,
}

/// The view of the lease.
pub struct Lease<'a, A> {
    pub(crate) access: &'a mut A,
}

impl<A: Access> Lease<'_, A> {
    /// Who has it, or had it last; `None` before anyone had.
    pub fn find(&mut self) -> Result<Option<StoredLease>, Error> {
        let query = anchor_lease::table.find(ROW).select((
            anchor_lease::holder,
            anchor_lease::name,
            anchor_lease::until_ms,
        ));
        let row = self
            .access
            .query(|conn| query.first::<(Vec<u8>, String, i64)>(conn).optional())?;
        row.map(|(holder, name, until)| {
            Ok(StoredLease {
                holder: holder
                    .try_into()
                    .map_err(|_| Error::Corrupt("lease holder"))?,
                name,
                until: column::time(until)?,
            })
        })
        .transpose()
    }
}

impl Lease<'_, Tx> {
    /// Puts `after` in the place of `before`; `Taken` when that is not what stands
    /// there any more.
    pub fn swap(&mut self, before: Option<&StoredLease>, after: &StoredLease) -> Result<(), Error> {
        let row = (
            anchor_lease::holder.eq(after.holder.to_vec()),
            anchor_lease::name.eq(&after.name),
            anchor_lease::until_ms.eq(after.until.as_millis()),
        );
        let Some(before) = before else {
            let insert =
                diesel::insert_into(anchor_lease::table).values((anchor_lease::id.eq(ROW), row));
            let taken = Error::Taken(Taken::Lease);
            return self
                .access
                .insert(taken, |conn| match conn {
                    Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                    Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
                })
                .map(drop);
        };
        let same = anchor_lease::table
            .find(ROW)
            .filter(anchor_lease::holder.eq(before.holder.to_vec()))
            .filter(anchor_lease::until_ms.eq(before.until.as_millis()));
        let update = diesel::update(same).set(row);
        match self.access.write(|conn| update.execute(conn))? {
            1 => Ok(()),
            _ => Err(Error::Taken(Taken::Lease)),
        }
    }
}
