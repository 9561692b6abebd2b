//! The line of numbers in buckets: `N8.99 .. N-4.10 Z P-4.10 .. P8.99`, each with two
//! significant digits, over those of the first digit, over those of the exponent.

use crate::value::Decimal;
use std::fmt;

/// Exponents that are told apart.
const MIN_EXPONENT: i64 = -4;
const MAX_EXPONENT: i64 = 8;
/// Places of one exponent, and of one first digit.
const OF_EXPONENT: i32 = 90;
const OF_DIGIT: i32 = 10;
/// The place of `P8.99`; `N8.99` has it below zero.
pub(super) const LAST: i32 = 13 * OF_EXPONENT;

/// A bucket of numbers. Of a sign other than zero, the places count from `P-4.10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NumberBucket {
    Zero,
    Exponent(Sign, i32),
    Digit(Sign, i32),
    TwoDigits(Sign, i32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Negative,
    Positive,
}

/// The place of a number on the line: 0 for `Z`, up to 1,170 to each side.
pub(super) fn place(number: &Decimal) -> i32 {
    let Some((exponent, two)) = number.exponent().zip(number.first_two()) else {
        return 0;
    };
    if exponent < MIN_EXPONENT {
        return 0;
    }
    let place = if exponent > MAX_EXPONENT {
        LAST
    } else {
        let exponent = i32::try_from(exponent - MIN_EXPONENT).unwrap_or(0);
        exponent * OF_EXPONENT + i32::from(two) - OF_DIGIT + 1
    };
    if number.is_negative() { -place } else { place }
}

impl NumberBucket {
    /// The buckets of a place, from two digits to the exponent; zero has but one.
    pub(super) fn of(place: i32) -> Vec<Self> {
        (0..3).map(|level| Self::at(level, place)).collect()
    }

    fn at(level: usize, place: i32) -> Self {
        let sign = match place {
            0 => return Self::Zero,
            1.. => Sign::Positive,
            _ => Sign::Negative,
        };
        let place = place.abs() - 1;
        match level {
            0 => Self::TwoDigits(sign, place),
            1 => Self::Digit(sign, place / OF_DIGIT),
            _ => Self::Exponent(sign, place / OF_EXPONENT),
        }
    }

    /// The first and the last place.
    fn ends(self) -> [i32; 2] {
        let (sign, first, length) = match self {
            Self::Zero => return [0, 0],
            Self::TwoDigits(sign, at) => (sign, at, 1),
            Self::Digit(sign, at) => (sign, at * OF_DIGIT, OF_DIGIT),
            Self::Exponent(sign, at) => (sign, at * OF_EXPONENT, OF_EXPONENT),
        };
        match sign {
            Sign::Positive => [first + 1, first + length],
            Sign::Negative => [-first - length, -first - 1],
        }
    }
}

/// The places from the first to the last as the fewest whole buckets.
pub(super) fn cut(first: i32, last: i32) -> Vec<NumberBucket> {
    let mut buckets = Vec::new();
    let mut place = first;
    while place <= last {
        let whole = |bucket: &NumberBucket| {
            let [start, end] = bucket.ends();
            start == place && end <= last
        };
        let found = (0..3).rev().map(|level| NumberBucket::at(level, place));
        let bucket = found.clone().find(whole);
        let bucket = bucket.unwrap_or(NumberBucket::at(0, place));
        buckets.push(bucket);
        let [_, end] = bucket.ends();
        place = end + 1;
    }
    buckets
}

/// The buckets of the first level of two digits, digit, exponent of which at most four
/// cover the places from the first to the last.
pub(super) fn cover(first: i32, last: i32) -> Option<Vec<NumberBucket>> {
    (0..3).find_map(|level| {
        let mut buckets = Vec::new();
        let mut place = first;
        while place <= last {
            if buckets.len() == 4 {
                return None;
            }
            let bucket = NumberBucket::at(level, place);
            buckets.push(bucket);
            let [_, end] = bucket.ends();
            place = end + 1;
        }
        Some(buckets)
    })
}

impl fmt::Display for NumberBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = |at: i32| i64::from(at) + MIN_EXPONENT;
        match self {
            Self::Zero => f.write_str("Z"),
            Self::Exponent(sign, at) => write!(f, "{sign}{}", exponent(*at)),
            Self::Digit(sign, at) => {
                write!(f, "{sign}{}.{}", exponent(at / 9), at % 9 + 1)
            }
            Self::TwoDigits(sign, at) => {
                let (of, two) = (at / OF_EXPONENT, at % OF_EXPONENT + OF_DIGIT);
                write!(f, "{sign}{}.{two}", exponent(of))
            }
        }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negative => "N",
            Self::Positive => "P",
        })
    }
}
