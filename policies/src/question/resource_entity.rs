//! The resource of a question as an [entity](crate::question::entity).

use crate::{
    Target,
    question::{
        entity::{Uid, to_cedar},
        infrastructure::is_infrastructure,
        resource_kind::ResourceKind,
    },
};
use cedar_policy::{Entity, Schema};
use model::{FacilityName, Tag};
use serde::{Deserialize, Serialize};

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
