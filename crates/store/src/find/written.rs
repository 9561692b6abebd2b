//! Versions of a type by the time at which they were written, the newest first: what the
//! histories of types and of all records are made of. Only places are given, from the index on
//! time; the rows are read by key.
//!
//! SQLite is told its index by name. PostgreSQL takes no hints, and its connections neither
//! walk through tables nor sort what an index has in order (`database`).

use crate::{
    Access, Error, FacilityId, Versions,
    backend::Backend,
    column,
    engine::{
        database::{Conn, MultiBackend},
        watch::STILL_WANTED,
    },
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Integer, Nullable, Text},
};
use model::{ResourceType, Tag, Timestamp, VersionNumber};

/// Where a version stands in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenPosition {
    /// When it was written.
    pub time: Timestamp,
    /// Its record.
    pub record: Tag,
    /// Which of the record's versions.
    pub number: VersionNumber,
}

/// A version that was found, before its row is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenPlace {
    /// Where it stands.
    pub position: WrittenPosition,
    /// The patient it is sealed under, if one.
    pub subject: Option<Tag>,
}

/// A period in which a version was the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The moment after its last; `None` for a period without an end.
    pub until: Option<Timestamp>,
}

/// Which versions are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WrittenRange {
    /// Those that stand after this one, which are older.
    pub before: Option<WrittenPosition>,
    /// Those that were written at this time or later.
    pub since: Option<Timestamp>,
    /// Those that were current in it, and the deletes that took place in it.
    pub at: Option<Period>,
}

/// Versions about whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subjects {
    /// About anybody.
    All,
    /// About these alone.
    Some {
        /// About this patient.
        patient: Option<Tag>,
        /// About no one patient.
        nobody: bool,
    },
}

/// Longer than a tag, so that every tag is before it.
const LAST: &[u8] = &[u8::MAX; 17];

/// The places of a type, as a statement.
struct Written<'a> {
    backend: Backend,
    facility: i32,
    kind: &'a str,
    time: i64,
    record: &'a [u8],
    number: i64,
    since: i64,
    /// The first moment of a period.
    at: Option<i64>,
    patient: Option<&'a [u8]>,
    nobody: bool,
    anybody: bool,
    limit: i64,
}

type Line = (i64, Vec<u8>, i64, Option<Vec<u8>>);

impl<A: Access> Versions<'_, A> {
    /// The places of at most `limit` versions of a type, the newest first.
    pub fn written(
        &mut self,
        facility: FacilityId,
        kind: &ResourceType,
        subjects: Subjects,
        range: &WrittenRange,
        limit: u32,
    ) -> Result<Vec<WrittenPlace>, Error> {
        let lines: Vec<Line> = self.access.query(|conn| {
            Written::new(conn.backend(), facility, kind, &subjects, range, limit).load(conn)
        })?;
        lines.into_iter().map(place).collect()
    }
}

fn place((time, record, number, subject): Line) -> Result<WrittenPlace, Error> {
    Ok(WrittenPlace {
        position: WrittenPosition {
            time: column::time(time)?,
            record: column::tag(&record)?,
            number: column::version_number(number)?,
        },
        subject: column::optional_tag(subject.as_ref())?,
    })
}

impl<'a> Written<'a> {
    fn new(
        backend: Backend,
        facility: FacilityId,
        kind: &'a ResourceType,
        subjects: &'a Subjects,
        range: &'a WrittenRange,
        limit: u32,
    ) -> Self {
        let before = range.before.as_ref();
        let until = range.at.and_then(|at| at.until).map(Timestamp::as_millis);
        let mut statement = Self {
            backend,
            facility: facility.0,
            kind: kind.as_str(),
            time: before.map_or(i64::MAX, |before| before.time.as_millis()),
            record: before.map_or(LAST, |before| before.record.as_bytes()),
            number: before.map_or(i64::MAX, |before| column::of_version(before.number)),
            since: range.since.map_or(i64::MIN, Timestamp::as_millis),
            at: range.at.map(|at| at.from.as_millis()),
            patient: None,
            nobody: true,
            anybody: *subjects == Subjects::All,
            limit: i64::from(limit),
        };
        if let Some(until) = until.filter(|until| *until <= statement.time) {
            // Before all versions of that moment.
            (statement.time, statement.record, statement.number) = (until, &[], 0);
        }
        if let Subjects::Some { patient, nobody } = subjects {
            statement.patient = patient.as_ref().map(|tag| tag.as_bytes().as_slice());
            statement.nobody = *nobody;
        }
        statement
    }

    fn push_subjects<'b>(&'b self, out: &mut AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if self.anybody {
            return Ok(());
        }
        let nobody = if self.nobody {
            "v.subject_tag IS NULL"
        } else {
            "1 = 0"
        };
        for part in [" AND (", nobody] {
            out.push_sql(part);
        }
        if let Some(patient) = self.patient {
            out.push_sql(" OR v.subject_tag = ");
            out.push_bind_param::<Binary, _>(patient)?;
        }
        out.push_sql(")");
        Ok(())
    }

    /// Of versions written before a period the one that was current when it began, unless that
    /// is a delete.
    fn push_at<'b>(&'b self, out: &mut AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let Some(at) = &self.at else {
            return Ok(());
        };
        out.push_sql(" AND (v.time_ms >= ");
        out.push_bind_param::<BigInt, _>(at)?;
        out.push_sql(
            " OR v.interaction <> 'delete') AND NOT EXISTS (SELECT 1 FROM version w \
             WHERE w.facility_id = v.facility_id AND w.record_tag = v.record_tag \
             AND w.version > v.version AND w.time_ms <= ",
        );
        out.push_bind_param::<BigInt, _>(at)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<MultiBackend> for Written<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql("SELECT v.time_ms, v.record_tag, v.version, v.subject_tag FROM version v ");
        if self.backend == Backend::Sqlite {
            out.push_sql("INDEXED BY version_time ");
        }
        out.push_sql("WHERE v.facility_id = ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AND v.resource_type = ");
        out.push_bind_param::<Text, _>(self.kind)?;
        out.push_sql(" AND v.time_ms >= ");
        out.push_bind_param::<BigInt, _>(&self.since)?;
        out.push_sql(" AND (v.time_ms, v.record_tag, v.version) < (");
        out.push_bind_param::<BigInt, _>(&self.time)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(self.record)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.number)?;
        out.push_sql(")");
        self.push_subjects(&mut out)?;
        self.push_at(&mut out)?;
        if self.backend == Backend::Sqlite {
            out.push_sql(STILL_WANTED);
        }
        out.push_sql(" ORDER BY v.time_ms DESC, v.record_tag DESC, v.version DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl QueryId for Written<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Written<'_> {
    type SqlType = (BigInt, Binary, BigInt, Nullable<Binary>);
}

impl RunQueryDsl<Conn> for Written<'_> {}
