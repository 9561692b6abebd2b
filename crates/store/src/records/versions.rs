//! Versions of records. Rows are only ever added; the current version is the one
//! with the highest number, and a delete is a version too.

use crate::{
    Access, Error, FacilityId, MissingVersion, Tx, column,
    records::{
        standing::{self, Line, Standing},
        waiting,
    },
};
use diesel::{
    RunQueryDsl,
    prelude::Queryable,
    sql_types::{BigInt, Binary, Integer, Nullable, Text},
};
use model::{
    Commitment, DataKeyId, ResourceType, Tag, Timestamp, Token, VersionInteraction, VersionNumber,
};
use std::borrow::Cow;

/// The parameter of the link that every current version has to itself.
pub const ID_PARAM: &str = "_id";

/// A stored version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// FHIR resource type.
    pub resource_type: ResourceType,
    /// The record.
    pub record: Tag,
    /// Which of its versions.
    pub number: VersionNumber,
    /// How it came about.
    pub interaction: VersionInteraction,
    /// The policy set then in force; 0 when none was valid.
    pub policy_number: u32,
    /// `meta.lastUpdated`.
    pub time: Timestamp,
    /// The patient it is sealed under, if one.
    pub subject: Option<Tag>,
    /// Bytes of padded plaintext.
    pub padded_size: u32,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed content.
    pub envelope: Vec<u8>,
}

/// A reference from the current version of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Search parameter, such as `subject`.
    pub param: Cow<'static, str>,
    /// The record referred to.
    pub target: Tag,
}

/// A version to be stored, with what makes it findable and its leaf. The link of a
/// record to itself (`_id`) need not be given; a delete has no links and no tokens,
/// given or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// The row.
    pub version: Version,
    /// References.
    pub links: Vec<Link>,
    /// Search tokens.
    pub tokens: Vec<Token>,
    /// What the log will hold.
    pub commitment: Commitment,
}

/// The view of versions.
pub struct Versions<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable)]
pub(crate) struct Row {
    resource_type: String,
    record_tag: Vec<u8>,
    number: i64,
    interaction: String,
    policy_number: i64,
    time_ms: i64,
    subject_tag: Option<Vec<u8>>,
    padded_size: i32,
    data_key_id: Vec<u8>,
    envelope: Vec<u8>,
}

/// The columns of [`Row`] where the table is called `v`, and their types.
pub(crate) const COLUMNS: &str = "v.resource_type, v.record_tag, v.version, v.interaction, \
     v.policy_number, v.time_ms, v.subject_tag, v.padded_size, v.data_key_id, v.envelope";
pub(crate) type Columns = (
    Text,
    Binary,
    BigInt,
    Text,
    BigInt,
    BigInt,
    Nullable<Binary>,
    Integer,
    Binary,
    Binary,
);

pub(crate) fn read(row: Row) -> Result<Version, Error> {
    Ok(Version {
        resource_type: column::word(&row.resource_type, "resource type")?,
        record: column::tag(&row.record_tag)?,
        number: column::version_number(row.number)?,
        interaction: column::word(&row.interaction, "interaction")?,
        policy_number: column::number(row.policy_number)?,
        time: column::time(row.time_ms)?,
        subject: column::optional_tag(row.subject_tag.as_ref())?,
        padded_size: column::number(row.padded_size)?,
        data_key: column::data_key_id(&row.data_key_id)?,
        envelope: row.envelope,
    })
}

impl<A: Access> Versions<'_, A> {
    /// The current version, which may be a delete. `Missing` when a leaf names a later
    /// one.
    pub fn current(&mut self, facility: FacilityId, record: Tag) -> Result<Option<Version>, Error> {
        Ok(self.read(facility, record, (None, None), 1)?.0.pop())
    }

    /// One version. `Missing` when that row or the newest one was cut.
    pub fn find(
        &mut self,
        facility: FacilityId,
        record: Tag,
        number: VersionNumber,
    ) -> Result<Option<Version>, Error> {
        let (mut rows, newest) = self.read(facility, record, (number.next(), None), 1)?;
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
        let (rows, newest) = self.read(facility, record, (before, since), limit)?;
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
        (before, since): (Option<VersionNumber>, Option<Timestamp>),
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

    /// Stores many versions as [`Self::insert`] does one, in few statements.
    pub fn insert_many(&mut self, facility: FacilityId, new: &[NewVersion]) -> Result<(), Error> {
        waiting::add_versions(self.access, facility, new)
    }
}
