//! Versions of records. Rows are only ever added; the current version is the one
//! with the highest number, and a delete is a version too.

use crate::{
    Access, Error, FacilityId, MissingVersion, Tx,
    records::{
        rows::{NewVersion, Version},
        standing::{self, Line, Standing},
        version_insert,
        waiting::Waiting,
    },
};
use diesel::RunQueryDsl;
use model::{Tag, Timestamp, VersionNumber};

/// The view of versions.
pub struct Versions<'a, A> {
    pub(crate) access: &'a mut A,
}

impl<A: Access> Versions<'_, A> {
    /// The current version, which may be a delete. `Missing` when a leaf names a later
    /// one.
    pub fn current(&mut self, facility: FacilityId, record: Tag) -> Result<Option<Version>, Error> {
        Ok(self.read(facility, record, None, None, 1)?.0.pop())
    }

    /// One version. `Missing` when that row or the newest one was cut.
    pub fn find(
        &mut self,
        facility: FacilityId,
        record: Tag,
        number: VersionNumber,
    ) -> Result<Option<Version>, Error> {
        let (mut rows, newest) = self.read(facility, record, number.next(), None, 1)?;
        match rows.pop() {
            Some(row) if row.number == number => Ok(Some(row)),
            _ if newest >= Some(number) => Err(Error::Missing(MissingVersion { record, number })),
            _ => Ok(None),
        }
    }

    /// At most `limit` versions older than `before` and written at `since` or later,
    /// newest first. `Missing` when one of them, or the newest of all, was cut.
    pub fn history(
        &mut self,
        facility: FacilityId,
        record: Tag,
        before: Option<VersionNumber>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        let (rows, newest) = self.read(facility, record, before, since, limit)?;
        let last = before.map_or(Some(VersionNumber::MAX), VersionNumber::previous);
        let mut expected = newest.min(last);
        for row in &rows {
            if expected != Some(row.number) {
                let number = expected.unwrap_or(row.number);
                return Err(Error::Missing(MissingVersion { record, number }));
            }
            expected = row.number.previous();
        }
        match expected {
            // Rows end where a time was asked for, or where the page does.
            Some(number) if since.is_none() && rows.len() < limit as usize => {
                Err(Error::Missing(MissingVersion { record, number }))
            }
            _ => Ok(rows),
        }
    }

    fn read(
        &mut self,
        facility: FacilityId,
        record: Tag,
        before: Option<VersionNumber>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> Result<(Vec<Version>, Option<VersionNumber>), Error> {
        let standing = Standing::new(facility, &record, before, since, limit);
        let lines: Vec<Line> = self.access.query(|conn| standing.load(conn))?;
        standing::read(record, lines)
    }
}

impl Versions<'_, Tx> {
    /// Stores a version with its links, tokens and leaf, and removes the links and
    /// tokens of the version before. `VersionTaken` when the number is: from here, or
    /// from `run_tx`, because on PostgreSQL rows wait to be stored together.
    pub fn insert(&mut self, facility: FacilityId, new: &NewVersion) -> Result<(), Error> {
        self.insert_many(facility, std::slice::from_ref(new))
    }

    /// Stores many versions as [`Self::insert`] does one, in few statements. On PostgreSQL few
    /// of them wait too, and `Ok` says nothing of their numbers yet.
    pub fn insert_many(&mut self, facility: FacilityId, new: &[NewVersion]) -> Result<(), Error> {
        if !Waiting::is_for(self.access.backend(), new.len()) {
            return version_insert::insert_many(self.access, facility, new);
        }
        self.access.waiting.add_versions(facility, new);
        Ok(())
    }
}
