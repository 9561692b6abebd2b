//! From what columns hold to what the rest of the house speaks of, and back.

use crate::Error;
use model::{Commitment, DataKeyId, Digest, LogId, Tag, Timestamp, VersionNumber};
use std::str::FromStr;

macro_rules! bytes {
    ($($name:ident: $type:ident,)*) => {$(
        pub(crate) fn $name(bytes: &[u8]) -> Result<$type, Error> {
            $type::from_slice(bytes).map_err(|_| Error::Corrupt(stringify!($name)))
        }
    )*};
}

bytes! {
    tag: Tag,
    data_key_id: DataKeyId,
    digest: Digest,
    commitment: Commitment,
    log_id: LogId,
}

pub(crate) fn optional_tag(bytes: Option<&Vec<u8>>) -> Result<Option<Tag>, Error> {
    bytes.map(|bytes| tag(bytes)).transpose()
}

pub(crate) fn hash(bytes: &[u8]) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| Error::Corrupt("hash"))
}

pub(crate) fn time(millis: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millis(millis).map_err(|_| Error::Corrupt("time"))
}

pub(crate) fn version_number(number: i64) -> Result<VersionNumber, Error> {
    u32::try_from(number)
        .ok()
        .and_then(VersionNumber::new)
        .ok_or(Error::Corrupt("version number"))
}

/// A number that fits where it goes; numbers of this house fit in both ways.
pub(crate) fn number<A, B: TryFrom<A>>(number: A) -> Result<B, Error> {
    B::try_from(number).map_err(|_| Error::Corrupt("number"))
}

pub(crate) fn word<T: FromStr>(text: &str, what: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::Corrupt(what))
}

/// A version number as a column holds it.
pub(crate) fn of_version(number: VersionNumber) -> i64 {
    i64::from(number.get())
}
