//! Policy sets, numbered and sealed. What they mean is not known here.

use crate::{
    Access, Error, FacilityId, Taken, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    schema::{policy_set, policy_set_in_clear},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, dsl::count_star};
use model::{DataKeyId, Digest, Timestamp};

/// A policy set as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    /// Counts from 1 per facility.
    pub number: u32,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed schema and policies.
    pub envelope: Vec<u8>,
    /// When it was put in force.
    pub created: Timestamp,
}

/// A policy set as version 0.1 stored it. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySetInClear {
    /// Counts from 1 per facility.
    pub number: u32,
    /// The policy digest that stood beside it.
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

type Row = (i32, i64, Vec<u8>, Vec<u8>, i64);
type ClearRow = (i32, i64, Vec<u8>, String, String, i64);

fn read(row: Row) -> Result<PolicySet, Error> {
    let (_, number, data_key, envelope, created) = row;
    Ok(PolicySet {
        number: column::number(number)?,
        data_key: column::data_key_id(&data_key)?,
        envelope,
        created: column::time(created)?,
    })
}

fn read_clear(row: ClearRow) -> Result<PolicySetInClear, Error> {
    let (_, number, digest, schema, policies, created) = row;
    Ok(PolicySetInClear {
        number: column::number(number)?,
        digest: column::digest(&digest)?,
        schema,
        policies,
        created: column::time(created)?,
    })
}

impl<A: Access> Policies<'_, A> {
    /// The set of the highest number; an error within for a row that cannot be read.
    pub fn newest(
        &mut self,
        facility: FacilityId,
    ) -> Result<Option<Result<PolicySet, Error>>, Error> {
        let query = policy_set::table
            .filter(policy_set::facility_id.eq(facility.0))
            .order(policy_set::number.desc());
        let row = self.access.query(|conn| query.first(conn).optional())?;
        Ok(row.map(read))
    }

    /// The set of this number.
    pub fn find(&mut self, facility: FacilityId, number: u32) -> Result<Option<PolicySet>, Error> {
        let query = policy_set::table.find((facility.0, i64::from(number)));
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// How many there are.
    pub fn count(&mut self, facility: FacilityId) -> Result<u64, Error> {
        let query = policy_set::table
            .filter(policy_set::facility_id.eq(facility.0))
            .select(count_star());
        let count: i64 = self.access.query(|conn| query.first(conn))?;
        column::number(count)
    }

    /// The sets of version 0.1 that were not taken over, in the order of their numbers.
    pub fn in_clear(&mut self, facility: FacilityId) -> Result<Vec<PolicySetInClear>, Error> {
        let query = policy_set_in_clear::table
            .filter(policy_set_in_clear::facility_id.eq(facility.0))
            .order(policy_set_in_clear::number);
        let rows: Vec<ClearRow> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read_clear).collect()
    }
}

impl Policies<'_, Tx> {
    /// Stores a set, which is then in force; `Taken` when the number is.
    pub fn insert(&mut self, facility: FacilityId, set: &PolicySet) -> Result<(), Error> {
        let row = (
            policy_set::facility_id.eq(facility.0),
            policy_set::number.eq(i64::from(set.number)),
            policy_set::data_key_id.eq(set.data_key.as_bytes().as_slice()),
            policy_set::envelope.eq(&set.envelope),
            policy_set::created_ms.eq(set.created.as_millis()),
        );
        let insert = diesel::insert_into(policy_set::table).values(row);
        self.access
            .insert(Error::Taken(Taken::PolicySet), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }

    /// Takes away the sets of version 0.1, once they are sealed.
    pub fn remove_in_clear(&mut self, facility: FacilityId) -> Result<(), Error> {
        let rows =
            policy_set_in_clear::table.filter(policy_set_in_clear::facility_id.eq(facility.0));
        self.access
            .write(|conn| diesel::delete(rows).execute(conn))?;
        Ok(())
    }
}
