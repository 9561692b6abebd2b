//! What criteria have chosen.

use crate::{exchange::asked::Named, http::reply::VersionMark, record::version::OpenVersion};
use fhir::audit_event::AuditPatient;

/// What criteria choose.
pub(crate) enum Chosen {
    /// There is no record that the caller may see and that meets them.
    Nothing,
    /// The one that there is.
    Record(Box<Match>),
}

/// A record that was found, to be shown.
pub(crate) struct Match {
    pub(crate) version: OpenVersion,
    pub(crate) patients: Vec<AuditPatient>,
}

impl Match {
    /// Its version.
    pub(crate) fn mark(&self) -> VersionMark {
        VersionMark {
            number: self.version.row.number,
            time: self.version.row.time,
        }
    }

    /// As the audit names it.
    pub(crate) fn named(&self) -> Named {
        Named {
            kind: self.version.row.resource_type.clone(),
            id: self.version.id.clone(),
            version: Some(self.version.row.number),
            patients: self.patients.clone(),
        }
    }
}
