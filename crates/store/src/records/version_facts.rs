//! What a version says in clear, read without its envelope: enough to deny by, and no
//! dearer for a large record than for a small one.

use crate::{Access, Error, FacilityId, Period, Versions, column, schema::version};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use model::{Tag, Timestamp, VersionNumber};

/// What decides over a version before it is opened; its type is in the record's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionFacts {
    /// Which of its record's versions.
    pub number: VersionNumber,
    /// The patient it is sealed under, if one.
    pub subject: Option<Tag>,
}

type Row = (i64, Option<Vec<u8>>);

fn read((number, subject): Row) -> Result<VersionFacts, Error> {
    Ok(VersionFacts {
        number: column::version_number(number)?,
        subject: column::optional_tag(subject.as_ref())?,
    })
}

impl<A: Access> Versions<'_, A> {
    /// The facts of [`Versions::find`], or of [`Versions::current`] without a number.
    pub fn facts(
        &mut self,
        facility: FacilityId,
        record: Tag,
        number: Option<VersionNumber>,
    ) -> Result<Option<VersionFacts>, Error> {
        let Some(number) = number else {
            let newest = self.history_facts(facility, record, None, None, 1)?;
            return Ok(newest.first().copied());
        };
        let query = version::table
            .filter(version::facility_id.eq(facility.0))
            .filter(version::record_tag.eq(record.as_bytes().as_slice()))
            .filter(version::number.eq(column::of_version(number)))
            .select((version::number, version::subject_tag));
        let row: Option<Row> = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// The facts of [`Versions::history`].
    pub fn history_facts(
        &mut self,
        facility: FacilityId,
        record: Tag,
        before: Option<VersionNumber>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<VersionFacts>, Error> {
        let query = version::table
            .filter(version::facility_id.eq(facility.0))
            .filter(version::record_tag.eq(record.as_bytes().as_slice()))
            .filter(version::number.lt(before.map_or(i64::MAX, column::of_version)))
            .filter(version::time_ms.ge(since.map_or(i64::MIN, Timestamp::as_millis)))
            .order(version::number.desc())
            .limit(i64::from(limit))
            .select((version::number, version::subject_tag));
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }

    /// Numbers at the ends of a period: of the last version that was written when it began or
    /// before, and of the first one that was written after its end.
    pub fn ends_of(
        &mut self,
        facility: FacilityId,
        record: Tag,
        period: Period,
    ) -> Result<(Option<VersionNumber>, Option<VersionNumber>), Error> {
        let of_record = version::table
            .filter(version::facility_id.eq(facility.0))
            .filter(version::record_tag.eq(record.as_bytes().as_slice()))
            .select(version::number);
        let current = of_record
            .filter(version::time_ms.le(period.from.as_millis()))
            .order(version::number.desc());
        let current: Option<i64> = self.access.query(|conn| current.first(conn).optional())?;
        let mut later: Option<i64> = None;
        if let Some(until) = period.until {
            let first = of_record
                .filter(version::time_ms.ge(until.as_millis()))
                .order(version::number.asc());
            later = self.access.query(|conn| first.first(conn).optional())?;
        }
        let number = |number: Option<i64>| number.map(column::version_number).transpose();
        Ok((number(current)?, number(later)?))
    }
}
