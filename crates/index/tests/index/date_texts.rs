//! The reading of dates, and of zones.

use index::{DateCriterion, DateRange, Moment, Zone, ZoneChange};

const HOUR: i64 = 3_600_000;

/// A date, its first and last moment, and whether it has a zone.
const RANGES: &[(&str, &str, &str, bool)] = &[
    (
        "2026",
        "2026-01-01T00:00:00.000Z",
        "2026-12-31T23:59:59.999Z",
        false,
    ),
    (
        "2024-02",
        "2024-02-01T00:00:00.000Z",
        "2024-02-29T23:59:59.999Z",
        false,
    ),
    (
        "2026-12",
        "2026-12-01T00:00:00.000Z",
        "2026-12-31T23:59:59.999Z",
        false,
    ),
    (
        "2026-03-05",
        "2026-03-05T00:00:00.000Z",
        "2026-03-05T23:59:59.999Z",
        false,
    ),
    (
        "2026-03-05T10:07",
        "2026-03-05T10:07:00.000Z",
        "2026-03-05T10:07:59.999Z",
        false,
    ),
    (
        "2026-03-05T10:07Z",
        "2026-03-05T10:07:00.000Z",
        "2026-03-05T10:07:59.999Z",
        true,
    ),
    (
        "2026-03-05T10:07:09Z",
        "2026-03-05T10:07:09.000Z",
        "2026-03-05T10:07:09.999Z",
        true,
    ),
    (
        "2026-03-05T10:07:09.2Z",
        "2026-03-05T10:07:09.200Z",
        "2026-03-05T10:07:09.299Z",
        true,
    ),
    (
        "2026-03-05T10:07:09.25Z",
        "2026-03-05T10:07:09.250Z",
        "2026-03-05T10:07:09.259Z",
        true,
    ),
    (
        "2026-03-05T10:07:09.256Z",
        "2026-03-05T10:07:09.256Z",
        "2026-03-05T10:07:09.256Z",
        true,
    ),
    (
        "2026-03-05T10:07:09.2567Z",
        "2026-03-05T10:07:09.256Z",
        "2026-03-05T10:07:09.256Z",
        true,
    ),
    (
        "2026-03-05T23:30+02:00",
        "2026-03-05T21:30:00.000Z",
        "2026-03-05T21:30:59.999Z",
        true,
    ),
    (
        "2026-03-05T23:30 02:00",
        "2026-03-05T21:30:00.000Z",
        "2026-03-05T21:30:59.999Z",
        true,
    ),
    (
        "2026-03-05T23:30-05:30",
        "2026-03-06T05:00:00.000Z",
        "2026-03-06T05:00:59.999Z",
        true,
    ),
    (
        "2016-12-31T23:59:60Z",
        "2017-01-01T00:00:00.000Z",
        "2017-01-01T00:00:00.999Z",
        true,
    ),
    (
        "9999",
        "9999-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
        false,
    ),
];

const NO_DATES: &[&str] = &[
    "",
    "x",
    "20",
    "26",
    "2026-",
    "2026-13",
    "2026-00",
    "2026-02-29",
    "2026-2-1",
    "2026-01-01T",
    "2026-01-01T10",
    "2026-01-01T10Z",
    "2026-01-01T24:00",
    "2026-01-01T10:60",
    "2026-01-01T10:00:61",
    "2026-01-01T10:00.5",
    "2026-01T10:00",
    "2026-01-01T10:00:00.Z",
    "2026-01-01T10:00+2:00",
    "2026-01-01T10:00+15:00",
    "2026-01-01T10:00ZZ",
    "+2026",
    "-2026",
    "é2026",
    "12026",
    "2026-01-01 10:00",
];

/// `fhir::Moments`, by which `_lastUpdated` is searched, has the same texts.
#[test]
fn dates_are_read_as_fhir_reads_them() {
    let at = |text: &str| text.parse::<model::Timestamp>().unwrap().as_millis();
    for (text, from, last, zoned) in RANGES {
        let zoned = *zoned;
        let moment = |millis| Some(Moment { millis, zoned });
        let range = DateRange::of_date(text).unwrap();
        assert_eq!(range.from, moment(at(from)), "{text}");
        assert_eq!(range.until, moment(at(last) + 1), "{text}");
    }
    for text in NO_DATES {
        assert_eq!(DateRange::of_date(text), None, "{text}");
    }
    for text in ["GT2026", "xx2026", "gt", "gt gt2026", "", "gtgt2026"] {
        assert_eq!(DateCriterion::parse(text), None, "{text}");
    }
}

#[test]
fn a_time_that_a_zone_shows_twice_or_never_is_read_as_one_moment() {
    let at = |text: &str| DateRange::of_date(text).unwrap().from.unwrap();
    let utc = |text: &str| at(text).millis;
    let changes = vec![
        ZoneChange {
            from: utc("2026-03-29T01:00Z"),
            offset: 2 * HOUR,
        },
        ZoneChange {
            from: utc("2026-10-25T01:00Z"),
            offset: HOUR,
        },
    ];
    let berlin = Zone::changing(HOUR, changes);
    for (clock, instant) in [
        ("2026-03-29T01:59", "2026-03-29T00:59Z"),
        ("2026-03-29T02:30", "2026-03-29T01:30Z"),
        ("2026-03-29T03:00", "2026-03-29T01:00Z"),
        ("2026-10-25T02:30", "2026-10-25T00:30Z"),
        ("2026-10-25T03:00", "2026-10-25T02:00Z"),
        ("2026-10-25T03:00+05:00", "2026-10-24T22:00Z"),
    ] {
        assert_eq!(berlin.instant(at(clock)), utc(instant), "{clock}");
    }
}
