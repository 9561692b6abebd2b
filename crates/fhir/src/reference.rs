//! Literal references (<https://hl7.org/fhir/R4/references.html#literal>) that
//! lead to a record of this facility.
//!
//! Contained (`#x`), logical and foreign references, and those still to be
//! resolved (`urn:uuid:…`, `Patient?identifier=…`), lead to none.

use crate::definition::Definition;
use model::{LogicalId, ResourceType, VersionNumber};

/// The absolute URLs that are this facility's own FHIR bases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalBase {
    /// Such as `https://example.org/f/st-mary/fhir`; a final `/` is no matter.
    pub bases: Vec<String>,
}

impl LocalBase {
    /// What stands after one of the bases and a `/`.
    fn strip<'a>(&self, url: &'a str) -> Option<&'a str> {
        self.bases.iter().find_map(|base| {
            url.strip_prefix(base.trim_end_matches('/'))?
                .strip_prefix('/')
        })
    }
}

/// A record of this facility, as a reference names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalReference {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id.
    pub id: LogicalId,
    /// The version, when the reference names one.
    pub version: Option<VersionNumber>,
}

impl LocalReference {
    /// Reads a relative reference, or an absolute one at a base of the facility.
    #[must_use]
    pub fn parse(text: &str, base: &LocalBase) -> Option<Self> {
        let text = if text.contains("://") {
            base.strip(text)?
        } else {
            text
        };
        let (record, version) = split_version(text);
        let (resource_type, id) = record.split_once('/')?;
        Definition::of(resource_type)?;
        Some(Self {
            resource_type: resource_type.parse().ok()?,
            id: id.parse().ok()?,
            version: version.and_then(|version| version.parse().ok()),
        })
    }
}

/// Cuts `/_history/n` off.
pub(crate) fn split_version(reference: &str) -> (&str, Option<&str>) {
    match reference.split_once("/_history/") {
        Some((record, version)) => (record, Some(version)),
        None => (reference, None),
    }
}

/// A search parameter whose references are indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceParameter {
    /// `patient`: references to a Patient only.
    Patient,
    /// `subject`
    Subject,
}

impl ReferenceParameter {
    /// The code, as it stands in a query.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Subject => "subject",
        }
    }

    /// Its element paths in a type; none when the type does not have it.
    #[must_use]
    pub const fn paths(self, definition: &Definition) -> &'static [&'static str] {
        match self {
            Self::Patient => definition.patient,
            Self::Subject => definition.subject,
        }
    }

    /// Whether a reference to this type counts.
    pub(crate) fn leads_to(self, resource_type: &ResourceType) -> bool {
        self == Self::Subject || resource_type.as_str() == "Patient"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let base = LocalBase {
            bases: vec!["https://example.org/f/a/fhir/".to_owned()],
        };
        let it = LocalReference::parse(text, &base)?;
        let version = it
            .version
            .map(|version| format!("@{version}"))
            .unwrap_or_default();
        Some(format!("{}/{}{version}", it.resource_type, it.id))
    }

    #[test]
    fn only_records_of_the_facility_are_named() {
        for (text, expected) in [
            ("Patient/1", Some("Patient/1")),
            ("Patient/1/_history/2", Some("Patient/1@2")),
            ("Patient/1/_history/x", Some("Patient/1")),
            ("https://example.org/f/a/fhir/Patient/1", Some("Patient/1")),
            (
                "https://example.org/f/a/fhir/Patient/1/_history/2",
                Some("Patient/1@2"),
            ),
            ("https://example.org/f/a/fhirPatient/1", None),
            ("https://example.org/f/ab/fhir/Patient/1", None),
            ("https://other.example/fhir/Patient/1", None),
            ("#p", None),
            ("#Patient/1", None),
            ("urn:uuid:b9d3bd47-9f3c-4a4a-8f3b-8a3b7d0f7c3a", None),
            ("Patient?identifier=x", None),
            ("Patient", None),
            ("Patient/", None),
            ("Patient/1/2", None),
            ("Patient/a_b", None),
            ("Patents/1", None),
            ("patient/1", None),
            ("/Patient/1", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}
