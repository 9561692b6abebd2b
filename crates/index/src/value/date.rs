//! Dates and periods as ranges of moments (<https://hl7.org/fhir/R4/search.html#date>).

use model::DateSpan;

/// A moment in milliseconds since 1970-01-01T00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// In UTC, or where no zone was given as the clock shows it.
    pub millis: i64,
    /// Whether a zone was given. A moment without is read in the zone of the facility.
    pub zoned: bool,
}

/// All moments that a date may mean, or those of a period: from the first to before the
/// second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateRange {
    /// The first moment; none for a period without a start.
    pub from: Option<Moment>,
    /// The moment after the last; none for a period without an end.
    pub until: Option<Moment>,
}

impl DateRange {
    /// The range of a date, dateTime or instant of any precision; `None` for other texts.
    #[must_use]
    pub fn of_date(text: &str) -> Option<Self> {
        let span = DateSpan::read(text)?;
        let moment = |millis| Moment {
            millis,
            zoned: span.zoned,
        };
        Some(Self {
            from: Some(moment(span.from)),
            until: Some(moment(span.until)),
        })
    }

    /// The range of a Period: from the first moment that its start may mean to the last
    /// of its end. A period that ends before it starts is all between both. `None` when
    /// it has neither, or one that is no date.
    #[must_use]
    pub fn of_period(start: Option<&str>, end: Option<&str>) -> Option<Self> {
        let start = start.map_or(Some(None), |text| Self::of_date(text).map(Some))?;
        let end = end.map_or(Some(None), |text| Self::of_date(text).map(Some))?;
        match (start, end) {
            (None, None) => None,
            (Some(start), None) => Some(Self {
                until: None,
                ..start
            }),
            (None, Some(end)) => Some(Self { from: None, ..end }),
            (Some(start), Some(end)) => {
                let millis = |moment: Option<Moment>| moment.map(|moment| moment.millis);
                if millis(end.until) > millis(start.from) {
                    Some(Self {
                        from: start.from,
                        until: end.until,
                    })
                } else {
                    Some(Self {
                        from: end.from,
                        until: start.until,
                    })
                }
            }
        }
    }
}
