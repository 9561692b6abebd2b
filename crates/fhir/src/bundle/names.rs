//! The fullUrls of a transaction, and the records that they stand for
//! (<https://hl7.org/fhir/R4/bundle.html#references>).

use crate::{definition::Definition, reference::split_version};
use std::{borrow::Cow, collections::HashMap};

/// For each fullUrl the record's `Type/id`.
#[derive(Debug, Default)]
pub struct Names(HashMap<String, String>);

impl Names {
    /// Names a record. Of a fullUrl that stands twice the last record counts.
    pub fn insert(&mut self, full_url: &str, record: String) {
        self.0.insert(key(full_url).into_owned(), record);
    }

    /// Whether no record has a fullUrl.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The record of a fullUrl, however that is spelt.
    fn find(&self, url: &str) -> Option<&str> {
        self.0.get(&*key(url)).map(String::as_str)
    }

    /// The link that a link becomes. A relative one starts at `base`; a version and a
    /// fragment stay behind it.
    pub(super) fn relink(&self, link: &str, base: Option<&str>) -> Option<String> {
        let (url, fragment) = match link.find('#') {
            Some(at) => link.split_at_checked(at)?,
            None => (link, ""),
        };
        let (url, version) = split_version(url);
        let record = match base {
            Some(base) if !url.contains(':') => self.find(&format!("{base}/{url}")),
            _ => self.find(url),
        }?;
        Some(match version {
            Some(version) => format!("{record}/_history/{version}{fragment}"),
            None => format!("{record}{fragment}"),
        })
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
