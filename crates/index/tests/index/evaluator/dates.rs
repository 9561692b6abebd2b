//! Dates (<https://hl7.org/fhir/R4/search.html#date>).

use super::{UTC, reading};
use index::{DateCriterion, DateRange, Zone, ZoneChange};

fn range(text: &str) -> DateRange {
    let part = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    match text.split_once('/') {
        None => DateRange::of_date(text),
        Some((start, end)) => DateRange::of_period(part(start).as_deref(), part(end).as_deref()),
    }
    .unwrap()
}

fn date_holds(asked: &str, value: &str) -> bool {
    DateCriterion::parse(asked)
        .unwrap()
        .holds(&range(value), &reading(&UTC))
}

/// The examples under "date", and each prefix against periods.
#[test]
fn dates() {
    for (asked, value, expected) in [
        ("eq2013-01-14", "2013-01-14T00:00", true),
        ("eq2013-01-14", "2013-01-14T10:00", true),
        ("eq2013-01-14", "2013-01-15T00:00", false),
        ("eq2013-01-14T10:00", "2013-01-14", false),
        ("ne2013-01-14", "2013-01-15T00:00", true),
        ("ne2013-01-14", "2013-01-14T00:00", false),
        ("ne2013-01-14", "2013-01-14T10:00", false),
        ("lt2013-01-14T10:00", "2013-01-14", true),
        ("gt2013-01-14T10:00", "2013-01-14", true),
        ("ge2013-03-14", "2013-01-21/", true),
        ("le2013-03-14", "/2013-01-21", true),
        ("sa2013-03-14", "2013-03-15/", true),
        ("sa2013-03-14", "2013-01-21/", false),
        ("sa2013-03-14", "/2013-01-21", false),
        ("eb2013-03-14", "/2013-01-21", true),
        ("eb2013-03-14", "2013-03-15/", false),
        ("eb2013-03-14", "/2013-03-15", false),
        ("2013", "2013-05/2013-06", true),
        ("2013", "2013-05/2014-06", false),
        ("2013", "2013-05/", false),
        ("ne2013", "2013-05/", true),
        ("gt2013", "2013-05/2014-06", true),
        ("gt2013", "2013-05/2013-06", false),
        ("lt2013", "2013", false),
        ("lt2013", "2012-12-31", true),
        ("ge2013-02", "2013-02-01", true),
        ("ge2013-02", "2013-01-31", false),
        // The range of the search contains neither, nor is any of them above it.
        ("ge2013-02", "2013-01-20/2013-02-10", false),
        ("le2013-02", "2013-02-20/2013-03-10", false),
        ("le2013-02", "2013-02-28T23:59:59.999", true),
        ("le2013-02", "2013-03-01T00:00:00.000", false),
        // A hundred days ago, give or take ten.
        (
            "ap2026-08-14T12:00:00.000Z",
            "2026-08-04T13:00:00.000Z",
            true,
        ),
        (
            "ap2026-08-14T12:00:00.000Z",
            "2026-08-24T11:00:00.000Z",
            true,
        ),
        (
            "ap2026-08-14T12:00:00.000Z",
            "2026-08-04T11:00:00.000Z",
            false,
        ),
        (
            "ap2026-08-14T12:00:00.000Z",
            "2026-08-24T13:00:00.000Z",
            false,
        ),
    ] {
        assert_eq!(date_holds(asked, value), expected, "{asked} {value}");
    }
}

#[test]
fn a_date_without_a_zone_is_read_in_the_zone_of_the_facility() {
    let hours = |hours: i64| hours * 3_600_000;
    let new_york = Zone::changing(
        -hours(5),
        vec![ZoneChange {
            from: range("2019-03-10T07:00Z").from.unwrap().millis,
            offset: -hours(4),
        }],
    );
    for (asked, value, expected) in [
        ("2019-01-05", "2019-01-06T04:59:59Z", true),
        ("2019-01-05", "2019-01-06T05:00:00Z", false),
        ("2019-06-05", "2019-06-06T03:59:59Z", true),
        ("2019-06-05", "2019-06-06T04:00:00Z", false),
        ("2019-01-05", "2019-01-05T23:59:59", true),
        ("ge2019-01-06T04:30Z", "2019-01-05T23:30", true),
        ("ge2019-01-06T04:31Z", "2019-01-05T23:30", false),
    ] {
        let criterion = DateCriterion::parse(asked).unwrap();
        assert_eq!(
            criterion.holds(&range(value), &reading(&new_york)),
            expected,
            "{asked} {value}"
        );
    }
}
