//! A date, dateTime or instant (<https://hl7.org/fhir/R4/datatypes.html#dateTime>) as the
//! range of all moments that it may mean: `2026-03` a month, `..T10:00Z` a minute. Without
//! a time zone it is read in UTC. Times are kept to the millisecond; further digits are
//! dropped.

use time::{Date, Duration, Month, PrimitiveDateTime, Time, UtcOffset};

/// From the first moment to before the second, in milliseconds since 1970; the ends
/// of `i64` stand for no bound.
pub(crate) type Span = (i64, i64);

/// All moments that a date may mean; `None` for what is no date.
pub(crate) fn of(text: &str) -> Option<Span> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let (start, end) = match (parts.as_slice(), time) {
        ([year], None) => {
            let year = digits(year, 4)?;
            (day(year, 1, 1)?, next_month(year, 12))
        }
        ([year, month], None) => {
            let (year, month) = (digits(year, 4)?, digits(month, 2)?);
            (day(year, month, 1)?, next_month(year, month))
        }
        ([year, month, of_month], time) => {
            let start = day(digits(year, 4)?, digits(month, 2)?, digits(of_month, 2)?)?;
            match time {
                None => (start, start.checked_add(Duration::DAY)),
                Some(time) => return moments(start, time),
            }
        }
        _ => return None,
    };
    let millis = |date: Date| millis(date.midnight().assume_utc());
    // After the last day of the calendar there is no bound.
    Some((millis(start), end.map_or(i64::MAX, millis)))
}

/// The first day of the month after; none after the last of the calendar.
fn next_month(year: u16, month: u16) -> Option<Date> {
    match month {
        12 => day(year.checked_add(1)?, 1, 1),
        _ => day(year, month.checked_add(1)?, 1),
    }
}

/// The moments of a time of a day: `hh:mm[:ss[.s+]][zone]`.
fn moments(day: Date, text: &str) -> Option<Span> {
    let (clock, zone) = zone(text)?;
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |text: &str| u8::try_from(digits(text, 2)?).ok();
    let (time, leap, precision) = match (parts.as_slice(), fraction) {
        ([hour, minute], None) => (Time::from_hms(two(hour)?, two(minute)?, 0).ok()?, 0, 60_000),
        ([hour, minute, second], fraction) => {
            let (thousandths, precision) = match fraction {
                None => (0, 1_000),
                Some(fraction) => thousandths(fraction)?,
            };
            // A leap second is the second after it in a calendar that has none.
            let (second, leap) = match two(second)? {
                60 => (59, 1_000),
                second => (second, 0),
            };
            let time = Time::from_hms_milli(two(hour)?, two(minute)?, second, thousandths).ok()?;
            (time, leap, precision)
        }
        _ => return None,
    };
    let start = millis(PrimitiveDateTime::new(day, time).assume_offset(zone)) + leap;
    Some((start, start.saturating_add(precision)))
}

/// Cuts the zone off: `Z`, `+hh:mm`, `-hh:mm`, or none for UTC. An unescaped `+` in a
/// query string is read as a blank by every form decoder, so a blank is one too.
fn zone(text: &str) -> Option<(&str, UtcOffset)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, UtcOffset::UTC));
    }
    let Some(at) = text.find(['+', '-', ' ']) else {
        return Some((text, UtcOffset::UTC));
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
    Some((clock, UtcOffset::from_whole_seconds(seconds).ok()?))
}

/// Milliseconds of a fraction of a second, and how many it stands for.
fn thousandths(fraction: &str) -> Option<(u16, i64)> {
    if fraction.is_empty() || !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let kept: String = fraction.chars().take(3).collect();
    let value: u16 = format!("{kept:0<3}").parse().ok()?;
    Some((
        value,
        match kept.len() {
            1 => 100,
            2 => 10,
            _ => 1,
        },
    ))
}

fn day(year: u16, month: u16, of_month: u16) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let of_month = u8::try_from(of_month).ok()?;
    Date::from_calendar_date(i32::from(year), month, of_month).ok()
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<u16> {
    let plain = text.len() == count && text.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn millis(at: time::OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
