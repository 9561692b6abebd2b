//! Date buckets: decade, year, month and day as search values of
//! [`Form::DateBucket`](crate::Form::DateBucket), so that a span of time is found
//! by a few tokens and no order is shown.
//!
//! Left out: the time of day and the time zone. Which calendar day an instant
//! stands for is decided by whoever reads the FHIR element.

/// The buckets of a FHIR date `YYYY`, `YYYY-MM` or `YYYY-MM-DD`
/// (<https://hl7.org/fhir/R4/datatypes.html#date>), from the widest to that of
/// its own precision: `Y196`, `Y1961`, `M1961-03`, `D1961-03-05`. `None` when
/// it is no date.
#[must_use]
pub fn date_buckets(date: &str) -> Option<Vec<String>> {
    let mut parts = date.split('-');
    let year = parts.next()?;
    let decade = year.get(..3)?;
    let year_number = number(year, 4, 1..=9999)?;
    let mut buckets = vec![format!("Y{decade}"), format!("Y{year}")];
    if let Some(month) = parts.next() {
        let month_number = number(month, 2, 1..=12)?;
        buckets.push(format!("M{year}-{month}"));
        if let Some(day) = parts.next() {
            number(day, 2, 1..=days(year_number, month_number))?;
            buckets.push(format!("D{date}"));
        }
    }
    parts.next().is_none().then_some(buckets)
}

fn number(digits: &str, length: usize, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let plain = digits.len() == length && digits.bytes().all(|c| c.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain)?;
    range.contains(&number).then_some(number)
}

/// Days of a month in the Gregorian calendar.
const fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_go_down_to_the_precision_of_the_date() {
        let all = ["Y196", "Y1961", "M1961-03", "D1961-03-05"];
        for (date, count) in [("1961", 2), ("1961-03", 3), ("1961-03-05", 4)] {
            let expected = all.iter().take(count).map(|&b| b.to_owned());
            assert_eq!(date_buckets(date), Some(expected.collect()), "{date}");
        }
        assert!(date_buckets("2000-02-29").is_some());
    }

    #[test]
    fn what_is_no_date_has_no_buckets() {
        for text in [
            "",
            "196",
            "19610",
            "1961-",
            "1961-3",
            "1961-13",
            "1961-00",
            "1961-03-00",
            "1961-03-32",
            "1961-02-29",
            "1900-02-29",
            "0000",
            "1961-03-05T10:00:00Z",
            "1961-03-05-01",
            "+961",
            "-961",
            "19é1",
            "１９６１",
        ] {
            assert_eq!(date_buckets(text), None, "{text}");
        }
    }
}
