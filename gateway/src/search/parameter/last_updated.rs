//! `_lastUpdated=..` (<https://hl7.org/fhir/R4/search.html#lastUpdated>). Candidates are read
//! by the spans of time that it leaves.

use super::{Asked, OpenRecord, Parameter, Reading};
use crate::{failure::Failure, search::value::bad_value};
use fhir::{Moments, definition::Definition};
use model::Timestamp;

/// The most dates in one value.
const MAX_DATES: usize = 20;

pub(super) struct LastUpdated;

impl Parameter for LastUpdated {
    fn name(&self) -> &'static str {
        "_lastUpdated"
    }

    fn search_type(&self) -> &'static str {
        "date"
    }

    fn is_of(&self, _kind: &Definition) -> bool {
        true
    }

    fn is_of_audit(&self) -> bool {
        true
    }

    fn criteria(&self) -> Box<dyn Asked> {
        Box::new(Times(None))
    }
}

/// The times that all criteria leave.
struct Times(Option<Moments>);

impl Asked for Times {
    fn add(&mut self, value: &str, reading: Reading<'_>) -> Result<(), Failure> {
        let more = moments(value, reading.now)?;
        self.0 = Some(match self.0.take() {
            Some(moments) => moments.and(&more),
            None => more,
        });
        Ok(())
    }

    fn values(&self) -> usize {
        0
    }

    fn moments(&self) -> Option<&Moments> {
        self.0.as_ref()
    }

    fn holds(&self, record: &OpenRecord<'_>) -> bool {
        let moments = self.0.as_ref();
        moments.is_none_or(|moments| moments.contains(record.written))
    }
}

/// Reads the value of `_lastUpdated`.
///
/// # Errors
/// Invalid for text that is no date.
pub(crate) fn moments(value: &str, now: Timestamp) -> Result<Moments, Failure> {
    let few = value.split(',').count() <= MAX_DATES;
    few.then(|| Moments::parse(value, now))
        .flatten()
        .ok_or_else(|| {
            let form = format!(
                "a date such as `2026-11`, `2026-11-22` or `2026-11-22T10:00:00Z`, with one of \
                 eq, ne, gt, lt, ge, le, sa, eb or ap before it, or up to {MAX_DATES} of them \
                 with `,`"
            );
            bad_value("_lastUpdated", &form)
        })
}
