//! Versions of records. Rows are only ever added; the current version is the one
//! with the highest number, and a delete is a version too.

use crate::{Access, Error, FacilityId, Tx, column, schema::version, waiting};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper,
    prelude::{Queryable, Selectable},
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = version)]
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
    /// The current version, which may be a delete.
    pub fn current(&mut self, facility: FacilityId, record: Tag) -> Result<Option<Version>, Error> {
        Ok(self.history(facility, record, None, None, 1)?.pop())
    }

    /// One version.
    pub fn find(
        &mut self,
        facility: FacilityId,
        record: Tag,
        number: VersionNumber,
    ) -> Result<Option<Version>, Error> {
        let query = version::table
            .filter(version::facility_id.eq(facility.0))
            .filter(version::record_tag.eq(record.as_bytes().as_slice()))
            .filter(version::number.eq(column::of_version(number)))
            .select(Row::as_select());
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// At most `limit` versions older than `before` and written at `since` or later,
    /// newest first.
    pub fn history(
        &mut self,
        facility: FacilityId,
        record: Tag,
        before: Option<VersionNumber>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        let query = version::table
            .filter(version::facility_id.eq(facility.0))
            .filter(version::record_tag.eq(record.as_bytes().as_slice()))
            .filter(version::number.lt(before.map_or(i64::MAX, column::of_version)))
            .filter(version::time_ms.ge(since.map_or(i64::MIN, Timestamp::as_millis)))
            .order(version::number.desc())
            .limit(i64::from(limit))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
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
