//! A row of the version table, and the version that it holds.

use crate::{Error, column, records::rows::Version};
use diesel::{
    prelude::Queryable,
    sql_types::{BigInt, Binary, Integer, Nullable, Text},
};

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
