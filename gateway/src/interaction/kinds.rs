//! What a line of the table of interactions says: at which path, by which method, with the
//! records of which types, and how it is done. The lines stand with their interactions; the
//! table of them is in `interaction/mod.rs`.

use crate::{
    audit::AUDIT_EVENT,
    exchange::Exchange,
    failure::{Category, Failure},
    http::{
        body::BodyForm,
        precondition::{CriteriaText, Preconditions},
        reply::Reply,
    },
    idempotency::done::Wrote,
    interaction::conditional::Chosen,
};
use fhir::{IssueCode, Resource, bundle::EntryUrl};
use model::{Interaction, LogicalId, ResourceType, Restful};
use policies::Action;
use std::{future::Future, pin::Pin};

pub use crate::listener::verb::Verb;

/// The type of the arguments and results of operations.
const PARAMETERS: &str = "Parameters";

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
    /// The versions of the records of a type.
    TypeHistory,
    /// The versions of all records.
    SystemHistory,
    /// The proof of a record.
    Proof,
    /// The validation of a write of a type.
    Validation,
    /// The validation of a write of a record.
    ValidationOfRecord,
    /// All that there is of a patient.
    Everything,
    /// The records of a type in a patient's compartment, or of all types.
    Compartment,
    /// The same by a form.
    CompartmentForm,
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
    /// AuditEvent: rendered from audit records when they are asked for, each in one version;
    /// an audit record can have thousands.
    Audit,
    /// Parameters: the stored ones can be read and deleted, and no more are taken.
    NoLongerStored,
}

/// A line of the table.
#[derive(Debug)]
pub struct Row {
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
    /// The form of its body; `None` without one, and of a search by a form.
    pub(crate) body: Option<BodyForm>,
    /// How it is done.
    pub(crate) does: Does,
}

/// How a line is done, by the form of its request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    /// Shows what its path names.
    Shows,
    /// Searches, by a query or by a form.
    Searches,
    /// Searches a patient's compartment.
    SearchesCompartment,
    /// Shows all that there is of a patient.
    ShowsEverything,
    /// Changes one record.
    Changes(Change),
    /// Does the entries of a Bundle.
    Bundles,
    /// Proves.
    Proves,
    /// Validates.
    Validates,
}

/// What an interaction gives, inside an exchange.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + 'a>>;

/// A change of one record, sent by itself or as an entry of a Bundle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    /// Makes it.
    pub(crate) make: for<'a> fn(&'a mut Exchange<'_>, &'a Submitted<'_>) -> Answering<'a>,
    /// Answers it again when it was made under the same idempotency key before; changes
    /// nothing.
    pub(crate) again:
        for<'a> fn(&'a mut Exchange<'_>, &'a Submitted<'_>, &'a Wrote) -> Answering<'a>,
}

/// What a change is made of.
#[derive(Clone, Copy)]
pub(crate) struct Submitted<'r> {
    pub(crate) url: &'r EntryUrl,
    /// The body; none for a method that has none.
    pub(crate) resource: Option<&'r Resource>,
    /// The id that a new record gets.
    pub(crate) assigned: Option<&'r LogicalId>,
    pub(crate) preconditions: &'r Preconditions,
    /// What its criteria have chosen, where that had to be known before.
    pub(crate) chosen: Option<&'r Chosen>,
}

/// Every type.
pub const ALL_TYPES: &[TypeClass] = &[
    TypeClass::Stored,
    TypeClass::Audit,
    TypeClass::NoLongerStored,
];
/// The types of records that clients wrote.
pub const RECORDS: &[TypeClass] = &[TypeClass::Stored, TypeClass::NoLongerStored];

impl Row {
    /// A line that looks.
    pub(crate) const fn get(
        place: Place,
        does: Does,
        interactions: &'static [Restful],
        classes: &'static [TypeClass],
    ) -> Self {
        Self {
            place,
            verb: Verb::Get,
            interactions,
            classes,
            sent_for: &[],
            body: None,
            does,
        }
    }

    /// Whether an entry of a Bundle asks for it.
    #[must_use]
    pub const fn is_of_entries(&self) -> bool {
        self.place.is_of_entries()
    }

