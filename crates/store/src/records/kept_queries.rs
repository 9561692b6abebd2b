//! Queries of searches that are too long for their next links. Never changed; old
//! ones go when new ones come.

use crate::{
    Access, Error, FacilityId, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    records::old_rows::{FORGOTTEN_AT_ONCE, OldRows},
    schema::kept_query,
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper,
    prelude::{Queryable, Selectable},
};
use model::{DataKeyId, Tag, Timestamp};

const OLD_QUERIES: OldRows = OldRows {
    table: "kept_query",
    key: "tag",
};

/// A query, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptQuery {
    /// What a link calls it by.
    pub tag: Tag,
    /// When it was kept.
    pub time: Timestamp,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed query.
    pub envelope: Vec<u8>,
}

/// The view of kept queries.
pub struct KeptQueries<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = kept_query)]
struct Row {
    tag: Vec<u8>,
    time_ms: i64,
    data_key_id: Vec<u8>,
    envelope: Vec<u8>,
}

impl<A: Access> KeptQueries<'_, A> {
    /// The query of this tag, unless it was kept before `old`.
    pub fn find(
        &mut self,
        facility: FacilityId,
        tag: Tag,
        old: Timestamp,
    ) -> Result<Option<KeptQuery>, Error> {
        let query = kept_query::table
            .find((facility.0, tag.as_bytes().as_slice()))
            .filter(kept_query::time_ms.ge(old.as_millis()))
            .select(Row::as_select());
        let row: Option<Row> = self.access.query(|conn| query.first(conn).optional())?;
        row.map(|row| {
            Ok(KeptQuery {
                tag: column::tag(&row.tag)?,
                time: column::time(row.time_ms)?,
                data_key: column::data_key_id(&row.data_key_id)?,
                envelope: row.envelope,
            })
        })
        .transpose()
    }
}

impl KeptQueries<'_, Tx> {
    /// Keeps a query, unless its tag is kept already, and forgets a few that were kept
    /// before `old`.
    pub fn insert(
        &mut self,
        facility: FacilityId,
        new: &KeptQuery,
        old: Timestamp,
    ) -> Result<(), Error> {
        let row = (
            kept_query::facility_id.eq(facility.0),
            kept_query::tag.eq(new.tag.as_bytes().as_slice()),
            kept_query::time_ms.eq(new.time.as_millis()),
            kept_query::data_key_id.eq(new.data_key.as_bytes().as_slice()),
            kept_query::envelope.eq(&new.envelope),
        );
        let insert = diesel::insert_into(kept_query::table).values(row);
        self.access.write(|conn| match conn {
            Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
            Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
        })?;
        OLD_QUERIES.forget(self.access, facility, old, FORGOTTEN_AT_ONCE)?;
        Ok(())
    }

    /// Forgets up to `most` queries that were kept before `old`; the number of them.
    pub fn forget(
        &mut self,
        facility: FacilityId,
        old: Timestamp,
        most: u32,
    ) -> Result<u32, Error> {
        OLD_QUERIES.forget(self.access, facility, old, most)
    }
}
