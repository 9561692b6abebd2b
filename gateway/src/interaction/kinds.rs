//! The one table of what is done below a FHIR base: which interaction, at which path, by
//! which method, with the records of which types. The router, Bundles, the
//! CapabilityStatement and the admission of long bodies read it.

use crate::{
    audit::AUDIT_EVENT,
    failure::{Category, Failure},
};
use fhir::{IssueCode, bundle::EntryUrl};
use model::{ResourceType, Restful};
use policies::Action;

pub use crate::http::verb::Verb;

/// The type of the arguments and results of operations.
const PARAMETERS: &str = "Parameters";

/// Something that is done; the router has a handler for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// POST of a new record.
    Create,
    /// GET of the current version.
    Read,
    /// GET of one version.
    Vread,
    /// PUT of a record.
    Update,
    /// DELETE of a record.
    Delete,
    /// GET of the versions of a record.
    History,
    /// GET of the records that meet criteria.
    Search,
    /// The same by POST of a form.
    SearchForm,
    /// `$proof` of the current version.
    Proof,
    /// `$proof` of one version.
    ProofOfVersion,
    /// POST of a Bundle.
    Bundle,
}

/// A path below a FHIR base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The base itself.
    Base,
    /// A form of a search.
    SearchForm,
    /// The proof of a version.
    ProofOfVersion,
    /// A version.
    Version,
    /// The versions of a record.
    History,
    /// The proof of a record.
    Proof,
    /// A record.
    Instance,
    /// The records of a type.
    Type,
}

/// What may be done with the records of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeClass {
    /// Whatever is done with records.
    Stored,
    /// AuditEvent: the gateway alone makes them, and they have one version.
    Audit,
    /// Parameters: the stored ones can be read and deleted, and no more are taken.
    NoLongerStored,
}

/// A line of the table.
#[derive(Debug)]
pub struct Row {
    /// What is done.
    pub kind: Kind,
    /// The path, by its form.
    pub place: Place,
    /// By which method.
    pub verb: Verb,
    /// The interactions of FHIR that it is; the last, as long as the body is not read. None
    /// for an operation.
    pub interactions: &'static [Restful],
    /// With records of which types; none at the base.
    pub classes: &'static [TypeClass],
    /// For which actions, of which the sender of a long body must be permitted one.
    pub sent_for: &'static [Action],
}

const ALL_TYPES: &[TypeClass] = &[
    TypeClass::Stored,
    TypeClass::Audit,
    TypeClass::NoLongerStored,
];
const RECORDS: &[TypeClass] = &[TypeClass::Stored, TypeClass::NoLongerStored];

/// How a record is made.
pub static CREATE: Row = Row {
    kind: Kind::Create,
    place: Place::Type,
    verb: Verb::Post,
    interactions: &[Restful::Create],
    classes: &[TypeClass::Stored],
    sent_for: &[Action::Create],
};
/// How a record gets new content.
pub static UPDATE: Row = Row {
    kind: Kind::Update,
    place: Place::Instance,
    verb: Verb::Put,
    interactions: &[Restful::Update],
    classes: &[TypeClass::Stored],
    sent_for: &[Action::Update, Action::CreateWithId],
};
/// How many things are done at once.
pub static BUNDLE: Row = Row {
    kind: Kind::Bundle,
    place: Place::Base,
    verb: Verb::Post,
    interactions: &[Restful::Transaction, Restful::Batch],
    classes: &[],
    sent_for: &[Action::Batch, Action::Transaction],
};
static DELETE: Row = Row {
    kind: Kind::Delete,
    place: Place::Instance,
    verb: Verb::Delete,
    interactions: &[Restful::Delete],
    classes: RECORDS,
    sent_for: &[],
};
static SEARCH_FORM: Row = Row {
    kind: Kind::SearchForm,
    place: Place::SearchForm,
    verb: Verb::Post,
    interactions: &[Restful::SearchType],
    classes: ALL_TYPES,
    sent_for: &[],
};
static READ: Row = Row::get(Kind::Read, Place::Instance, &[Restful::Read], ALL_TYPES);
static VREAD: Row = Row::get(Kind::Vread, Place::Version, &[Restful::Vread], ALL_TYPES);
static HISTORY: Row = Row::get(
    Kind::History,
    Place::History,
    &[Restful::HistoryInstance],
    RECORDS,
);
static SEARCH: Row = Row::get(Kind::Search, Place::Type, &[Restful::SearchType], ALL_TYPES);
static PROOF: Row = Row::get(Kind::Proof, Place::Proof, &[], ALL_TYPES);
static PROOF_OF_VERSION: Row =
    Row::get(Kind::ProofOfVersion, Place::ProofOfVersion, &[], ALL_TYPES);

/// The table, in the order of the CapabilityStatement.
pub static TABLE: [&Row; 11] = [
    &CREATE,
    &READ,
    &VREAD,
    &UPDATE,
    &DELETE,
    &HISTORY,
    &SEARCH,
    &SEARCH_FORM,
    &PROOF,
    &PROOF_OF_VERSION,
    &BUNDLE,
];

