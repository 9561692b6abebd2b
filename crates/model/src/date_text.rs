//! The text of a date, dateTime or instant
//! (<https://hl7.org/fhir/R4/datatypes.html#dateTime>). Times are kept to the millisecond;
//! further digits are dropped.

use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

const DAY: i64 = 86_400_000;

/// All moments that a date may mean: `2026-03` a month, `..T10:00Z` a minute. Without a
/// zone it is read in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateSpan {
    /// The first, in milliseconds since 1970.
    pub from: i64,
    /// The one after the last.
    pub until: i64,
    /// Whether the text has a zone.
    pub zoned: bool,
}

impl DateSpan {
    /// The moment after the last that the calendar has.
    pub const END: i64 = 253_402_300_800_000;

    /// Reads a text; `None` for what is no date.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        span(text)
    }
}

fn span(text: &str) -> Option<DateSpan> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let (first, length) = match (parts.as_slice(), time) {
        ([year], None) => {
            let year = digits(year, 4)?;
            let length = i64::from(time::util::days_in_year(i32::from(year))) * DAY;
            (day(year, 1, 1)?, length)
        }
        ([year, month], None) => {
            let first = day(digits(year, 4)?, digits(month, 2)?, 1)?;
            let length = i64::from(first.month().length(first.year())) * DAY;
            (first, length)
        }
        ([year, month, of_month], time) => {
            let day = day(digits(year, 4)?, digits(month, 2)?, digits(of_month, 2)?)?;
            match time {
                Some(time) => return moments(day, time),
                None => (day, DAY),
            }
        }
        _ => return None,
    };
    let from = millis(first.midnight().assume_utc());
    Some(DateSpan {
        from,
        until: from + length,
        zoned: false,
    })
}

/// The moments of a time of a day: `hh:mm[:ss[.s+]][zone]`.
fn moments(day: Date, text: &str) -> Option<DateSpan> {
    let (clock, zone) = zone(text)?;
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |text: &str| u8::try_from(digits(text, 2)?).ok();
    let (time, leap, length) = match (parts.as_slice(), fraction) {
        ([hour, minute], None) => (Time::from_hms(two(hour)?, two(minute)?, 0).ok()?, 0, 60_000),
        ([hour, minute, second], fraction) => {
            let (thousandths, length) = fraction.map_or(Some((0, 1_000)), thousandths)?;
            // A leap second is the second after it in a calendar that has none.
            let (second, leap) = match two(second)? {
                60 => (59, 1_000),
                second => (second, 0),
            };
            let time = Time::from_hms_milli(two(hour)?, two(minute)?, second, thousandths).ok()?;
            (time, leap, length)
        }
        _ => return None,
    };
    let offset = zone.unwrap_or(UtcOffset::UTC);
    let from = millis(PrimitiveDateTime::new(day, time).assume_offset(offset)) + leap;
    Some(DateSpan {
        from,
        until: from + length,
        zoned: zone.is_some(),
    })
}

/// Cuts the zone off: `Z`, `+hh:mm`, `-hh:mm`, or none. An unescaped `+` in a query string
/// is read as a blank by every form decoder, so a blank is one too.
fn zone(text: &str) -> Option<(&str, Option<UtcOffset>)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, Some(UtcOffset::UTC)));
    }
    let Some(at) = text.find(['+', '-', ' ']) else {
        return Some((text, None));
    };
    let (clock, zone) = text.split_at_checked(at)?;
    let (sign, zone) = zone.split_at_checked(1)?;
    let (hours, minutes) = zone.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = i32::from(hours) * 3_600 + i32::from(minutes) * 60;
    let seconds = if sign == "-" { -seconds } else { seconds };
    let offset = UtcOffset::from_whole_seconds(seconds).ok()?;
    Some((clock, Some(offset)))
}

/// Milliseconds of a fraction of a second, and how many it stands for.
fn thousandths(fraction: &str) -> Option<(u16, i64)> {
    if fraction.is_empty() || !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let kept: String = fraction.chars().take(3).collect();
    let value: u16 = format!("{kept:0<3}").parse().ok()?;
    let length = match kept.len() {
        1 => 100,
        2 => 10,
        _ => 1,
    };
    Some((value, length))
}

fn day(year: u16, month: u16, of_month: u16) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let of_month = u8::try_from(of_month).ok()?;
    Date::from_calendar_date(i32::from(year), month, of_month).ok()
}

/// A number of exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<u16> {
    let plain = text.len() == count && text.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn millis(at: time::OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
