//! Dates with a prefix (<https://hl7.org/fhir/R4/search.html#date>).

use super::{Prefix, Reading};
use crate::value::{DateRange, Moment};

/// A date of a search: its prefix and all moments that it may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateCriterion {
    /// How values are compared.
    pub prefix: Prefix,
    from: Moment,
    until: Moment,
}

/// From the first moment to before the second, in milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UtcSpan {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl DateCriterion {
    /// Reads `[prefix][date]`; `None` for other texts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, date) = Prefix::split(text)?;
        let range = DateRange::of_date(date)?;
        Some(Self {
            prefix,
            from: range.from?,
            until: range.until?,
        })
    }

    /// Whether a value satisfies it.
    #[must_use]
    pub fn holds(&self, value: &DateRange, reading: &Reading<'_>) -> bool {
        let asked = self.span(reading);
        let value = span_of(value, reading);
        let contained = asked.from <= value.from && value.until <= asked.until;
        match self.prefix {
            Prefix::Eq => contained,
            Prefix::Ne => !contained,
            Prefix::Gt => value.until > asked.until,
            Prefix::Lt => value.from < asked.from,
            Prefix::Ge => value.until > asked.until || contained,
            Prefix::Le => value.from < asked.from || contained,
            Prefix::Sa => value.from >= asked.until,
            Prefix::Eb => value.until <= asked.from,
            Prefix::Ap => value.from < asked.until && asked.from < value.until,
        }
    }

    /// The moments of the search in UTC; for `ap` with a tenth of their distance from now
    /// around them, as the specification recommends.
    pub(crate) fn span(&self, reading: &Reading<'_>) -> UtcSpan {
        let from = reading.zone.instant(self.from);
        let until = reading.zone.instant(self.until).max(from.saturating_add(1));
        let around = if self.prefix == Prefix::Ap {
            let distance = reading.now.abs_diff(from).min(reading.now.abs_diff(until));
            i64::try_from(distance / 10).unwrap_or(i64::MAX)
        } else {
            0
        };
        UtcSpan {
            from: from.saturating_sub(around),
            until: until.saturating_add(around),
        }
    }
}

/// The moments of a value in UTC. Where the zone turns a range around, because one of its
/// ends has a zone of its own, it is its first moment.
fn span_of(value: &DateRange, reading: &Reading<'_>) -> UtcSpan {
    let instant = |moment| reading.zone.instant(moment);
    let from = value.from.map_or(i64::MIN, instant);
    let until = value.until.map_or(i64::MAX, instant);
    UtcSpan {
        from,
        until: until.max(from.saturating_add(1)),
    }
}
