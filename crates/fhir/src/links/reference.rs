//! Literal references (<https://hl7.org/fhir/R4/references.html#literal>) that
//! lead to a record of this facility.
//!
//! Contained (`#x`), logical and foreign references, and those still to be
//! resolved (`urn:uuid:…`, `Patient?identifier=…`), lead to none. What a reference
//! names counts, not how it is spelt.

use crate::{
    definition::Definition,
    links::place::{Place, is_http, segments},
};
use model::{LogicalId, ResourceType, VersionNumber};
use std::sync::Arc;

/// The absolute URLs that are this facility's own FHIR bases, or ever were. However
/// one is spelt, it is the same base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalBase(Arc<[Place]>);

impl LocalBase {
    /// Such as `https://example.org/f/st-mary/fhir`; what is no http or https URL is no
    /// base.
    pub fn new<T: AsRef<str>>(bases: impl IntoIterator<Item = T>) -> Self {
        let places = bases
            .into_iter()
            .filter_map(|base| Place::read(base.as_ref()));
        Self(places.collect())
    }

    /// The path of a place below one of the bases.
    fn below<'p>(&self, place: &'p Place) -> Option<&'p [String]> {
        self.0.iter().find_map(|base| place.below(base))
    }
}

/// What a literal reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A record of this facility.
    Record(LocalReference),
    /// Something else: a contained resource, another server, a URN.
    Elsewhere,
    /// It cannot be told: a path that is no record's, or a URL that is none.
    Unclear,
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
    /// Reads a relative reference, or an absolute one at a base of the facility;
    /// `None` for all that is not a record of it.
    #[must_use]
    pub fn parse(text: &str, base: &LocalBase) -> Option<Self> {
        match Named::by(text, base) {
            Named::Record(record) => Some(record),
            Named::Elsewhere | Named::Unclear => None,
        }
    }

    /// The record at this path below a base.
    fn at<T: AsRef<str>>(path: &[T]) -> Option<Self> {
        let (resource_type, id, version) = match path {
            [resource_type, id] => (resource_type, id, None),
            [resource_type, id, history, version] if history.as_ref() == "_history" => {
                (resource_type, id, Some(version))
            }
            _ => return None,
        };
        Definition::of(resource_type.as_ref())?;
        Some(Self {
            resource_type: resource_type.as_ref().parse().ok()?,
            id: id.as_ref().parse().ok().filter(|id| !is_dots(id))?,
            version: version.and_then(|version| version.as_ref().parse().ok()),
        })
    }
}

/// Whether no URL can name this id: `.` and `..` are gone before a server sees them
/// (<https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4>).
#[must_use]
pub fn is_dots(id: &LogicalId) -> bool {
    matches!(id.as_str(), "." | "..")
}

impl Named {
    /// Reads the text of a reference.
    #[must_use]
    pub fn by(text: &str, base: &LocalBase) -> Self {
        let text = text.trim_ascii();
        if text.starts_with('#') {
            return Self::Elsewhere;
        }
        let record = |path: Option<&[String]>| {
            let record = path.and_then(LocalReference::at);
            record.map_or(Self::Unclear, Self::Record)
        };
        let on_server = |place: Option<Place>| match place {
            None => Self::Unclear,
            Some(place) => match base.below(&place) {
                None => Self::Elsewhere,
                path => record(path),
            },
        };
        if let Some(rest) = text.strip_prefix("//") {
            return on_server(Place::after_scheme(rest));
        }
        match scheme(text) {
            Some(scheme) if is_http(scheme) => on_server(Place::read(text)),
            Some(_) => Self::Elsewhere,
            None => {
                let path = segments(text).unwrap_or_default();
                if text.starts_with('/') {
                    record(base.0.iter().find_map(|base| base.below_path(&path)))
                } else {
                    record(Some(&path))
                }
            }
        }
    }
}

/// The scheme of a text that is no relative reference
/// (<https://www.rfc-editor.org/rfc/rfc3986#section-3.1>).
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let known = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.');
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(known);
    valid.then_some(scheme)
}

