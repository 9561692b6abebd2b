//! The URLs under which the gateway is or was reached. Never changed, never removed.

use crate::{
    Access, Error, FacilityId, Taken, Tx, access::Writes as _, column, engine::database::Conn,
    schema::own_url,
};
use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl, SelectableHelper,
    prelude::{Queryable, Selectable},
};
use model::{DataKeyId, Timestamp};

/// A URL, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUrl {
    /// From 1, without gaps.
    pub number: u32,
    /// When it was first used.
    pub time: Timestamp,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed URL.
    pub envelope: Vec<u8>,
}

/// The view of own URLs.
pub struct OwnUrls<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = own_url)]
struct Row {
    number: i64,
    time_ms: i64,
    data_key_id: Vec<u8>,
    envelope: Vec<u8>,
}

impl<A: Access> OwnUrls<'_, A> {
    /// All of them, in their order.
    pub fn list(&mut self, facility: FacilityId) -> Result<Vec<StoredUrl>, Error> {
        let query = own_url::table
            .filter(own_url::facility_id.eq(facility.0))
            .order(own_url::number)
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        let read = |row: Row| {
            Ok(StoredUrl {
                number: column::number(row.number)?,
                time: column::time(row.time_ms)?,
                data_key: column::data_key_id(&row.data_key_id)?,
                envelope: row.envelope,
            })
        };
        rows.into_iter().map(read).collect()
    }
}

impl OwnUrls<'_, Tx> {
    /// Adds one; `Taken` when there is one of its number.
    pub fn insert(&mut self, facility: FacilityId, new: &StoredUrl) -> Result<(), Error> {
        let row = (
            own_url::facility_id.eq(facility.0),
            own_url::number.eq(i64::from(new.number)),
            own_url::time_ms.eq(new.time.as_millis()),
            own_url::data_key_id.eq(new.data_key.as_bytes().as_slice()),
            own_url::envelope.eq(&new.envelope),
        );
        let insert = diesel::insert_into(own_url::table).values(row);
        self.access
            .insert(Error::Taken(Taken::OwnUrl), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }
}
