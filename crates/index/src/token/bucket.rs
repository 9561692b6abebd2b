//! Buckets of days: a day, its month, its year, its decade. The calendar of tokens goes
//! from 1900-01-01 to 2099-12-31; days outside count as its edges.

use std::fmt;
use time::{Date, Month};

const MILLIS_OF_DAY: i64 = 86_400_000;
/// 1970-01-01 as a Julian day.
const UNIX_EPOCH: i32 = 2_440_588;
/// 1900-01-01 and 2099-12-31, as days since 1970.
pub(super) const MIN: i32 = -25_567;
pub(super) const MAX: i32 = 47_481;

/// A bucket of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Ten years, by the first three digits.
    Decade(i32),
    /// A year.
    Year(i32),
    /// A month.
    Month(i32, u8),
    /// A day.
    Day(i32, u8, u8),
}

/// Which end of the calendar a walk begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The earliest first.
    Forward,
    /// The latest first.
    Backward,
}

impl Bucket {
    /// The decades of the calendar, with which a walk over a sorted parameter begins:
    /// whoever finds no record under `^` and a bucket goes on with the next, else with the
    /// [parts](Self::parts) of the bucket, down to the days. Records of one day are ordered
    /// by their values; one that was given already is passed over. Records that have `*`
    /// are in no bucket and are ordered by their values from the start.
    #[must_use]
    pub fn decades(direction: Direction) -> Vec<Self> {
        ordered((190..=209).map(Self::Decade).collect(), direction)
    }

    /// The years of a decade, months of a year, days of a month; none of a day.
    #[must_use]
    pub fn parts(self, direction: Direction) -> Vec<Self> {
        let parts = match self {
            Self::Decade(decade) => (decade * 10..decade * 10 + 10).map(Self::Year).collect(),
            Self::Year(year) => (1..=12).map(|month| Self::Month(year, month)).collect(),
            Self::Month(year, month) => (1..=days_of(year, month))
                .map(|day| Self::Day(year, month, day))
                .collect(),
            Self::Day(..) => Vec::new(),
        };
        ordered(parts, direction)
    }

    /// The four buckets of a day, from the day to its decade.
    pub(super) fn of(day: i32) -> [Self; 4] {
        let date = date(day);
        let (year, month) = (date.year(), u8::from(date.month()));
        [
            Self::Day(year, month, date.day()),
            Self::Month(year, month),
            Self::Year(year),
            Self::Decade(year.div_euclid(10)),
        ]
    }

    /// The last day of the bucket.
    fn last(self) -> i32 {
        match self {
            Self::Decade(decade) => number(decade * 10 + 9, 12, 31),
            Self::Year(year) => number(year, 12, 31),
            Self::Month(year, month) => number(year, month, days_of(year, month)),
            Self::Day(year, month, day) => number(year, month, day),
        }
    }

    /// The first day of the bucket.
    fn first(self) -> i32 {
        match self {
            Self::Decade(decade) => number(decade * 10, 1, 1),
            Self::Year(year) => number(year, 1, 1),
            Self::Month(year, month) => number(year, month, 1),
            Self::Day(year, month, day) => number(year, month, day),
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decade(decade) => write!(f, "Y{decade:03}"),
            Self::Year(year) => write!(f, "Y{year:04}"),
            Self::Month(year, month) => write!(f, "M{year:04}-{month:02}"),
            Self::Day(year, month, day) => write!(f, "D{year:04}-{month:02}-{day:02}"),
        }
    }
}

/// The day of a moment, at the edge when it is outside the calendar.
pub(super) fn day_of(millis: i64) -> i32 {
    let day = i32::try_from(millis.div_euclid(MILLIS_OF_DAY));
    let outside = if millis < 0 { MIN } else { MAX };
    day.unwrap_or(outside).clamp(MIN, MAX)
}

/// The days from the first to the last as the fewest whole buckets.
pub(super) fn cut(first: i32, last: i32) -> Vec<Bucket> {
    let mut buckets = Vec::new();
    let mut day = first;
    while day <= last {
        let [of_day, larger @ ..] = Bucket::of(day);
        let whole = |bucket: &&Bucket| bucket.first() == day && bucket.last() <= last;
        let bucket = larger.iter().rev().find(whole).copied().unwrap_or(of_day);
        buckets.push(bucket);
        day = bucket.last() + 1;
    }
    buckets
}

/// The buckets of the first level of day, month, year, decade of which at most four cover
/// the days from the first to the last.
pub(super) fn cover(first: i32, last: i32) -> Option<Vec<Bucket>> {
    (0..4).find_map(|level| {
        let mut buckets = Vec::new();
        let mut day = first;
        while day <= last {
            let bucket = *Bucket::of(day).get(level)?;
            if buckets.len() == 4 {
                return None;
            }
            buckets.push(bucket);
            day = bucket.last() + 1;
        }
        Some(buckets)
    })
}

fn date(day: i32) -> Date {
    // The calendar is within that of `Date`.
    Date::from_julian_day(day + UNIX_EPOCH).unwrap_or(Date::MAX)
}

fn number(year: i32, month: u8, day: u8) -> i32 {
    let month = Month::try_from(month).unwrap_or(Month::December);
    let date = Date::from_calendar_date(year, month, day).unwrap_or(Date::MAX);
    date.to_julian_day() - UNIX_EPOCH
}

fn days_of(year: i32, month: u8) -> u8 {
    Month::try_from(month).map_or(31, |month| month.length(year))
}

fn ordered(mut buckets: Vec<Bucket>, direction: Direction) -> Vec<Bucket> {
    if direction == Direction::Backward {
        buckets.reverse();
    }
    buckets
}
