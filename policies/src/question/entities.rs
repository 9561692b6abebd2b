//! Caller and resource in the JSON form of Cedar entities
//! (<https://docs.cedarpolicy.com/auth/entities-syntax.html>).
//!
//! The audit keeps exactly this form and a decision is made from exactly this
//! form, so what is recorded is what was judged. Members stand in the order of their
//! names, so that it is canonical JSON as it is written.

use crate::{Caller, Question, Target, question::infrastructure::is_infrastructure};
use cedar_policy::{Entity, Schema};
use model::{FacilityName, Tag};
use serde::{Deserialize, Serialize};

/// What the schema calls the resource of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum ResourceKind {
    /// The whole base of a facility.
    Base,
    /// All records of a type.
    RecordType,
    /// A record.
    Record,
    /// All audit events.
    AuditTrail,
    /// An audit event.
    AuditEvent,
}

/// The name of an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(deny_unknown_fields)]
struct Uid {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Uid {
    fn new(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
        }
    }
}

/// The caller as a Cedar entity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct CallerEntity {
    attrs: CallerAttributes,
    parents: Vec<Uid>,
    uid: Uid,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(deny_unknown_fields)]
struct CallerAttributes {
    client: String,
    facility: Uid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patient: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<Uid>,
    scopes: Vec<String>,
}

impl CallerEntity {
    /// The caller of a question. The token's patient is one of the caller's
    /// home, so elsewhere the caller has none.
    pub(crate) fn of(question: &Question<'_>) -> Self {
        let Caller {
            issuer,
            subject,
            client,
            facility,
            roles,
            purpose,
            scopes,
            ..
        } = question.caller;
        let patient = question
            .own_patient
            .filter(|_| *facility == question.target.facility);
        let mut parents: Vec<Uid> = roles
            .iter()
            .map(|role| Uid::new("Role", role.as_str()))
            .collect();
        parents.sort_unstable();
        parents.dedup();
        Self {
            uid: Uid::new("Caller", &format!("{issuer}\n{subject}")),
            attrs: CallerAttributes {
                client: client.clone(),
                facility: Uid::new("Facility", facility.as_str()),
                patient: patient.map(|tag| tag.to_string()),
                purpose: purpose.map(|purpose| Uid::new("Purpose", purpose.code())),
                scopes: scopes.iter().map(ToString::to_string).collect(),
            },
            parents,
        }
    }

    pub(crate) fn facility(&self) -> Option<FacilityName> {
        self.attrs.facility.id.parse().ok()
    }

    pub(crate) fn patient(&self) -> Option<&str> {
        self.attrs.patient.as_deref()
    }

    pub(crate) fn scopes(&self) -> &[String] {
        &self.attrs.scopes
    }

    /// The Cedar entity; the text of the error is for the sealed record only.
    pub(crate) fn to_cedar(&self, schema: &Schema) -> Result<Entity, String> {
        to_cedar(self, schema)
    }
}

/// The resource of a question as a Cedar entity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct ResourceEntity {
    attrs: ResourceAttributes,
    parents: Vec<Uid>,
    uid: ResourceUid,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(deny_unknown_fields)]
struct ResourceUid {
    id: String,
    #[serde(rename = "type")]
    kind: ResourceKind,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ResourceAttributes {
    facility: Uid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) infrastructure: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) labels: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) patients: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource_type: Option<String>,
}

impl ResourceEntity {
    /// What a question is about. The id is the type, never the record: equal
    /// facts give equal answers.
    pub(crate) fn of(target: &Target) -> Self {
        let kind = target.kind();
        let record = kind == ResourceKind::Record;
        let typed = record || kind == ResourceKind::RecordType;
        let named = record || kind == ResourceKind::AuditEvent;
        let resource_type = target.resource_type.as_ref().filter(|_| typed);
        let facility = target.facility.as_str();
        Self {
            uid: ResourceUid {
                kind,
                id: resource_type
                    .map_or(facility, |name| name.as_str())
                    .to_owned(),
            },
            attrs: ResourceAttributes {
                facility: Uid::new("Facility", facility),
                infrastructure: resource_type
                    .map(|name| is_infrastructure(name) && target.patients.is_empty()),
                labels: record.then(|| target.labels.clone()),
                patients: named.then(|| target.patients.iter().map(ToString::to_string).collect()),
                resource_type: resource_type.map(|name| name.as_str().to_owned()),
            },
            parents: Vec::new(),
        }
    }

    /// The same, about other patients.
    pub(crate) fn about(&self, patients: &[Tag]) -> Self {
        let mut other = self.clone();
        let patients = patients.iter().map(ToString::to_string).collect();
        other.attrs.patients = self.attrs.patients.as_ref().map(|_| patients);
        other
    }

    /// The same, naming no patient.
    pub(crate) fn of_anybody(&self) -> Self {
        let mut anybody = self.clone();
        anybody.attrs.patients = None;
        anybody
    }

    pub(crate) const fn kind(&self) -> ResourceKind {
        self.uid.kind
    }

    pub(crate) fn facility(&self) -> Option<FacilityName> {
        self.attrs.facility.id.parse().ok()
    }

    pub(crate) const fn attributes(&self) -> &ResourceAttributes {
        &self.attrs
    }

    /// The Cedar entity; the text of the error is for the sealed record only.
    pub(crate) fn to_cedar(&self, schema: &Schema) -> Result<Entity, String> {
        to_cedar(self, schema)
    }
}

fn to_cedar(entity: &impl Serialize, schema: &Schema) -> Result<Entity, String> {
    let json = serde_json::to_value(entity).map_err(|error| error.to_string())?;
    Entity::from_json_value(json, Some(schema)).map_err(|error| error.to_string())
}
