//! A search by index cards: every parameter of R4, decided by the cards of a patient's records,
//! or by those of all records of a type where they are few enough (docs/search.md, "Within a
//! patient", "Across patients", "In a patient's compartment"). What a card leaves open is
//! decided by the record.
//!
//! A search is within a patient when `patient` or `subject` names one Patient and nothing
//! else, or when its path does. Who may read, and what is shown, is decided as for any search,
//! over opened records.

mod asked;
mod compartment;
mod gather;
mod held;
mod hits;
mod matches;
mod of_type;
mod order;
#[cfg(test)]
mod random_tests;
mod read;
mod stored;
mod wanted;

pub(crate) use asked::{Within, knows};
pub(crate) use compartment::{CompartmentAsked, CompartmentMatches, During};
pub(crate) use hits::hits;
pub(crate) use matches::CardMatches;
