//! The reading of dates, and of zones.

use index::{DateCriterion, DateRange, Moment, Zone, ZoneChange};

const HOUR: i64 = 3_600_000;

/// One text a line; `fhir::Moments`, by which `_lastUpdated` is searched, is tested by the same.
const TEXTS: &str = include_str!("../../../model/tests/date_texts.txt");

#[test]
fn dates_are_read_as_fhir_reads_them() {
    let at = |text: &str| text.parse::<model::Timestamp>().unwrap().as_millis();
    let mut counts = [0, 0];
    for line in TEXTS.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split('|').collect();
        match parts.as_slice() {
            [text, from, last, zone] => {
                let zoned = *zone == "zone";
                let moment = |millis| Some(Moment { millis, zoned });
                let range = DateRange::of_date(text).unwrap();
                assert_eq!(range.from, moment(at(from)), "{text}");
                assert_eq!(range.until, moment(at(last) + 1), "{text}");
                counts[0] += 1;
            }
            [text, ""] => {
                assert_eq!(DateRange::of_date(text), None, "{text}");
                counts[1] += 1;
            }
            _ => assert_eq!(parts.len(), 4, "{line}"),
        }
    }
    assert_eq!(counts, [16, 26]);
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
