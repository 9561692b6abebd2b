//! Statements about a facility itself, sealed, numbered for each kind. What they say is
//! not known here; each has a leaf, which waits from the same transaction on.

use crate::{
    Access, Error, FacilityId, LeafName, Taken, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    schema::{pending_leaf, statement},
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper,
    dsl::count_star,
    prelude::{Queryable, Selectable},
};
use model::{Commitment, DataKeyId, Tag, Timestamp, VersionNumber};

/// What a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatementKind {
    /// A policy set was put in force.
    Policy,
    /// Someone or something was registered, or a registration ended.
    Registration,
    /// An administrator proposed a change.
    Change,
    /// A change was decided.
    Decision,
    /// A new log goes on where another cannot.
    Continues,
}

impl StatementKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Policy,
        Self::Registration,
        Self::Change,
        Self::Decision,
        Self::Continues,
    ];

    /// The word in rows and statements.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Registration => "registration",
            Self::Change => "change",
            Self::Decision => "decision",
            Self::Continues => "continues",
        }
    }

    fn read(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(Error::Corrupt("kind of statement"))
    }
}

/// A stored statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub kind: StatementKind,
    /// Counts from 1 for each kind.
    pub number: u32,
    /// By which its leaf names it.
    pub record: Tag,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed statement.
    pub envelope: Vec<u8>,
    /// The time that it states.
    pub created: Timestamp,
}

/// A statement to be stored with its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatement {
    /// The row.
    pub statement: Statement,
    /// What the log will hold.
    pub commitment: Commitment,
}

/// The view of statements.
pub struct Statements<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = statement)]
pub(crate) struct Row {
    kind: String,
    number: i64,
    record_tag: Vec<u8>,
    data_key_id: Vec<u8>,
    envelope: Vec<u8>,
    created_ms: i64,
}

pub(crate) fn read(row: Row) -> Result<Statement, Error> {
    Ok(Statement {
        kind: StatementKind::read(&row.kind)?,
        number: column::number(row.number)?,
        record: column::tag(&row.record_tag)?,
        data_key: column::data_key_id(&row.data_key_id)?,
        envelope: row.envelope,
        created: column::time(row.created_ms)?,
    })
}

impl<A: Access> Statements<'_, A> {
    /// How many statements of a kind have a number up to this one.
    pub fn count_to(
        &mut self,
        facility: FacilityId,
        kind: StatementKind,
        number: u32,
    ) -> Result<u64, Error> {
        let query = statement::table
            .filter(statement::facility_id.eq(facility.0))
            .filter(statement::kind.eq(kind.as_str()))
            .filter(statement::number.le(i64::from(number)))
            .select(count_star());
        let count: i64 = self.access.query(|conn| query.first(conn))?;
        column::number(count)
    }

    /// The statements of a kind after this number, in order; an error for a row that cannot
    /// be read.
    pub fn after(
        &mut self,
        facility: FacilityId,
        kind: StatementKind,
        number: u32,
    ) -> Result<Vec<Result<Statement, Error>>, Error> {
        let query = statement::table
            .filter(statement::facility_id.eq(facility.0))
            .filter(statement::kind.eq(kind.as_str()))
            .filter(statement::number.gt(i64::from(number)))
            .order(statement::number)
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// The statement that a leaf names.
    pub fn find(&mut self, facility: FacilityId, record: Tag) -> Result<Option<Statement>, Error> {
        let query = statement::table
            .filter(statement::facility_id.eq(facility.0))
            .filter(statement::record_tag.eq(record.as_bytes().as_slice()))
            .select(Row::as_select());
        let row: Option<Row> = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }
}

impl Statements<'_, Tx> {
    /// Stores a statement with its leaf; `Taken` when the number is.
    pub fn insert(&mut self, facility: FacilityId, new: &NewStatement) -> Result<(), Error> {
        let NewStatement {
            statement: row,
            commitment,
        } = new;
        let leaf = LeafName {
            facility,
            record: row.record,
            version: VersionNumber::FIRST,
        };
        let mac = self.access.leaf_keys.newest()?.leaf_mac(&leaf, commitment);
        let record = row.record.as_bytes().as_slice();
        let values = (
            statement::facility_id.eq(facility.0),
            statement::kind.eq(row.kind.as_str()),
            statement::number.eq(i64::from(row.number)),
            statement::record_tag.eq(record),
            statement::data_key_id.eq(row.data_key.as_bytes().as_slice()),
            statement::envelope.eq(&row.envelope),
            statement::created_ms.eq(row.created.as_millis()),
        );
        let insert = diesel::insert_into(statement::table).values(values);
        self.access
            .insert(Error::Taken(Taken::Statement), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        let leaf = diesel::insert_into(pending_leaf::table).values((
            pending_leaf::facility_id.eq(facility.0),
            pending_leaf::commitment.eq(commitment.as_bytes().as_slice()),
            pending_leaf::record_tag.eq(record),
            pending_leaf::version.eq(1_i64),
            pending_leaf::mac.eq(mac.as_slice()),
        ));
        self.access.write(|conn| leaf.execute(conn))?;
        Ok(())
    }
}
