//! Dates of the plain evaluator: ranges of milliseconds in UTC.

/// From the first moment to before the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) until: i64,
}

const DAY: i64 = 86_400_000;

/// The range that a date of any precision means: `2019`, `2019-03`, `2019-03-05`, or with a
/// time to the second and `Z` or an offset.
pub(super) fn span(text: &str) -> Span {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let parts: Vec<i64> = date.split('-').map(number).collect();
    let day = |year, month, day| days(year, month, day) * DAY;
    match *parts.as_slice() {
        [year] => Span {
            from: day(year, 1, 1),
            until: day(year + 1, 1, 1),
        },
        [year, 12] => Span {
            from: day(year, 12, 1),
            until: day(year + 1, 1, 1),
        },
        [year, month] => Span {
            from: day(year, month, 1),
            until: day(year, month + 1, 1),
        },
        [year, month, of_month] => of_time(day(year, month, of_month), time),
        _ => panic!("{text}"),
    }
}

fn of_time(midnight: i64, time: &str) -> Span {
    if time.is_empty() {
        return Span {
            from: midnight,
            until: midnight + DAY,
        };
    }
    let (clock, offset) = match time.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = time.len() - 6;
            let (clock, zone) = (&time[..at], &time[at..]);
            let minutes = number(&zone[1..3]) * 60 + number(&zone[4..6]);
            (
                clock,
                if zone.starts_with('-') {
                    -minutes
                } else {
                    minutes
                },
            )
        }
    };
    let parts: Vec<i64> = clock.split(':').map(number).collect();
    let (minutes, seconds) = (parts[0] * 60 + parts[1] - offset, parts.get(2));
    let from = midnight + minutes * 60_000 + seconds.map_or(0, |seconds| seconds * 1_000);
    Span {
        from,
        until: from + if seconds.is_some() { 1_000 } else { 60_000 },
    }
}

fn number(text: &str) -> i64 {
    text.parse().expect("digits")
}

/// Days since 1970-01-01 in the Gregorian calendar, counted one by one from year to year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let of_year = |year| if is_leap(year) { 366 } else { 365 };
    let years: i64 = if year >= 1970 {
        (1970..year).map(of_year).sum()
    } else {
        -(year..1970).map(of_year).sum::<i64>()
    };
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month - 1).expect("a month");
    years + lengths.iter().take(before).sum::<i64>() + day - 1
}
