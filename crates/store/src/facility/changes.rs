//! Changes that administrators propose, and how each was decided. What they change
//! is not known here.

use crate::{
    Access, Error, FacilityId, Taken, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    schema::{change, change_decision},
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    SelectableHelper,
    dsl::count_star,
    prelude::{Queryable, Selectable},
};
use model::{DataKeyId, Tag, Timestamp};
use std::collections::HashMap;

/// A change as it was proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its random id.
    pub id: Tag,
    /// What kind of change it is, such as `client-register`.
    pub name: String,
    /// The user tag of who proposed it.
    pub proposer: Tag,
    /// When it was proposed.
    pub created: Timestamp,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed proposal.
    pub envelope: Vec<u8>,
}

/// How a change was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It took effect.
    Approved,
    /// Another administrator turned it down.
    Rejected,
    /// Its proposer took it back.
    Withdrawn,
}

impl Decided {
    /// The word in rows and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn read(text: &str) -> Result<Self, Error> {
        [Self::Approved, Self::Rejected, Self::Withdrawn]
            .into_iter()
            .find(|decided| decided.as_str() == text)
            .ok_or(Error::Corrupt("decision"))
    }
}

/// The decision over a change; there is one at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeDecision {
    /// The change.
    pub change: Tag,
    /// How it was decided.
    pub decided: Decided,
    /// The user tag of who decided.
    pub decider: Tag,
    /// When.
    pub created: Timestamp,
    /// The sealed decision; version 0.1 sealed none.
    pub sealed: Option<SealedDecision>,
}

/// A decision in its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedDecision {
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed decision.
    pub envelope: Vec<u8>,
}

/// The view of changes.
pub struct Changes<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = change)]
struct Row {
    id: Vec<u8>,
    name: String,
    proposer_tag: Vec<u8>,
    created_ms: i64,
    data_key_id: Vec<u8>,
    envelope: Vec<u8>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = change_decision)]
struct DecisionRow {
    change_id: Vec<u8>,
    decision: String,
    decider_tag: Vec<u8>,
    created_ms: i64,
    data_key_id: Option<Vec<u8>>,
    envelope: Option<Vec<u8>>,
}

fn read(row: Row) -> Result<Change, Error> {
    Ok(Change {
        id: column::tag(&row.id)?,
        name: row.name,
        proposer: column::tag(&row.proposer_tag)?,
        created: column::time(row.created_ms)?,
        data_key: column::data_key_id(&row.data_key_id)?,
        envelope: row.envelope,
    })
}

fn read_decision(row: DecisionRow) -> Result<ChangeDecision, Error> {
    let sealed = match (row.data_key_id, row.envelope) {
        (Some(key), Some(envelope)) => Some(SealedDecision {
            data_key: column::data_key_id(&key)?,
            envelope,
        }),
        (None, None) => None,
        _ => return Err(Error::Corrupt("decision")),
    };
    Ok(ChangeDecision {
        change: column::tag(&row.change_id)?,
        decided: Decided::read(&row.decision)?,
        decider: column::tag(&row.decider_tag)?,
        created: column::time(row.created_ms)?,
        sealed,
    })
}

fn key_of(sealed: &SealedDecision) -> &[u8] {
    sealed.data_key.as_bytes()
}

/// Number of changes that were proposed after a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposed {
    /// Undecided, of all proposers.
    pub open: u64,
    /// Of one proposer, decided or not.
    pub by_one: u64,
    /// Undecided, of that proposer.
    pub open_by_one: u64,
}

/// A change with its decision, once there is one.
pub type DecidedChange = (Change, Option<ChangeDecision>);