/// Type and id at the end of a URL of any server, or of a relative one.
pub(crate) fn restful_record(text: &str) -> Option<(String, String)> {
    let text = text.trim_ascii();
    let path = match (text.strip_prefix("//"), scheme(text)) {
        (Some(rest), _) => Place::after_scheme(rest)?.into_path(),
        (None, Some(scheme)) if is_http(scheme) => Place::read(text)?.into_path(),
        (None, Some(_)) => return None,
        (None, None) => segments(text)?,
    };
    let record = match path.as_slice() {
        [record @ .., history, _] if history == "_history" => record,
        record => record,
    };
    match record {
        [.., kind, id] if Definition::of(kind).is_some() => Some((kind.clone(), id.clone())),
        _ => None,
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

    /// Its element paths in a type; empty when the type does not have it.
    #[must_use]
    pub const fn paths(self, definition: &Definition) -> &Vec<String> {
        match self {
            Self::Patient => &definition.patient,
            Self::Subject => &definition.subject,
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
        let base = LocalBase::new([
            "https://example.org/f/a/fhir/",
            "https://example.org/fhir",
            "https://old.example:8443/fhir",
        ]);
        match Named::by(text, &base) {
            Named::Record(it) => {
                let version = it.version.map(|version| format!("@{version}"));
                let version = version.unwrap_or_default();
                Some(format!("{}/{}{version}", it.resource_type, it.id))
            }
            Named::Elsewhere => Some("elsewhere".to_owned()),
            Named::Unclear => None,
        }
    }

    #[test]
    fn however_it_is_spelt_a_record_of_the_facility_is_one() {
        for text in [
            "Patient/1",
            " Patient/1 ",
            "./Patient/1",
            "Patient/1/",
            "Patient//1",
            "Patient/%31",
            "Patient/1?_format=json",
            "Patient/1#x",
            "/fhir/Patient/1",
            "/f/a/fhir/Patient/1",
            "//example.org/fhir/Patient/1",
            "https://example.org/f/a/fhir/Patient/1",
            "https://example.org/fhir/Patient/1",
            "http://example.org/fhir/Patient/1",
            "HTTPS://EXAMPLE.ORG:443/fhir/Patient/1/?x=y",
            "http://old.example:8443/fhir/Patient/1",
        ] {
            assert_eq!(read(text).as_deref(), Some("Patient/1"), "{text}");
        }
        for (text, expected) in [
            ("Patient/1/_history/2", "Patient/1@2"),
            ("Patient/1/_history/x", "Patient/1"),
            (
                "http://example.org/f/a/fhir/Patient/1/_history/2",
                "Patient/1@2",
            ),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_servers_and_contained_resources_are_elsewhere() {
        for text in [
            "https://example.org/f/ab/fhir/Patient/1",
            "https://example.org/f/a/fhirPatient/1",
            "https://example.org:8443/fhir/Patient/1",
            "https://old.example/fhir/Patient/1",
            "https://other.example/fhir/Patient/1",
            "#p",
            "#Patient/1",
            "urn:uuid:b9d3bd47-9f3c-4a4a-8f3b-8a3b7d0f7c3a",
            "urn:oid:1.2.3",
            "mailto:someone@example.org",
        ] {
            assert_eq!(read(text).as_deref(), Some("elsewhere"), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_of_a_record_is_unclear() {
        for text in [
            "",
            "Patient",
            "Patient/",
            "Patient?identifier=x",
            "Patient/1/2",
            "Patient/1/_history",
            "Patient/a_b",
            "Patient/a b",
            "Patient/..",
            "Patient/%2e",
            "../Patient/1",
            "Patents/1",
            "patient/1",
            "/Patient/1",
            "Patient%2F1",
            "https://example.org/fhir/metadata",
            "https://example.org/fhir/Patient?identifier=x",
            "https:///fhir/Patient/1",
            "http:Patient/1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
