//! The caller as an [entity](crate::question::entity).

use crate::{
    Caller,
    question::{
        Question,
        entity::{Uid, to_cedar},
    },
};
use cedar_policy::{Entity, Schema};
use model::FacilityName;
use serde::{Deserialize, Serialize};

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
