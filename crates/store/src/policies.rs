//! Policy sets, numbered; the newest is in force. What they mean is not known here.

use crate::{Access, Error, FacilityId, Tx, column, database::Conn, schema::policy_set};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use model::{Digest, Timestamp};

/// A policy set as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    /// Counts from 1 per facility.
    pub number: u32,
    /// The policy digest.
    pub digest: Digest,
    /// The Cedar schema.
    pub schema: String,
    /// A JSON object from policy id to Cedar text.
    pub policies: String,
    /// When it was put in force.
    pub created: Timestamp,
}

/// The view of policy sets.
pub struct Policies<'a, A> {
    pub(crate) access: &'a mut A,
}

type Row = (i32, i64, Vec<u8>, String, String, i64);

fn read(row: Row) -> Result<PolicySet, Error> {
    let (_, number, digest, schema, policies, created) = row;
    Ok(PolicySet {
        number: column::number(number)?,
        digest: column::digest(&digest)?,
        schema,
        policies,
        created: column::time(created)?,
    })
}

impl<A: Access> Policies<'_, A> {
    /// The set in force.
    pub fn newest(&mut self, facility: FacilityId) -> Result<Option<PolicySet>, Error> {
        let query = policy_set::table
            .filter(policy_set::facility_id.eq(facility.0))
            .order(policy_set::number.desc());
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// The set of this number.
    pub fn find(&mut self, facility: FacilityId, number: u32) -> Result<Option<PolicySet>, Error> {
        let query = policy_set::table.find((facility.0, i64::from(number)));
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// At most `limit` sets, newest first, older than `before`.
    pub fn page(
        &mut self,
        facility: FacilityId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<PolicySet>, Error> {
        let query = policy_set::table
            .filter(policy_set::facility_id.eq(facility.0))
            .filter(policy_set::number.lt(before.map_or(i64::MAX, i64::from)))
            .order(policy_set::number.desc())
            .limit(i64::from(limit));
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }
}

impl Policies<'_, Tx> {
    /// Stores a set, which is then in force; `Taken` when the number is.
    pub fn insert(&mut self, facility: FacilityId, set: &PolicySet) -> Result<(), Error> {
        let row = (
            policy_set::facility_id.eq(facility.0),
            policy_set::number.eq(i64::from(set.number)),
            policy_set::digest.eq(set.digest.as_bytes().as_slice()),
            policy_set::schema_text.eq(&set.schema),
            policy_set::policies_text.eq(&set.policies),
            policy_set::created_ms.eq(set.created.as_millis()),
        );
        let insert = diesel::insert_into(policy_set::table).values(row);
        self.access
            .insert(Error::Taken("policy set number"), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }
}
