//! What the database says of itself, a name and a value in each row.
//!
//! Values that decide something have a mac under the leaf key (docs/storage-format.md,
//! "Rows of meta"). That of `registry` is in [`Registries`](crate::Registries).

use crate::{
    Access, Error, KeysShown, Taken, Tx, access::Writes as _, engine::database::Conn,
    log::leaf_keys::MetaRow, schema::meta,
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, upsert::excluded};

/// A value, and what shows that it is this installation's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// As it stands in the database, whoever put it there.
    pub value: String,
    /// What shows it.
    pub by: KeysShown,
}

/// The view of what the database says of itself.
pub struct Meta<'a, A> {
    pub(crate) access: &'a mut A,
}

impl<A: Access> Meta<'_, A> {
    /// The value of this name, whoever put it there.
    pub fn find(&mut self, name: &str) -> Result<Option<String>, Error> {
        let query = meta::table.filter(meta::name.eq(name)).select(meta::value);
        self.access.query(|conn| query.first(conn).optional())
    }

    /// The same, with what shows it.
    pub fn noted(&mut self, name: &str) -> Result<Option<Noted>, Error> {
        let query = meta::table
            .filter(meta::name.eq(name))
            .select((meta::value, meta::mac));
        let row: Option<(String, Option<Vec<u8>>)> =
            self.access.query(|conn| query.first(conn).optional())?;
        Ok(row.map(|(value, mac)| {
            let keys = self.access.leaf_keys();
            let by = keys.of_meta(&MetaRow::alone(name, &value), mac.as_deref());
            Noted { value, by }
        }))
    }
}

impl Meta<'_, Tx> {
    /// Notes a value with its mac, in the place of one that is there.
    pub fn note(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let mac = self.access.leaf_keys.newest()?;
        let mac = mac.meta_mac(&MetaRow::alone(name, value));
        let row = (
            meta::name.eq(name),
            meta::value.eq(value),
            meta::mac.eq(mac.as_slice()),
        );
        let new = (
            meta::value.eq(excluded(meta::value)),
            meta::mac.eq(excluded(meta::mac)),
        );
        let insert = diesel::insert_into(meta::table).values(row);
        let insert = insert.on_conflict(meta::name).do_update().set(new);
        self.access
            .write(|conn| match conn {
                Conn::Sqlite(conn) => insert.execute(conn),
                Conn::Postgres(conn) => insert.execute(conn),
            })
            .map(drop)
    }

    /// Sets a value that decides nothing; `Taken` when there is one.
    pub fn insert(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let row = (meta::name.eq(name), meta::value.eq(value));
        let insert = diesel::insert_into(meta::table).values(row);
        self.access
            .insert(Error::Taken(Taken::MetaValue), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }
}
