//! Wrapped keys: key encryption keys by generation, data keys by scope. Only
//! ciphertext is stored here; what unwraps it is not known here.

use crate::{
    Access, Error, FacilityId, Taken, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    schema::{data_key, kek},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, dsl::count_star};
use model::{DataKeyId, Scope, Timestamp};

/// A wrapped key encryption key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKek {
    /// Counts from 1 per facility.
    pub generation: u32,
    /// As the KMS wrapped it.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

/// A wrapped data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its id, which stands in every envelope it seals.
    pub id: DataKeyId,
    /// What it is for.
    pub scope: Scope,
    /// The key encryption key that wraps it.
    pub generation: u32,
    /// Nonce, ciphertext, tag.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

/// The view of keys.
pub struct Keys<'a, A> {
    pub(crate) access: &'a mut A,
}

type KekRow = (i32, i64, Vec<u8>, i64);
type KeyRow = (Vec<u8>, i32, i16, Vec<u8>, i64, Vec<u8>, i64);

fn read_kek(row: KekRow) -> Result<StoredKek, Error> {
    let (_, generation, wrapped, created) = row;
    Ok(StoredKek {
        generation: column::number(generation)?,
        wrapped,
        created: column::time(created)?,
    })
}

fn read_key(row: KeyRow) -> Result<StoredKey, Error> {
    let (id, _, kind, tag, generation, wrapped, created) = row;
    Ok(StoredKey {
        id: column::data_key_id(&id)?,
        scope: Scope::from_parts(column::number(kind)?, column::tag(&tag)?)
            .map_err(|_| Error::Corrupt("key scope"))?,
        generation: column::number(generation)?,
        wrapped,
        created: column::time(created)?,
    })
}

impl<A: Access> Keys<'_, A> {
    /// All key encryption keys, oldest first.
    pub fn list_keks(&mut self, facility: FacilityId) -> Result<Vec<StoredKek>, Error> {
        let query = kek::table
            .filter(kek::facility_id.eq(facility.0))
            .order(kek::generation);
        let rows: Vec<KekRow> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read_kek).collect()
    }

    /// How many data keys there are, by kind of scope.
    pub fn count_by_kind(&mut self, facility: FacilityId) -> Result<Vec<(u8, u64)>, Error> {
        let query = data_key::table
            .filter(data_key::facility_id.eq(facility.0))
            .group_by(data_key::scope_kind)
            .order(data_key::scope_kind)
            .select((data_key::scope_kind, count_star()));
        let rows: Vec<(i16, i64)> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter()
            .map(|(kind, count)| Ok((column::number(kind)?, column::number(count)?)))
            .collect()
    }

    /// The data key of a scope.
    pub fn find(&mut self, facility: FacilityId, scope: Scope) -> Result<Option<StoredKey>, Error> {
        let tag = scope.tag();
        let query = data_key::table
            .filter(data_key::facility_id.eq(facility.0))
            .filter(data_key::scope_kind.eq(i16::from(scope.kind())))
            .filter(data_key::scope_tag.eq(tag.as_bytes().as_slice()));
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read_key).transpose()
    }

    /// The data key of an id.
    pub fn find_by_id(
        &mut self,
        facility: FacilityId,
        id: DataKeyId,
    ) -> Result<Option<StoredKey>, Error> {
        Ok(self.find_many(facility, &[id])?.pop())
    }

    /// The data keys of these ids that exist and can be read, in no order. One whose row
    /// somebody has made unreadable is as one that is gone, and takes no other along.
    pub fn find_many(
        &mut self,
        facility: FacilityId,
        ids: &[DataKeyId],
    ) -> Result<Vec<StoredKey>, Error> {
        let mut keys = Vec::with_capacity(ids.len());
        for some in ids.chunks(crate::IN_LIST) {
            let query = data_key::table
                .filter(data_key::facility_id.eq(facility.0))
                .filter(data_key::id.eq_any(some.iter().map(|id| id.as_bytes().as_slice())));
            let rows: Vec<KeyRow> = self.access.query(|conn| query.load(conn))?;
            keys.extend(rows.into_iter().filter_map(|row| read_key(row).ok()));
        }
        Ok(keys)
    }
}

impl Keys<'_, Tx> {
    /// Stores a key encryption key; `Taken` when the generation exists.
    pub fn insert_kek(&mut self, facility: FacilityId, kek: &StoredKek) -> Result<(), Error> {
        let row = (
            kek::facility_id.eq(facility.0),
            kek::generation.eq(i64::from(kek.generation)),
            kek::wrapped.eq(&kek.wrapped),
            kek::created_ms.eq(kek.created.as_millis()),
        );
        let insert = diesel::insert_into(kek::table).values(row);
        self.access
            .insert(Error::Taken(Taken::KeyGeneration), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }

    /// Stores a data key; `KeyTaken` when the scope has one. The transaction goes
    /// on: the key that is there can be read at once.
    pub fn insert(&mut self, facility: FacilityId, key: &StoredKey) -> Result<(), Error> {
        let tag = key.scope.tag();
        let row = (
            data_key::id.eq(key.id.as_bytes().as_slice()),
            data_key::facility_id.eq(facility.0),
            data_key::scope_kind.eq(i16::from(key.scope.kind())),
            data_key::scope_tag.eq(tag.as_bytes().as_slice()),
            data_key::kek_generation.eq(i64::from(key.generation)),
            data_key::wrapped.eq(&key.wrapped),
            data_key::created_ms.eq(key.created.as_millis()),
        );
        let insert = diesel::insert_into(data_key::table).values(row);
        self.access.insert(Error::KeyTaken, |conn| match conn {
            Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
            Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
        })?;
        Ok(())
    }
}
