//! The fullUrls of a transaction, and the records that they stand for
//! (<https://hl7.org/fhir/R4/bundle.html#references>).

use crate::{definition::Definition, links::reference::split_version};
use model::VersionNumber;
use std::{borrow::Cow, collections::HashMap};

/// The record of each fullUrl.
#[derive(Debug, Default)]
pub struct Names(HashMap<String, NamedRecord>);

/// A record that a fullUrl stands for.
#[derive(Debug)]
pub struct NamedRecord {
    /// `Type/id`.
    pub record: String,
    /// What a version behind the fullUrl means.
    pub versions: Versions,
}

/// Whose versions are named behind a fullUrl.
#[derive(Debug)]
pub enum Versions {
    /// Those of the record here.
    Own,
    /// Those of the record where it came from: its `meta.versionId` and the version that
    /// becomes of it, where that is known. Every other one is there alone.
    Source(Option<(String, VersionNumber)>),
}

impl Names {
    /// Names a record. Of a fullUrl that stands twice the last record counts.
    pub fn insert(&mut self, full_url: &str, record: NamedRecord) {
        self.0.insert(key(full_url).into_owned(), record);
    }

    /// Whether no record has a fullUrl.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The record of a fullUrl, however that is spelt.
    fn find(&self, url: &str) -> Option<&NamedRecord> {
        self.0.get(&*key(url))
    }

    /// The link that a link becomes. A relative one starts at `base`; a fragment stays
    /// behind it. One to a version that does not come here still leads to it: a relative
    /// one must not lead to a record here that has the same path.
    pub(super) fn relink(&self, link: &str, base: Option<&str>) -> Option<String> {
        let (url, fragment) = match link.find('#') {
            Some(at) => link.split_at_checked(at)?,
            None => (link, ""),
        };
        let (url, version) = split_version(url);
        let absolute = match base {
            Some(base) if !url.contains(':') => Some(format!("{base}/{url}")),
            _ => None,
        };
        let NamedRecord { record, versions } = self.find(absolute.as_deref().unwrap_or(url))?;
        let here = |version: &str| Some(format!("{record}/_history/{version}{fragment}"));
        match (version, versions) {
            (None, _) => Some(format!("{record}{fragment}")),
            (Some(version), Versions::Own) => here(version),
            (Some(version), Versions::Source(Some((source, new)))) if version == source => {
                here(&new.to_string())
            }
            (Some(version), Versions::Source(_)) => {
                absolute.map(|url| format!("{url}/_history/{version}{fragment}"))
            }
        }
    }
}

/// What two spellings of one fullUrl have in common. Of a URN the scheme and the
/// namespace are compared whatever their case, of a UUID the rest too
/// (<https://www.rfc-editor.org/rfc/rfc8141#section-3.1>,
/// <https://www.rfc-editor.org/rfc/rfc9562#section-4>).
pub(super) fn key(url: &str) -> Cow<'_, str> {
    let Some(name) = urn(url) else {
        return Cow::Borrowed(url);
    };
    let (space, name) = name.split_once(':').unwrap_or((name, ""));
    let space = space.to_ascii_lowercase();
    Cow::Owned(match space.as_str() {
        "uuid" => format!("urn:uuid:{}", name.to_ascii_lowercase()),
        _ => format!("urn:{space}:{name}"),
    })
}

/// What follows `urn:`, when the text begins with it.
pub(super) fn urn(text: &str) -> Option<&str> {
    let (scheme, name) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("urn").then_some(name)
}

/// The base of a RESTful fullUrl; relative links of the entry start there.
pub(super) fn base_of(full_url: &str) -> Option<&str> {
    let (record, _) = split_version(full_url);
    let (rest, _id) = record.rsplit_once('/')?;
    let (base, name) = rest.rsplit_once('/')?;
    let (scheme, _) = base.split_once("://")?;
    let is_http = ["http", "https"]
        .iter()
        .any(|http| scheme.eq_ignore_ascii_case(http));
    (is_http && Definition::of(name).is_some()).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_the_same_in_capitals_and_an_oid_is_not_changed() {
        for (one, other, same) in [
            ("urn:uuid:aB", "URN:UUID:Ab", true),
            ("urn:oid:1.2", "Urn:OID:1.2", true),
            ("urn:x:a", "urn:x:A", false),
            ("urn:uuid", "urn:uuid:", true),
            ("http://a/Patient/x", "http://a/Patient/X", false),
        ] {
            assert_eq!(key(one) == key(other), same, "{one} {other}");
        }
    }

    #[test]
    fn only_a_restful_full_url_has_a_base() {
        for (full_url, expected) in [
            ("http://a/fhir/Patient/1", Some("http://a/fhir")),
            ("HTTPS://a/Patient/1/_history/2", Some("HTTPS://a")),
            ("http://a/fhir/Dog/1", None),
            ("httpx://a/fhir/Patient/1", None),
            ("urn:uuid:1", None),
            ("Patient/1", None),
        ] {
            assert_eq!(base_of(full_url), expected, "{full_url}");
        }
    }
}
