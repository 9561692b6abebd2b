//! Epochs: how often a scope has changed (ARCHITECTURE.md, "Epochs").
//!
//! A change that commits while a transaction is open counts as after it: the
//! comparison is with what was committed when it was made.

use crate::{
    Access, Error, FacilityId, Tx, access::Writes as _, column, engine::database::Conn,
    schema::epoch,
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use model::{EpochRead, Tag};
use std::collections::HashMap;

/// The view of epochs.
pub struct Epochs<'a, A> {
    pub(crate) access: &'a mut A,
}

impl<A: Access> Epochs<'_, A> {
    /// The numbers of these scopes now, in their order; a scope that never changed
    /// is at 0.
    pub fn read(&mut self, facility: FacilityId, scopes: &[Tag]) -> Result<Vec<EpochRead>, Error> {
        if scopes.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.access.query(|conn| match conn {
            Conn::Sqlite(conn) => scopes
                .iter()
                .filter_map(|scope| {
                    // One at a time: a list of scopes could not be kept prepared.
                    epoch::table
                        .find((facility.0, scope.as_bytes().as_slice()))
                        .select((epoch::scope_tag, epoch::number))
                        .first::<(Vec<u8>, i64)>(conn)
                        .optional()
                        .transpose()
                })
                .collect(),
            Conn::Postgres(conn) => epoch::table
                .filter(epoch::facility_id.eq(facility.0))
                .filter(epoch::scope_tag.eq_any(scopes.iter().map(|tag| tag.as_bytes().as_slice())))
                .select((epoch::scope_tag, epoch::number))
                .load(conn),
        })?;
        let mut numbers = HashMap::with_capacity(rows.len());
        for (scope, number) in rows {
            numbers.insert(column::tag(&scope)?, column::number(number)?);
        }
        let read = |&scope| EpochRead {
            scope,
            number: numbers.get(&scope).copied().unwrap_or(0),
        };
        Ok(scopes.iter().map(read).collect())
    }
}

impl Epochs<'_, Tx> {
    /// Compares what a decision was based on with what is so now; `EpochMoved` when
    /// they differ. Each scope is read once for a group of closures: all their
    /// decisions were made before the transaction began.
    pub fn require(&mut self, facility: FacilityId, epochs: &[EpochRead]) -> Result<(), Error> {
        let known = &self.access.epochs;
        let unread = epochs.iter().map(|epoch| epoch.scope);
        let unread: Vec<Tag> = unread
            .filter(|scope| !known.contains_key(&(facility, *scope)))
            .collect();
        for read in self.read(facility, &unread)? {
            self.access
                .epochs
                .insert((facility, read.scope), read.number);
        }
        let known = &self.access.epochs;
        let same = |epoch: &EpochRead| known.get(&(facility, epoch.scope)) == Some(&epoch.number);
        if epochs.iter().all(same) {
            Ok(())
        } else {
            Err(Error::EpochMoved)
        }
    }

    /// Moves the epoch of a scope, as part of the change that it stands for.
    pub fn bump(&mut self, facility: FacilityId, scope: Tag) -> Result<(), Error> {
        let row = (
            epoch::facility_id.eq(facility.0),
            epoch::scope_tag.eq(scope.as_bytes().as_slice()),
            epoch::number.eq(1),
        );
        let key = (epoch::facility_id, epoch::scope_tag);
        let next = epoch::number.eq(epoch::number + 1);
        let insert = diesel::insert_into(epoch::table)
            .values(row)
            .on_conflict(key);
        self.access.epochs.remove(&(facility, scope));
        // MultiConnection has no upsert, so it is spelt for each back end.
        self.access.write(|conn| match conn {
            Conn::Sqlite(conn) => insert.do_update().set(next).execute(conn),
            Conn::Postgres(conn) => insert.do_update().set(next).execute(conn),
        })?;
        Ok(())
    }
}
