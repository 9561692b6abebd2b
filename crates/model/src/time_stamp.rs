//! A moment, to the millisecond, as it stands in `meta.lastUpdated`.

use crate::Invalid;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};
use time::{
    OffsetDateTime, PrimitiveDateTime, format_description::BorrowedFormatItem,
    macros::format_description,
};

const FORMAT: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const HTTP_DATE: &[BorrowedFormatItem<'static>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// Milliseconds since 1970-01-01T00:00:00Z, within the years 0000 to 9999.
/// Displayed as `YYYY-MM-DDThh:mm:ss.sssZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

const INVALID: Invalid = Invalid {
    what: "time",
    rule: "written YYYY-MM-DDThh:mm:ss.sssZ",
};

impl Timestamp {
    /// A moment from milliseconds since 1970.
    ///
    /// # Errors
    /// Outside the years 0000 to 9999.
    pub fn from_millis(millis: i64) -> Result<Self, Invalid> {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
            .map_err(|_| INVALID)?;
        if (0..=9999).contains(&at.year()) {
            Ok(Self(at))
        } else {
            Err(INVALID)
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn as_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// Year and month in UTC.
    #[must_use]
    pub fn year_and_month(self) -> (i32, u8) {
        (self.0.year(), u8::from(self.0.month()))
    }

    /// The form of HTTP headers (RFC 9110, 5.6.7).
    #[must_use]
    pub fn to_http_date(self) -> String {
        self.0.format(HTTP_DATE).unwrap_or_default()
    }

    /// This moment and a number of milliseconds more; the same moment at the
    /// ends of the calendar.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.as_millis().saturating_add(millis)).unwrap_or(self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(FORMAT).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let at = PrimitiveDateTime::parse(text, FORMAT).map_err(|_| INVALID)?;
        let at = Self(at.assume_utc());
        if at.to_string() == text {
            Ok(at)
        } else {
            Err(INVALID)
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_millis_round_trip(millis in -62_167_219_200_000_i64..253_402_300_800_000) {
            let at = Timestamp::from_millis(millis).expect("in range");
            prop_assert_eq!(at.as_millis(), millis);
            prop_assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
        }
    }

    #[test]
    fn only_one_spelling_is_read() {
        for bad in [
            "2026-11-22T10:00:00Z",
            "2026-11-22T10:00:00.1Z",
            "2026-11-22T10:00:00.100+00:00",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
        let at: Timestamp = "2026-11-22T10:00:00.100Z"
            .parse()
            .expect("the one spelling");
        assert_eq!(at.to_http_date(), "Sun, 22 Nov 2026 10:00:00 GMT");
    }
}
