//! The search parameters, a file for each. Each file turns its parameter into index values
//! for writes and queries alike, reads its values, and checks them against a record.
//!
//! A new parameter is a file here and a line in [`ALL`]: the CapabilityStatement and the
//! texts of refusals go through the same list.

mod id;
mod identifier;
mod last_updated;
mod patient;
pub(crate) mod reference;
mod subject;

pub(crate) use {id::ids, last_updated::moments};

use crate::{
    facility::Facility,
    failure::Failure,
    record::each_once::each_once,
    search::{
        condition::Condition,
        index::{Index, IndexValues},
    },
};
use fhir::{LocalBase, Moments, Resource, definition::Definition};
use model::{Tag, Timestamp};

/// Every parameter. The candidates of a search are found by its first criteria in this
/// order.
pub(crate) static ALL: [&dyn Parameter; 5] = [
    &id::Id,
    &last_updated::LastUpdated,
    &identifier::IdentifierParameter,
    &patient::Patient,
    &subject::Subject,
];

/// A search parameter.
pub(crate) trait Parameter: Sync {
    /// Its name in a query.
    fn name(&self) -> &'static str;

    /// Its type (<https://hl7.org/fhir/R4/valueset-search-param-type.html>).
    fn search_type(&self) -> &'static str;

    /// Whether records of this type are searched by it.
    fn is_of(&self, kind: &Definition) -> bool;

    /// Whether AuditEvents, which have a search of their own, are searched by it.
    fn is_of_audit(&self) -> bool {
        false
    }

    /// Adds the values by which a record is found.
    fn index(&self, _record: &NewRecord<'_>, _index: Index<'_>, _values: &mut IndexValues) {}

    /// Begins to collect the criteria of one search.
    fn criteria(&self) -> Box<dyn Asked>;
}

/// All criteria of one parameter in one search. Each must be met.
pub(crate) trait Asked: Send + Sync {
    /// Adds a criterion.
    ///
    /// # Errors
    /// Invalid for a value that is not read.
    fn add(&mut self, value: &str, reading: Reading<'_>) -> Result<(), Failure>;

    /// Number of values that are looked up.
    fn values(&self) -> usize;

    /// By what candidates are found.
    fn conditions(&self, _index: Index<'_>) -> Vec<Condition> {
        Vec::new()
    }

    /// When what is searched for was written.
    fn moments(&self) -> Option<&Moments> {
        None
    }

    /// Whether a record meets each.
    fn holds(&self, record: &OpenRecord<'_>) -> bool;
}

/// What values are read by.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'q> {
    /// When the search began.
    pub(crate) now: Timestamp,
    /// The facility's own URLs.
    pub(crate) local: &'q LocalBase,
}

/// A record on its way into the database.
pub(crate) struct NewRecord<'r> {
    pub(crate) resource: &'r Resource,
    /// The facility's own URLs.
    pub(crate) local: &'r LocalBase,
    /// The patient that it is sealed under.
    pub(crate) subject: Option<Tag>,
}

/// A candidate, opened.
pub(crate) struct OpenRecord<'r> {
    pub(crate) resource: &'r Resource,
    /// The facility's own URLs.
    pub(crate) local: &'r LocalBase,
    /// When its version was written.
    pub(crate) written: Timestamp,
}

/// The parameters of a type, in the order of [`ALL`].
pub(crate) fn of_type(kind: &str) -> impl Iterator<Item = &'static dyn Parameter> {
    let definition = Definition::of(kind);
    let is_of =
        move |parameter: &&dyn Parameter| definition.is_some_and(|kind| parameter.is_of(kind));
    ALL.into_iter().filter(is_of)
}

/// The parameters of AuditEvent.
pub(crate) fn of_audit() -> impl Iterator<Item = &'static dyn Parameter> {
    ALL.into_iter().filter(|parameter| parameter.is_of_audit())
}

/// The index values of a record, sorted, each once.
pub(crate) fn index_values(facility: &Facility, record: &NewRecord<'_>) -> IndexValues {
    let index = Index::new(facility, record.resource.resource_type());
    let mut values = IndexValues::default();
    for parameter in ALL {
        parameter.index(record, index, &mut values);
    }
    IndexValues {
        links: each_once(values.links),
        tokens: each_once(values.tokens),
    }
}
