//! Rows that version 0.1 cannot have written: of tables that it did not have, or with an
//! envelope of a later format. There is no index for it: it is for commands, and for a
//! facility that claims to be one of that version.

use crate::{
    Access, Error, FacilityId,
    schema::{
        answer, audit, audit_query, change, change_decision, job, kept_query, own_url, policy_set,
        registration, version,
    },
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, dsl::max};

diesel::define_sql_function! {
    /// Bytes of a column, from 1.
    fn substr(
        bytes: diesel::sql_types::Binary,
        from: diesel::sql_types::Integer,
        length: diesel::sql_types::Integer,
    ) -> diesel::sql_types::Binary;
}

/// The first byte of an envelope of version 0.1.
const FORMAT_1: [u8; 1] = [1];

/// The view of rows of later versions.
pub struct LaterRows<'a, A> {
    pub(crate) access: &'a mut A,
}

/// The table, when a row of the query is there.
macro_rules! found {
    ($self:ident, $table:ident, $query:expr) => {
        let query = $query.select($table::facility_id);
        let row: Option<i32> = $self.access.query(|conn| query.first(conn).optional())?;
        if row.is_some() {
            return Ok(Some(stringify!($table)));
        }
    };
}

impl<A: Access> LaterRows<'_, A> {
    /// The name of a table with a row of a later version, records and audit left out.
    pub fn table(&mut self, facility: FacilityId) -> Result<Option<&'static str>, Error> {
        macro_rules! any {
            ($($table:ident)*) => {$(
                found!(self, $table, $table::table.filter($table::facility_id.eq(facility.0)));
            )*};
        }
        macro_rules! sealed {
            ($($table:ident)*) => {$(
                found!(self, $table, $table::table
                    .filter($table::facility_id.eq(facility.0))
                    .filter(substr($table::envelope, 1, 1).ne(FORMAT_1.as_slice())));
            )*};
        }
        any!(policy_set audit_query kept_query own_url job);
        sealed!(registration change answer);
        let decisions = change_decision::table
            .filter(change_decision::facility_id.eq(facility.0))
            .filter(change_decision::envelope.is_not_null());
        found!(self, change_decision, decisions);
        Ok(None)
    }

    /// The highest id of a version or audit record, of any facility.
    pub fn newest_id(&mut self) -> Result<i64, Error> {
        let versions = version::table.select(max(version::id));
        let audits = audit::table.select(max(audit::id));
        let (versions, audits): (Option<i64>, Option<i64>) = self
            .access
            .query(|conn| Ok((versions.first(conn)?, audits.first(conn)?)))?;
        Ok(versions.max(audits).unwrap_or(0))
    }

    /// The same as [`Self::table`] among versions and audit records of ids after `after`, up
    /// to and with `last`.
    pub fn record(
        &mut self,
        facility: FacilityId,
        after: i64,
        last: i64,
    ) -> Result<Option<&'static str>, Error> {
        macro_rules! sealed {
            ($($table:ident)*) => {$(
                found!(self, $table, $table::table
                    .filter($table::facility_id.eq(facility.0))
                    .filter($table::id.gt(after))
                    .filter($table::id.le(last))
                    .filter(substr($table::envelope, 1, 1).ne(FORMAT_1.as_slice())));
            )*};
        }
        sealed!(audit version);
        Ok(None)
    }
}
