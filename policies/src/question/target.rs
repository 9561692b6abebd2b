//! What a question is about: a facility's base, a type, or one record with the
//! facts that decide over it.

use crate::question::resource_kind::ResourceKind;
use model::{FacilityName, ResourceType, Tag};

/// What is asked about. The constructors keep `patients` and `labels` sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Whose base it is.
    pub facility: FacilityName,
    /// Its type; none for the base as a whole.
    pub resource_type: Option<ResourceType>,
    /// Its record tag; none for all records of the type.
    pub record: Option<Tag>,
    /// Tags of the patients in whose compartment it is.
    pub patients: Vec<Tag>,
    /// Security labels, `system|code`; the gateway gathers none yet.
    pub labels: Vec<String>,
}

/// What a decision may know of a record before its content is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// Whose record it is.
    pub facility: FacilityName,
    /// Its type.
    pub resource_type: ResourceType,
    /// Tags of the patients in whose compartment it is.
    pub patients: Vec<Tag>,
    /// Security labels, `system|code`; the gateway gathers none yet.
    pub labels: Vec<String>,
}

impl TargetFacts {
    /// The target that is the record of these facts.
    #[must_use]
    pub fn of_record(&self, record: Tag) -> Target {
        let mut target = Target {
            facility: self.facility.clone(),
            resource_type: Some(self.resource_type.clone()),
            record: Some(record),
            patients: self.patients.clone(),
            labels: self.labels.clone(),
        };
        target.patients.sort_unstable();
        target.patients.dedup();
        target.labels.sort_unstable();
        target.labels.dedup();
        target
    }
}

impl Target {
    /// The base as a whole, for transactions and batches.
    #[must_use]
    pub const fn base(facility: FacilityName) -> Self {
        Self {
            facility,
            resource_type: None,
            record: None,
            patients: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// All records of a type, for the question whether a search may be asked.
    /// With type `AuditEvent` all audit events.
    #[must_use]
    pub const fn all(facility: FacilityName, resource_type: ResourceType) -> Self {
        Self {
            facility,
            resource_type: Some(resource_type),
            record: None,
            patients: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// What the schema calls it.
    pub(crate) fn kind(&self) -> ResourceKind {
        let audit = |kind: &ResourceType| kind.as_str() == "AuditEvent";
        match (&self.resource_type, self.record) {
            (None, _) => ResourceKind::Base,
            (Some(kind), None) if audit(kind) => ResourceKind::AuditTrail,
            (Some(kind), Some(_)) if audit(kind) => ResourceKind::AuditEvent,
            (Some(_), None) => ResourceKind::RecordType,
            (Some(_), Some(_)) => ResourceKind::Record,
        }
    }
}
