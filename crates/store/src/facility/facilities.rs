//! Facilities.

use crate::{
    Access, Error, FacilityId, Taken, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    schema::{facility, log},
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    dsl::{exists, not},
};
use model::{FacilityName, Timestamp};

/// A facility as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facility {
    /// Its id.
    pub id: FacilityId,
    /// Its name.
    pub name: FacilityName,
    /// When it was added.
    pub created: Timestamp,
}

/// The view of facilities.
pub struct Facilities<'a, A> {
    pub(crate) access: &'a mut A,
}

type Row = (i32, String, i64);
/// With an error where the row cannot be read.
type Each = (FacilityId, Result<Facility, Error>);

fn read(row: &Row) -> Result<Facility, Error> {
    Ok(Facility {
        id: FacilityId(row.0),
        name: column::word(&row.1, "facility name")?,
        created: column::time(row.2)?,
    })
}

impl<A: Access> Facilities<'_, A> {
    /// The facility of this name.
    pub fn find(&mut self, name: &FacilityName) -> Result<Option<Facility>, Error> {
        let query = facility::table.filter(facility::name.eq(name.as_str()));
        let row = self
            .access
            .query(|conn| query.first::<Row>(conn).optional())?;
        row.as_ref().map(read).transpose()
    }

    /// All facilities, in the order they were added.
    pub fn list(&mut self) -> Result<Vec<Facility>, Error> {
        self.each()?.into_iter().collect()
    }

    /// The same; an error for each row that cannot be read.
    pub fn each(&mut self) -> Result<Vec<Result<Facility, Error>>, Error> {
        let rows: Vec<Row> = self
            .access
            .query(|conn| facility::table.order(facility::id).load(conn))?;
        Ok(rows.iter().map(read).collect())
    }
}

impl<A: Access> Facilities<'_, A> {
    /// At most `limit` facilities that have no log, after this one or from the first, in the
    /// order they were added; an error for each row that cannot be read.
    pub fn without_log(
        &mut self,
        after: Option<FacilityId>,
        limit: u32,
    ) -> Result<Vec<Each>, Error> {
        let first = after.map_or(i32::MIN, |id| id.0.saturating_add(1));
        let logs = log::table.filter(log::facility_id.eq(facility::id));
        let query = facility::table
            .filter(facility::id.ge(first))
            .filter(not(exists(logs)))
            .order(facility::id)
            .limit(i64::from(limit));
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        let each = rows.iter().map(|row| (FacilityId(row.0), read(row)));
        Ok(each.collect())
    }

    /// How many facilities have no log, up to `limit`.
    pub fn count_without_log(&mut self, limit: u32) -> Result<u64, Error> {
        let logs = log::table.filter(log::facility_id.eq(facility::id));
        let query = facility::table
            .filter(not(exists(logs)))
            .limit(i64::from(limit))
            .select(facility::id);
        let ids: Vec<i32> = self.access.query(|conn| query.load(conn))?;
        Ok(ids.len() as u64)
    }
}

impl Facilities<'_, Tx> {
    /// Adds a facility; `Taken` when the name is.
    pub fn insert(&mut self, name: &FacilityName, created: Timestamp) -> Result<FacilityId, Error> {
        let row = (
            facility::name.eq(name.as_str()),
            facility::created_ms.eq(created.as_millis()),
        );
        let insert = diesel::insert_into(facility::table).values(row);
        self.access
            .insert(Error::Taken(Taken::FacilityName), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        let found = self.find(name)?.ok_or(Error::Corrupt("facility"))?;
        Ok(found.id)
    }
}
