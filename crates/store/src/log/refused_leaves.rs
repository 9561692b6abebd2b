//! Leaves that were refused an index: kept apart from those that wait, until somebody has
//! looked at them.

use crate::{
    Access, Error, FacilityId, LeafFault, Leaves, RowName, Tx, WaitingLeaf,
    access::Writes as _,
    column,
    schema::{pending_leaf, refused_leaf},
};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, dsl::count_star};

/// A refused leaf as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedLeaf {
    /// Its row.
    pub id: i64,
    /// What it would have put into the log; of any length.
    pub commitment: Vec<u8>,
    /// What it says that it commits to.
    pub name: RowName,
    /// Why; `None` where the row does not say it in our words.
    pub fault: Option<LeafFault>,
}

type Row = (i64, Vec<u8>, Vec<u8>, i64, String);

impl<A: Access> Leaves<'_, A> {
    /// At most `limit` refused leaves after this one or from the first.
    pub fn refused(
        &mut self,
        facility: FacilityId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<RefusedLeaf>, Error> {
        let query = refused_leaf::table
            .filter(refused_leaf::facility_id.eq(facility.0))
            .filter(refused_leaf::id.ge(after.map_or(i64::MIN, |id| id.saturating_add(1))))
            .order(refused_leaf::id)
            .limit(i64::from(limit))
            .select((
                refused_leaf::id,
                refused_leaf::commitment,
                refused_leaf::record_tag,
                refused_leaf::version,
                refused_leaf::cause,
            ));
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        let read = |(id, commitment, record, version, cause): Row| RefusedLeaf {
            id,
            commitment,
            name: RowName { record, version },
            fault: LeafFault::read(&cause),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// How many leaves were refused and are not forgotten.
    pub fn refused_count(&mut self, facility: FacilityId) -> Result<u64, Error> {
        let query = refused_leaf::table
            .filter(refused_leaf::facility_id.eq(facility.0))
            .select(count_star());
        let count: i64 = self.access.query(|conn| query.first(conn))?;
        column::number(count)
    }
}

impl Leaves<'_, Tx> {
    /// Takes a leaf out of those that wait, and keeps it with the cause; `false`, and nothing
    /// is done, when it waits no longer.
    pub fn refuse(
        &mut self,
        facility: FacilityId,
        leaf: &WaitingLeaf,
        fault: LeafFault,
    ) -> Result<bool, Error> {
        let waits = pending_leaf::table
            .filter(pending_leaf::id.eq(leaf.id))
            .filter(pending_leaf::facility_id.eq(facility.0));
        let gone = self
            .access
            .write(|conn| diesel::delete(waits).execute(conn))?;
        if gone == 0 {
            return Ok(false);
        }
        let insert = diesel::insert_into(refused_leaf::table).values((
            refused_leaf::facility_id.eq(facility.0),
            refused_leaf::commitment.eq(&leaf.commitment),
            refused_leaf::record_tag.eq(&leaf.name.record),
            refused_leaf::version.eq(leaf.name.version),
            refused_leaf::mac.eq(&leaf.mac),
            refused_leaf::cause.eq(fault.as_str()),
        ));
        self.access.write(|conn| insert.execute(conn))?;
        Ok(true)
    }

    /// Forgets a refused leaf.
    pub fn forget_refused(&mut self, facility: FacilityId, id: i64) -> Result<(), Error> {
        let row = refused_leaf::table
            .filter(refused_leaf::id.eq(id))
            .filter(refused_leaf::facility_id.eq(facility.0));
        self.access
            .write(|conn| diesel::delete(row).execute(conn))?;
        Ok(())
    }
}