impl<A: Access> Changes<'_, A> {
    /// The change of this id.
    pub fn find(&mut self, facility: FacilityId, id: Tag) -> Result<Option<DecidedChange>, Error> {
        let query = change::table
            .find((facility.0, id.as_bytes().as_slice()))
            .select(Row::as_select());
        let row: Option<Row> = self.access.query(|conn| query.first(conn).optional())?;
        let Some(row) = row else { return Ok(None) };
        let mut decisions = self.decisions(facility, std::slice::from_ref(&row.id))?;
        let decision = decisions.remove(&row.id);
        Ok(Some((read(row)?, decision)))
    }

    /// The newest changes, newest first; of those before this one when it is given.
    pub fn newest(
        &mut self,
        facility: FacilityId,
        before: Option<(Timestamp, Tag)>,
        limit: u32,
    ) -> Result<Vec<DecidedChange>, Error> {
        // No change is of the last millisecond that there is.
        let (millis, id) =
            before.map_or((i64::MAX, Tag::ZERO), |(time, id)| (time.as_millis(), id));
        let same_time = change::created_ms
            .eq(millis)
            .and(change::id.lt(id.as_bytes().as_slice()));
        let query = change::table
            .filter(change::facility_id.eq(facility.0))
            // For the index, which does not follow an `or`.
            .filter(change::created_ms.le(millis))
            .filter(change::created_ms.lt(millis).or(same_time))
            .order((change::created_ms.desc(), change::id.desc()))
            .limit(i64::from(limit))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        let ids: Vec<Vec<u8>> = rows.iter().map(|row| row.id.clone()).collect();
        let mut decisions = self.decisions(facility, &ids)?;
        rows.into_iter()
            .map(|row| {
                let decision = decisions.remove(&row.id);
                Ok((read(row)?, decision))
            })
            .collect()
    }

    /// How much was proposed after a time, by this person and by all.
    pub fn proposed_since(
        &mut self,
        facility: FacilityId,
        proposer: Tag,
        since: Timestamp,
    ) -> Result<Proposed, Error> {
        let new = || {
            change::table
                .filter(change::facility_id.eq(facility.0))
                .filter(change::created_ms.gt(since.as_millis()))
        };
        let decisions = || {
            change_decision::table
                .filter(change_decision::facility_id.eq(facility.0))
                .select(count_star())
        };
        let own = || new().filter(change::proposer_tag.eq(proposer.as_bytes().as_slice()));
        let all: i64 = self
            .access
            .query(|conn| new().select(count_star()).first(conn))?;
        let all_decided: i64 = self.access.query(|conn| {
            let ids = new().select(change::id);
            let decided = decisions().filter(change_decision::change_id.eq_any(ids));
            decided.first(conn)
        })?;
        let by_one: i64 = self
            .access
            .query(|conn| own().select(count_star()).first(conn))?;
        let by_one_decided: i64 = self.access.query(|conn| {
            let ids = own().select(change::id);
            let decided = decisions().filter(change_decision::change_id.eq_any(ids));
            decided.first(conn)
        })?;
        Ok(Proposed {
            open: column::number(all.saturating_sub(all_decided))?,
            by_one: column::number(by_one)?,
            open_by_one: column::number(by_one.saturating_sub(by_one_decided))?,
        })
    }

    /// The number of changes, and of decisions.
    pub fn counts(&mut self, facility: FacilityId) -> Result<(u64, u64), Error> {
        let changes = change::table
            .filter(change::facility_id.eq(facility.0))
            .select(count_star());
        let decisions = change_decision::table
            .filter(change_decision::facility_id.eq(facility.0))
            .select(count_star());
        let changes: i64 = self.access.query(|conn| changes.first(conn))?;
        let decisions: i64 = self.access.query(|conn| decisions.first(conn))?;
        Ok((column::number(changes)?, column::number(decisions)?))
    }

    fn decisions(
        &mut self,
        facility: FacilityId,
        ids: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, ChangeDecision>, Error> {
        let mut found = HashMap::new();
        for some in ids.chunks(crate::IN_LIST) {
            let query = change_decision::table
                .filter(change_decision::facility_id.eq(facility.0))
                .filter(change_decision::change_id.eq_any(some.iter().map(Vec::as_slice)))
                .select(DecisionRow::as_select());
            let rows: Vec<DecisionRow> = self.access.query(|conn| query.load(conn))?;
            for row in rows {
                found.insert(row.change_id.clone(), read_decision(row)?);
            }
        }
        Ok(found)
    }
}

impl Changes<'_, Tx> {
    /// Stores a change; `Taken` when its id is.
    pub fn insert(&mut self, facility: FacilityId, new: &Change) -> Result<(), Error> {
        let row = (
            change::facility_id.eq(facility.0),
            change::id.eq(new.id.as_bytes().as_slice()),
            change::name.eq(&new.name),
            change::proposer_tag.eq(new.proposer.as_bytes().as_slice()),
            change::created_ms.eq(new.created.as_millis()),
            change::data_key_id.eq(new.data_key.as_bytes().as_slice()),
            change::envelope.eq(&new.envelope),
        );
        let insert = diesel::insert_into(change::table).values(row);
        self.access
            .insert(Error::Taken(Taken::Change), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }

    /// Decides a change; `Taken` when it was decided before.
    pub fn decide(&mut self, facility: FacilityId, new: &ChangeDecision) -> Result<(), Error> {
        let row = (
            change_decision::facility_id.eq(facility.0),
            change_decision::change_id.eq(new.change.as_bytes().as_slice()),
            change_decision::decision.eq(new.decided.as_str()),
            change_decision::decider_tag.eq(new.decider.as_bytes().as_slice()),
            change_decision::created_ms.eq(new.created.as_millis()),
            change_decision::data_key_id.eq(new.sealed.as_ref().map(key_of)),
            change_decision::envelope
                .eq(new.sealed.as_ref().map(|sealed| sealed.envelope.as_slice())),
        );
        let insert = diesel::insert_into(change_decision::table).values(row);
        self.access
            .insert(Error::Taken(Taken::Decision), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }

    /// Seals a decision of version 0.1; one that is sealed stays as it is.
    pub fn seal_decision(
        &mut self,
        facility: FacilityId,
        change: Tag,
        sealed: &SealedDecision,
    ) -> Result<(), Error> {
        let row = change_decision::table
            .find((facility.0, change.as_bytes().as_slice()))
            .filter(change_decision::envelope.is_null());
        let update = diesel::update(row).set((
            change_decision::data_key_id.eq(Some(key_of(sealed))),
            change_decision::envelope.eq(Some(sealed.envelope.as_slice())),
        ));
        match self.access.write(|conn| update.execute(conn))? {
            1 => Ok(()),
            _ => Err(Error::Taken(Taken::Decision)),
        }
    }
}
