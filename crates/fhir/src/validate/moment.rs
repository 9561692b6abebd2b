//! Dates and times as text (<https://hl7.org/fhir/R4/datatypes.html#dateTime>).

use std::cmp::Ordering;

/// The parts of a date, time or both.
struct Parts<'a> {
    /// Year, month, day; 0 where the precision ends before.
    date: [u32; 3],
    /// Seconds of the day, the fraction, minutes east of UTC.
    time: Option<(u32, &'a str, i32)>,
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD` of a day that exists.
pub(super) fn is_date(text: &str) -> bool {
    parse(text).is_some_and(|parts| parts.time.is_none())
}

/// A date, or a day with time and zone.
pub(super) fn is_date_time(text: &str) -> bool {
    parse(text).is_some()
}

/// A day with time and zone.
pub(super) fn is_instant(text: &str) -> bool {
    parse(text).is_some_and(|parts| parts.time.is_some())
}

/// `hh:mm:ss`, with a fraction or without.
pub(super) fn is_time(text: &str) -> bool {
    time(text).is_some()
}

/// Which of two comes first; `None` when their precisions leave that open.
pub(super) fn compare(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (parse(one)?, parse(other)?);
    match (one.time, other.time) {
        (Some(a), Some(b)) => {
            let minute =
                |date: [u32; 3], zone: i32| i64::from(day_number(date)) * 1440 - i64::from(zone);
            let seconds = |date, (seconds, _, zone): (u32, &str, i32)| {
                minute(date, zone) * 60 + i64::from(seconds)
            };
            let order = seconds(one.date, a).cmp(&seconds(other.date, b));
            Some(order.then_with(|| a.1.trim_end_matches('0').cmp(b.1.trim_end_matches('0'))))
        }
        (None, None) => {
            for (a, b) in one.date.into_iter().zip(other.date) {
                if (a == 0) != (b == 0) {
                    return None;
                }
                if a != b {
                    return Some(a.cmp(&b));
                }
            }
            Some(Ordering::Equal)
        }
        (Some(_), None) => compare_days(one.date, other.date),
        (None, Some(_)) => compare_days(other.date, one.date).map(Ordering::reverse),
    }
}

/// The day of a moment beside a day, month or year without a zone, which may begin and end
/// 14 hours earlier or later.
fn compare_days(day: [u32; 3], [year, month, of_month]: [u32; 3]) -> Option<Ordering> {
    let first = day_number([year, month.max(1), of_month.max(1)]);
    let last_month = if month == 0 { 12 } else { month };
    let last_day = if of_month == 0 {
        days_of(year, last_month)
    } else {
        of_month
    };
    let last = day_number([year, last_month, last_day]);
    let day = day_number(day);
    match day {
        day if day + 1 < first => Some(Ordering::Less),
        day if day > last + 1 => Some(Ordering::Greater),
        _ => None,
    }
}

fn parse(text: &str) -> Option<Parts<'_>> {
    let (date, rest) = match text.split_once('T') {
        Some((date, rest)) => (date, Some(rest)),
        None => (text, None),
    };
    let mut parts = [0; 3];
    let mut fields = date.split('-');
    for (number, part) in parts.iter_mut().enumerate() {
        let Some(field) = fields.next() else { break };
        *part = digits(field, if number == 0 { 4 } else { 2 })?;
        // There is no year, month or day 0.
        if *part == 0 {
            return None;
        }
    }
    let [year, month, day] = parts;
    if fields.next().is_some() || month > 12 || day > days_of(year, month) {
        return None;
    }
    let time = match rest {
        Some(_) if day == 0 => return None,
        Some(rest) => Some(time_and_zone(rest)?),
        None => None,
    };
    Some(Parts { date: parts, time })
}

fn time_and_zone(text: &str) -> Option<(u32, &str, i32)> {
    let (clock, zone) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let (clock, zone) = text.split_at_checked(text.len().checked_sub(6)?)?;
            let sign = match zone.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
            if minutes > 59 || hours * 60 + minutes > 14 * 60 {
                return None;
            }
            (clock, sign * i32::try_from(hours * 60 + minutes).ok()?)
        }
    };
    let (seconds, fraction) = time(clock)?;
    Some((seconds, fraction, zone))
}

/// Seconds of the day and the digits of a fraction.
fn time(text: &str) -> Option<(u32, &str)> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, fraction),
        None => (text, ""),
    };
    let is_fraction = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_fraction || text.ends_with('.') {
        return None;
    }
    let mut fields = clock.split(':');
    let (hours, minutes) = (digits(fields.next()?, 2)?, digits(fields.next()?, 2)?);
    let seconds = digits(fields.next()?, 2)?;
    // 60 is a leap second.
    let fits = hours < 24 && minutes < 60 && seconds <= 60 && fields.next().is_none();
    fits.then_some((hours * 3600 + minutes * 60 + seconds, fraction))
}

fn digits(text: &str, length: usize) -> Option<u32> {
    let all = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

const fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// Days since the first of March of the year 0.
const fn day_number([year, month, day]: [u32; 3]) -> u32 {
    // The year begins with March, so that the leap day is its last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist_are_dates() {
        for good in [
            "2020",
            "2020-02",
            "2020-02-29",
            "2000-02-29",
            "0001-01-01",
            "9999-12-31",
        ] {
            assert!(
                is_date(good) && is_date_time(good) && !is_instant(good),
                "{good}"
            );
        }
        for bad in [
            "",
            "202",
            "0000",
            "2020-00",
            "2020-13",
            "2020-02-30",
            "2021-02-29",
            "1900-02-29",
            "2020-04-31",
            "2020-1-1",
            "2020-01-01-01",
            "20200101",
            "+2020",
            "2020-02-00",
            "２０２０",
        ] {
            assert!(!is_date(bad) && !is_date_time(bad), "{bad}");
        }
    }

    #[test]
    fn a_time_has_seconds_and_a_zone() {
        for good in [
            "2020-01-01T00:00:00Z",
            "2020-01-01T23:59:60.123456789+14:00",
            "2020-01-01T00:00:00-12:30",
        ] {
            assert!(
                is_date_time(good) && is_instant(good) && !is_date(good),
                "{good}"
            );
        }
        for bad in [
            "2020-01-01T00:00:00",
            "2020-01-01T00:00Z",
            "2020-01-01T24:00:00Z",
            "2020-01T00:00:00Z",
            "2020-01-01T00:00:00+14:01",
            "2020-01-01T00:00:00.Z",
            "2020-01-01t00:00:00Z",
            "2020-01-01T00:00:00z",
            "2020-01-01 00:00:00Z",
            "2020-01-01T00:00:61Z",
        ] {
            assert!(!is_date_time(bad) && !is_instant(bad), "{bad}");
        }
        assert!(is_time("12:30:00") && is_time("12:30:00.5") && is_time("00:00:60"));
        assert!(!is_time("12:30") && !is_time("24:00:00") && !is_time("12:30:00Z"));
    }

    #[test]
    fn moments_compare_where_their_precision_lets_them() {
        use Ordering::{Equal, Greater, Less};
        for (one, other, order) in [
            ("2020", "2021", Some(Less)),
            ("2020-02", "2020-02", Some(Equal)),
            ("2020", "2020-02", None),
            ("2019", "2020-02", Some(Less)),
            ("2020-03-01", "2020-02-29", Some(Greater)),
            (
                "2020-01-01T00:00:00Z",
                "2020-01-01T01:00:00+01:00",
                Some(Equal),
            ),
            (
                "2020-03-01T00:00:00+01:00",
                "2020-02-29T23:30:00Z",
                Some(Less),
            ),
            (
                "2020-01-01T00:00:00.10Z",
                "2020-01-01T00:00:00.1Z",
                Some(Equal),
            ),
            (
                "2020-01-01T00:00:00.2Z",
                "2020-01-01T00:00:00.10Z",
                Some(Greater),
            ),
            ("2020-01-01", "2020-01-01T00:00:00Z", None),
            ("2020-01-01", "2020-01-02T00:00:00Z", None),
            ("2020-01-01", "2020-01-03T00:00:00Z", Some(Less)),
            ("2020-01-01", "2019-12-30T00:00:00Z", Some(Greater)),
            ("2020-02-29T10:00:00Z", "2020-02", None),
            ("2020-03-01T10:00:00Z", "2020-02", None),
            ("2020-03-02T10:00:00Z", "2020-02", Some(Greater)),
            ("2019-12-30T10:00:00Z", "2020", Some(Less)),
            ("2019-12-31T10:00:00Z", "2020", None),
        ] {
            assert_eq!(compare(one, other), order, "{one} {other}");
        }
    }
}
