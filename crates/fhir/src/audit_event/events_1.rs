//! The events of a record of renderer 1: one for each patient.

use super::{
    record_1::{Record, Touched},
    record_error::RecordError,
    render_1,
};
use model::Digest;

/// The canonical bytes of event `index`, as they were hashed.
pub(super) fn event(
    record: &Record,
    index: usize,
    query: Option<Digest>,
) -> Result<Vec<u8>, RecordError> {
    let count = record.event_count();
    if index >= count {
        return Err(RecordError::NoSuchEvent { index, count });
    }
    check_digest(record, query)?;
    let touched: Vec<&Touched> = record
        .touched
        .iter()
        .filter(|record| event_of(record) == index)
        .collect();
    Ok(render_1::event(record, index, &touched, query))
}

/// The canonical bytes of all events, in order.
pub(super) fn each_event(
    record: &Record,
    query: Option<Digest>,
) -> Result<impl Iterator<Item = Vec<u8>> + '_, RecordError> {
    check_digest(record, query)?;
    let mut of_event = vec![Vec::new(); record.event_count()];
    for touched in &record.touched {
        if let Some(own) = of_event.get_mut(event_of(touched)) {
            own.push(touched);
        }
    }
    let events = of_event.into_iter().enumerate();
    Ok(events.map(move |(index, own)| render_1::event(record, index, &own, query)))
}

fn check_digest(record: &Record, query: Option<Digest>) -> Result<(), RecordError> {
    if query.is_some() == record.has_query {
        Ok(())
    } else {
        Err(RecordError::QueryDigests)
    }
}

/// What is about no patient stands in the first event, so that every record
/// touched is shown once.
fn event_of(touched: &Touched) -> usize {
    touched.patient.unwrap_or(0)
}
