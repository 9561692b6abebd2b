//! Numbers and quantities (<https://hl7.org/fhir/R4/search.html#quantity>).

use super::{Decimal, DecimalText};
use std::cmp::Ordering;

/// A number, or a range of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Number {
    /// One number.
    Point(DecimalText),
    /// What a comparator or a Range leaves open: at least one end is there.
    Between {
        /// The lower end; none for no bound.
        low: Option<End>,
        /// The upper end; none for no bound.
        high: Option<End>,
    },
}

/// One end of a range of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The number at the end.
    pub at: DecimalText,
    /// Whether that number itself is left out.
    pub open: bool,
}

/// A number with its unit. Units are compared, never converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The number.
    pub number: Number,
    /// `Quantity.system`.
    pub system: Option<String>,
    /// `Quantity.code`.
    pub code: Option<String>,
    /// `Quantity.unit`, for people.
    pub unit: Option<String>,
}

impl Number {
    /// The numbers that `Quantity.comparator` and `.value` allow; `None` for another
    /// comparator than `<`, `<=`, `>=`, `>`, or no decimal.
    #[must_use]
    pub fn compared(comparator: &str, value: &str) -> Option<Self> {
        let end = |open| {
            let at = DecimalText::parse(value)?;
            Some(End { at, open })
        };
        let (low, high) = match comparator {
            "<" => (None, Some(end(true)?)),
            "<=" => (None, Some(end(false)?)),
            ">" => (Some(end(true)?), None),
            ">=" => (Some(end(false)?), None),
            _ => return None,
        };
        Some(Self::Between { low, high })
    }

    /// The numbers of a Range, both ends included. One whose low is above its high is all
    /// between both. `None` without an end, or when one is no decimal.
    #[must_use]
    pub fn range(low: Option<&str>, high: Option<&str>) -> Option<Self> {
        let end = |text| {
            let at = DecimalText::parse(text)?;
            Some(End { at, open: false })
        };
        let low = low.map_or(Some(None), |text| end(text).map(Some))?;
        let high = high.map_or(Some(None), |text| end(text).map(Some))?;
        match (low, high) {
            (None, None) => None,
            (Some(low), Some(high)) if low.at.value() > high.at.value() => Some(Self::Between {
                low: Some(high),
                high: Some(low),
            }),
            (low, high) => Some(Self::Between { low, high }),
        }
    }

    /// Whether some of it is above a number.
    pub(crate) fn reaches_above(&self, bound: &Decimal) -> bool {
        match self {
            Self::Point(point) => point.value() > bound,
            Self::Between { high, .. } => high.as_ref().is_none_or(|end| end.at.value() > bound),
        }
    }

    /// Whether some of it is below a number.
    pub(crate) fn reaches_below(&self, bound: &Decimal) -> bool {
        match self {
            Self::Point(point) => point.value() < bound,
            Self::Between { low, .. } => low.as_ref().is_none_or(|end| end.at.value() < bound),
        }
    }

    /// Whether all of it is above a number.
    pub(crate) fn is_above(&self, bound: &Decimal) -> bool {
        match self {
            Self::Point(point) => point.value() > bound,
            Self::Between { low, .. } => {
                low.as_ref()
                    .is_some_and(|end| match end.at.value().cmp(bound) {
                        Ordering::Less => false,
                        Ordering::Equal => end.open,
                        Ordering::Greater => true,
                    })
            }
        }
    }

    /// Whether all of it is below a number.
    pub(crate) fn is_below(&self, bound: &Decimal) -> bool {
        match self {
            Self::Point(point) => point.value() < bound,
            Self::Between { high, .. } => {
                high.as_ref()
                    .is_some_and(|end| match end.at.value().cmp(bound) {
                        Ordering::Less => true,
                        Ordering::Equal => end.open,
                        Ordering::Greater => false,
                    })
            }
        }
    }

    /// Whether it is this number and no other.
    pub(crate) fn is_exactly(&self, bound: &Decimal) -> bool {
        match self {
            Self::Point(point) => point.value() == bound,
            Self::Between { .. } => !self.reaches_above(bound) && !self.reaches_below(bound),
        }
    }

    /// Whether all of it is in a range that leaves its upper end out.
    pub(crate) fn is_within(&self, [low, high]: &[Decimal; 2]) -> bool {
        !self.reaches_below(low) && self.is_below(high)
    }

    /// Whether some of it is in a range that has both its ends.
    pub(crate) fn overlaps(&self, [low, high]: &[Decimal; 2]) -> bool {
        !self.is_below(low) && !self.is_above(high)
    }
}
