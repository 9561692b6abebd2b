//! A search within a patient: every parameter of R4, decided by the index cards of that
//! patient's records (docs/search.md, "Within a patient"). What a card leaves open is
//! decided by the record.
//!
//! A search is within a patient when `patient` or `subject` names one Patient and nothing
//! else. Who may read, and what is shown, is decided as for any search, over opened records.

mod asked;
mod held;
mod hits;
mod matches;
mod order;
mod read;
mod stored;
mod wanted;

pub(crate) use asked::{Within, knows, offers};
pub(crate) use matches::CardMatches;