impl Row {
    const fn get(
        kind: Kind,
        place: Place,
        interactions: &'static [Restful],
        classes: &'static [TypeClass],
    ) -> Self {
        Self {
            kind,
            place,
            verb: Verb::Get,
            interactions,
            classes,
            sent_for: &[],
        }
    }

    /// Whether an entry of a Bundle asks for it.
    const fn is_of_entries(&self) -> bool {
        self.place.is_of_entries()
    }
}

impl Place {
    /// Every path. One that a later pattern takes too stands before it.
    pub const ALL: [Self; 8] = [
        Self::Base,
        Self::SearchForm,
        Self::ProofOfVersion,
        Self::Version,
        Self::History,
        Self::Proof,
        Self::Instance,
        Self::Type,
    ];

    /// Its pattern.
    #[must_use]
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Base => "",
            Self::SearchForm => "/{type}/_search",
            Self::ProofOfVersion => "/{type}/{id}/_history/{version}/$proof",
            Self::Version => "/{type}/{id}/_history/{version}",
            Self::History => "/{type}/{id}/_history",
            Self::Proof => "/{type}/{id}/$proof",
            Self::Instance => "/{type}/{id}",
            Self::Type => "/{type}",
        }
    }

    /// Its lines, by their methods.
    #[must_use]
    pub fn rows(self) -> Vec<&'static Row> {
        let mut rows: Vec<_> = TABLE.into_iter().filter(|row| row.place == self).collect();
        rows.sort_by_key(|row| row.verb);
        rows
    }

    /// Whether the entries of a Bundle have it as their URL.
    #[must_use]
    pub const fn is_of_entries(self) -> bool {
        matches!(
            self,
            Self::Type | Self::Instance | Self::History | Self::Version
        )
    }

    const fn of_entry(url: &EntryUrl) -> Self {
        match url {
            EntryUrl::Type { .. } => Self::Type,
            EntryUrl::Instance { .. } => Self::Instance,
            EntryUrl::History { .. } => Self::History,
            EntryUrl::Version { .. } => Self::Version,
        }
    }
}

impl TypeClass {
    /// That of a type.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        match kind {
            AUDIT_EVENT => Self::Audit,
            PARAMETERS => Self::NoLongerStored,
            _ => Self::Stored,
        }
    }

    /// The lines of its records that are interactions of their own: no second form of one
    /// and no operation.
    pub fn interactions(self) -> impl Iterator<Item = &'static Row> {
        let of_entries = TABLE.into_iter().filter(|row| row.is_of_entries());
        of_entries.filter(move |row| row.classes.contains(&self))
    }

    /// The refusal of a write that its records do not take.
    fn refuse(self) -> Result<(), Failure> {
        let text = match self {
            Self::Stored => return Ok(()),
            Self::Audit => "audit events are made by the gateway alone; clients can read them only",
            // They have no endpoint (<https://hl7.org/fhir/R4/parameters.html>).
            Self::NoLongerStored => {
                "Parameters go with an operation and are not stored; store their content as \
                 resources"
            }
        };
        Err(Failure::new(
            Category::NotAllowed,
            IssueCode::NotSupported,
            text,
        ))
    }
}

/// The line of an entry of a Bundle; `None` for a method that its URL does not take.
#[must_use]
pub fn of_entry(method: fhir::bundle::Method, url: &EntryUrl) -> Option<&'static Row> {
    let (verb, place) = (Verb::of_entry(method), Place::of_entry(url));
    TABLE
        .into_iter()
        .find(|row| row.verb == verb && row.place == place)
}

/// The interaction of an entry, for its audit: where its URL does not take the method, that
/// of the method elsewhere.
#[must_use]
pub fn interaction_of_entry(method: fhir::bundle::Method, url: &EntryUrl) -> Restful {
    let elsewhere = || {
        let verb = Verb::of_entry(method);
        let mut rows = TABLE.into_iter().filter(|row| row.is_of_entries());
        rows.find(|row| row.verb == verb)
    };
    let row = of_entry(method, url).or_else(elsewhere);
    let interactions = row.map_or(&[][..], |row| row.interactions);
    interactions.first().copied().unwrap_or(Restful::Patch)
}

/// Refuses a write of a type whose records do not take it.
///
/// # Errors
/// Not allowed.
pub fn require_write(verb: Verb, kind: &ResourceType) -> Result<(), Failure> {
    let class = TypeClass::of(kind.as_str());
    let takes = |row: &Row| row.verb == verb && row.classes.contains(&class);
    if class.interactions().any(takes) {
        return Ok(());
    }
    class.refuse()
}

/// The same of an entry of a Bundle.
///
/// # Errors
/// Not allowed.
pub fn require_write_of_entry(
    method: fhir::bundle::Method,
    kind: &ResourceType,
) -> Result<(), Failure> {
    require_write(Verb::of_entry(method), kind)
}
