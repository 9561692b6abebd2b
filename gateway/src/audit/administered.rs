//! What is administered, as the audit names it.

use fhir::audit_event::AuditTouched;
use model::{Interaction, Restful};

/// What was done to something below `/admin`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Did {
    Create,
    Read,
    Update,
    Delete,
    Propose,
    Decide,
}

impl From<Did> for Interaction {
    fn from(did: Did) -> Self {
        match did {
            Did::Create => Restful::Create.into(),
            Did::Read => Restful::Read.into(),
            Did::Update => Restful::Update.into(),
            Did::Delete => Restful::Delete.into(),
            Did::Propose => Self::stored("propose"),
            Did::Decide => Self::stored("decide"),
        }
    }
}

/// Something below `/admin`.
pub(crate) fn administered(path: &str) -> AuditTouched {
    let (kind, id) = path.split_once('/').unwrap_or((path, ""));
    AuditTouched {
        kind: kind.to_owned(),
        id: id.to_owned(),
        version: None,
        patients: Vec::new(),
    }
}