    /// Its name in the audit, as long as the body is not read.
    pub(crate) fn interaction(&self) -> Interaction {
        let restful = self.interactions.last();
        let operation = || Interaction::operation(self.place.operation().unwrap_or_default());
        restful.map_or_else(operation, |restful| Interaction::from(*restful))
    }
}

impl Place {
    /// Every path. One that a later pattern takes too stands before it.
    pub const ALL: [Self; 15] = [
        Self::Base,
        Self::SystemHistory,
        Self::SearchForm,
        Self::TypeHistory,
        Self::ProofOfVersion,
        Self::Version,
        Self::History,
        Self::Proof,
        Self::Validation,
        Self::ValidationOfRecord,
        Self::Everything,
        Self::CompartmentForm,
        Self::Compartment,
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
            Self::TypeHistory => "/{type}/_history",
            Self::SystemHistory => "/_history",
            Self::Proof => "/{type}/{id}/$proof",
            Self::Validation => "/{type}/$validate",
            Self::ValidationOfRecord => "/{type}/{id}/$validate",
            Self::Everything => "/Patient/{id}/$everything",
            Self::Compartment => "/Patient/{id}/{members}",
            Self::CompartmentForm => "/Patient/{id}/{members}/_search",
            Self::Instance => "/{type}/{id}",
            Self::Type => "/{type}",
        }
    }

    /// The name of the operation whose path it is, without `$`.
    #[must_use]
    pub const fn operation(self) -> Option<&'static str> {
        match self {
            Self::Proof | Self::ProofOfVersion => Some("proof"),
            Self::Validation | Self::ValidationOfRecord => Some("validate"),
            Self::Everything => Some("everything"),
            _ => None,
        }
    }

    /// Whether the entries of a Bundle have it as their URL.
    #[must_use]
    pub const fn is_of_entries(self) -> bool {
        matches!(
            self,
            Self::Type
                | Self::Instance
                | Self::History
                | Self::Version
                | Self::TypeHistory
                | Self::SystemHistory
                | Self::Compartment
        )
    }

    /// Whether looking there may look at many records.
    #[must_use]
    pub const fn is_of_many(self) -> bool {
        matches!(
            self,
            Self::Type | Self::TypeHistory | Self::SystemHistory | Self::Compartment
        )
    }

    /// That of an entry of a Bundle.
    #[must_use]
    pub const fn of_entry(url: &EntryUrl) -> Self {
        match url {
            EntryUrl::Type { .. } => Self::Type,
            EntryUrl::Instance { .. } => Self::Instance,
            EntryUrl::History { .. } => Self::History,
            EntryUrl::Version { .. } => Self::Version,
            EntryUrl::TypeHistory { .. } => Self::TypeHistory,
            EntryUrl::SystemHistory { .. } => Self::SystemHistory,
            EntryUrl::Compartment { .. } => Self::Compartment,
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

    /// The refusal of a write that its records do not take.
    pub(crate) fn refuse(self) -> Result<(), Failure> {
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

impl<'r> Submitted<'r> {
    /// The record that the URL names.
    pub(crate) fn record(&self) -> Result<(&'r ResourceType, &'r LogicalId), Failure> {
        match self.url {
            EntryUrl::Instance {
                resource_type, id, ..
            } => Ok((resource_type, id)),
            _ => Err(Failure::fault("a change of no record")),
        }
    }

    /// The type of the URL and the criteria that choose a record of it.
    pub(crate) fn criteria(&self) -> Result<(&'r ResourceType, CriteriaText), Failure> {
        match self.url {
            EntryUrl::Type {
                resource_type,
                query,
            } => {
                let query = query.as_deref().unwrap_or_default();
                Ok((resource_type, CriteriaText::of_url(query)?))
            }
            _ => Err(Failure::fault("criteria beside an id")),
        }
    }

    /// The content that was sent.
    pub(crate) fn content(&self) -> Result<&'r Resource, Failure> {
        let sent = self.resource;
        sent.ok_or_else(|| Failure::fault("a change without its content"))
    }

    /// The id that was assigned.
    pub(crate) fn new_id(&self) -> Result<&'r LogicalId, Failure> {
        let assigned = self.assigned;
        assigned.ok_or_else(|| Failure::fault("a new record without an id"))
    }
}
