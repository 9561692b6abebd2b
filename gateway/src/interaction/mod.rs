//! The interactions of the FHIR RESTful API, one file each, named by the
//! specification's own words (<https://hl7.org/fhir/R4/http.html>), and the one table of what
//! is done below a FHIR base. The router, Bundles, the CapabilityStatement and the tests that
//! try every route read it.
//!
//! An interaction works on an [`Exchange`](crate::exchange::Exchange), so that it
//! serves a request of its own and an entry of a Bundle alike; it never commits.
//!
//! A change of a record is a file here, with its line, and its name in [`TABLE`].

pub(crate) mod audit;
pub(crate) mod bundle;
pub(crate) mod change;
pub(crate) mod compartment;
pub(crate) mod conditional;
pub(crate) mod content;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod history;
pub mod kinds;
pub(crate) mod look;
mod patch;
pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod update;

use crate::{
    failure::Failure,
    operation::{everything, proof, validate},
};
use fhir::bundle::{EntryUrl, Method};
use kinds::{Place, Row, TypeClass, Verb};
use model::{ResourceType, Restful};

/// The table, in the order of the CapabilityStatement.
pub static TABLE: [&Row; 23] = [
    &create::ROW,
    &read::READ,
    &read::VREAD,
    &update::ROW,
    &conditional::update::ROW,
    &patch::ROW,
    &conditional::patch::ROW,
    &delete::ROW,
    &conditional::delete::ROW,
    &history::ROW,
    &history::OF_TYPE,
    &history::ALL,
    &search::BY_QUERY,
    &search::BY_FORM,
    &compartment::BY_QUERY,
    &compartment::BY_FORM,
    &proof::OF_RECORD,
    &proof::OF_VERSION,
    &validate::OF_TYPE,
    &validate::OF_RECORD,
    &everything::BY_QUERY,
    &everything::BY_PARAMETERS,
    &bundle::ROW,
];

/// The lines of a path, by their methods.
#[must_use]
pub fn rows_at(place: Place) -> Vec<&'static Row> {
    let mut rows: Vec<_> = TABLE.into_iter().filter(|row| row.place == place).collect();
    rows.sort_by_key(|row| row.verb);
    rows
}

/// The lines of the records of a class that are interactions of their own: no second form
/// of one and no operation.
pub fn rows_of(class: TypeClass) -> impl Iterator<Item = &'static Row> {
    of_entries().filter(move |row| row.classes.contains(&class))
}

/// The names of the operations on the records of a class.
pub(crate) fn operations_of(class: TypeClass) -> Vec<&'static str> {
    let rows = TABLE.into_iter().filter(|row| row.classes.contains(&class));
    let mut names: Vec<_> = rows.filter_map(|row| row.place.operation()).collect();
    names.dedup();
    names
}

/// The line of an entry of a Bundle; `None` for a method that its URL does not take.
#[must_use]
pub fn row_of_entry(method: Method, url: &EntryUrl) -> Option<&'static Row> {
    let (verb, place) = (Verb::of_entry(method), Place::of_entry(url));
    of_entries().find(|row| row.verb == verb && row.place == place)
}

/// The interaction of an entry, for its audit: where its URL does not take the method, that
/// of the method elsewhere.
#[must_use]
pub fn interaction_of_entry(method: Method, url: &EntryUrl) -> Option<Restful> {
    if matches!(url, EntryUrl::Compartment { members: None, .. }) && method_reads(method) {
        return Some(Restful::SearchSystem);
    }
    let verb = Verb::of_entry(method);
    let elsewhere = || of_entries().find(|row| row.verb == verb);
    let row = row_of_entry(method, url).or_else(elsewhere);
    row?.interactions.first().copied()
}

const fn method_reads(method: Method) -> bool {
    matches!(method, Method::Get | Method::Head)
}

/// Refuses a write of a type whose records do not take it.
///
/// # Errors
/// Not allowed.
pub fn require_write(verb: Verb, kind: &ResourceType) -> Result<(), Failure> {
    let class = TypeClass::of(kind.as_str());
    if rows_of(class).any(|row| row.verb == verb) {
        return Ok(());
    }
    class.refuse()
}

fn of_entries() -> impl Iterator<Item = &'static Row> {
    TABLE.into_iter().filter(|row| row.is_of_entries())
}
