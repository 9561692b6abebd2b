//! The time that a precondition names. An HTTP date has whole seconds, in which a record
//! may have got several versions, of which its holder may have any
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2>).

use super::newest::Newest;
use actix_web::http::header::HttpDate;
use std::time::{SystemTime, UNIX_EPOCH};

/// A second, or a millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// Its first millisecond.
    first: i64,
    /// Its last.
    last: i64,
}

impl Since {
    /// The second of an HTTP date; `None` for what is none.
    pub fn of_header(text: &str) -> Option<Self> {
        let date: HttpDate = text.parse().ok()?;
        let since = SystemTime::from(date)
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let first = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Some(Self {
            first,
            last: first.saturating_add(999),
        })
    }

    /// The millisecond of an instant of FHIR; `None` for what is none.
    pub fn of_instant(text: &str) -> Option<Self> {
        let first = fhir::first_moment(text)?.as_millis();
        Some(Self { first, last: first })
    }

    /// Whether a record was surely not written after what its holder has: neither later,
    /// nor twice within this time.
    pub fn covers(self, newest: &Newest) -> bool {
        let time = newest.mark.time.as_millis();
        let before = newest.before.map(|before| before.as_millis());
        time < self.first || (time <= self.last && before.is_none_or(|last| last < self.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::reply::VersionMark;
    use model::{Timestamp, VersionNumber};

    const BEGIN: i64 = 784_111_777_000;

    #[test]
    fn a_date_is_its_whole_second() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            let read = Since::of_header(text).unwrap();
            assert_eq!((read.first, read.last), (BEGIN, BEGIN + 999), "{text}");
        }
        assert_eq!(Since::of_header("2026-11-22T10:00:00Z"), None);
    }

    #[test]
    fn of_two_versions_of_its_second_a_date_says_neither() {
        let second = Since::of_header("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let instant = Since::of_instant("1994-11-06T08:49:37.500Z").unwrap();
        for (before, time, by_second, by_instant) in [
            (None, 500, true, true),
            (None, 501, true, false),
            (None, 1_000, false, false),
            (Some(-1), 500, true, true),
            (Some(0), 500, false, true),
            (Some(499), 500, false, true),
            // The clock was set back, and the time of the version before kept.
            (Some(500), 500, false, false),
            (Some(0), 1_000, false, false),
            (Some(-2), -1, true, true),
        ] {
            let at = |millis: i64| Timestamp::from_millis(BEGIN + millis).unwrap();
            let newest = Newest {
                mark: VersionMark {
                    number: VersionNumber::FIRST,
                    time: at(time),
                },
                is_delete: false,
                before: before.map(at),
            };
            let told = format!("{before:?} {time}");
            assert_eq!(second.covers(&newest), by_second, "{told}");
            assert_eq!(instant.covers(&newest), by_instant, "{told}");
        }
    }
}
