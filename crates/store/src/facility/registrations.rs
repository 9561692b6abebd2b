//! Who is registered at a facility: clients, administrators, and the facility itself.
//! Rows are added and never changed; the newest number of a tag counts.

use crate::{
    Access, Error, FacilityId, Taken, Tx, access::Writes as _, column, engine::database::Conn,
    schema::registration,
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper,
    dsl::count_star,
    prelude::{Queryable, Selectable},
};
use model::{DataKeyId, Tag, Timestamp};

/// What is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegistrationKind {
    /// A client.
    Client,
    /// An administrator.
    Administrator,
    /// The facility itself.
    Facility,
}

impl RegistrationKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Administrator => "administrator",
            Self::Facility => "facility",
        }
    }

    fn read(text: &str) -> Result<Self, Error> {
        match text {
            "client" => Ok(Self::Client),
            "administrator" => Ok(Self::Administrator),
            "facility" => Ok(Self::Facility),
            _ => Err(Error::Corrupt("kind of registration")),
        }
    }
}

/// A registration, or its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// What is registered.
    pub kind: RegistrationKind,
    /// Who, without the name.
    pub tag: Tag,
    /// Counts from 1 for each tag.
    pub number: u32,
    /// Whether it holds; false ends an earlier one.
    pub active: bool,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed registration.
    pub envelope: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

/// The view of registrations.
pub struct Registrations<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = registration)]
struct Row {
    kind: String,
    tag: Vec<u8>,
    number: i64,
    state: String,
    data_key_id: Vec<u8>,
    envelope: Vec<u8>,
    created_ms: i64,
}

fn read(row: Row) -> Result<Registration, Error> {
    Ok(Registration {
        kind: RegistrationKind::read(&row.kind)?,
        tag: column::tag(&row.tag)?,
        number: column::number(row.number)?,
        active: match row.state.as_str() {
            "active" => true,
            "revoked" => false,
            _ => return Err(Error::Corrupt("state of registration")),
        },
        data_key: column::data_key_id(&row.data_key_id)?,
        envelope: row.envelope,
        created: column::time(row.created_ms)?,
    })
}

impl<A: Access> Registrations<'_, A> {
    /// All, in the order of kind, tag and number.
    pub fn all(&mut self, facility: FacilityId) -> Result<Vec<Registration>, Error> {
        let query = registration::table
            .filter(registration::facility_id.eq(facility.0))
            .order((registration::kind, registration::tag, registration::number))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }

    /// The one of a tag and number.
    pub fn find(
        &mut self,
        facility: FacilityId,
        tag: Tag,
        number: u32,
    ) -> Result<Option<Registration>, Error> {
        // The key begins with the kind, of which there are three.
        let kinds = [
            RegistrationKind::Client,
            RegistrationKind::Administrator,
            RegistrationKind::Facility,
        ]
        .map(RegistrationKind::as_str);
        let query = registration::table
            .filter(registration::facility_id.eq(facility.0))
            .filter(registration::kind.eq_any(kinds))
            .filter(registration::tag.eq(tag.as_bytes().as_slice()))
            .filter(registration::number.eq(i64::from(number)))
            .select(Row::as_select());
        let row: Option<Row> = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// How many there are.
    pub fn count(&mut self, facility: FacilityId) -> Result<u64, Error> {
        let query = registration::table
            .filter(registration::facility_id.eq(facility.0))
            .select(count_star());
        let count: i64 = self.access.query(|conn| query.first(conn))?;
        column::number(count)
    }

    /// The newest of each tag, those that were ended included; an error for a row that
    /// cannot be read.
    pub fn newest(
        &mut self,
        facility: FacilityId,
    ) -> Result<Vec<Result<Registration, Error>>, Error> {
        let query = registration::table
            .filter(registration::facility_id.eq(facility.0))
            .order((
                registration::kind,
                registration::tag,
                registration::number.desc(),
            ))
            .select(Row::as_select());
        let mut rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.dedup_by(|later, first| (&later.kind, &later.tag) == (&first.kind, &first.tag));
        Ok(rows.into_iter().map(read).collect())
    }
}

impl Registrations<'_, Tx> {
    /// Stores a registration, which then counts; `Taken` when the number is.
    pub fn insert(&mut self, facility: FacilityId, new: &Registration) -> Result<(), Error> {
        let row = (
            registration::facility_id.eq(facility.0),
            registration::kind.eq(new.kind.as_str()),
            registration::tag.eq(new.tag.as_bytes().as_slice()),
            registration::number.eq(i64::from(new.number)),
            registration::state.eq(if new.active { "active" } else { "revoked" }),
            registration::data_key_id.eq(new.data_key.as_bytes().as_slice()),
            registration::envelope.eq(&new.envelope),
            registration::created_ms.eq(new.created.as_millis()),
        );
        let insert = diesel::insert_into(registration::table).values(row);
        self.access
            .insert(Error::Taken(Taken::Registration), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }
}
