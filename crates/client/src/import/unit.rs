//! What is sent in one request: a Bundle, and the key under which the gateway does
//! it once, however often it is sent.

use super::place::Place;
use bytes::Bytes;
use model::{LogicalId, ResourceType};
use sha2::{Digest, Sha256};

/// A Bundle to be posted.
#[derive(Debug)]
pub struct Unit {
    /// The Bundle.
    pub body: Bytes,
    /// `Idempotency-Key`.
    pub key: String,
    /// What its entries are.
    pub entries: Entries,
    /// Number of entries.
    pub count: usize,
    /// Units of a lower stage are done before those of a higher one begin.
    pub stage: u8,
    /// How much of the input has been read with it, in bytes on disk.
    pub read: u64,
}

/// Where the entries of a unit stand in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entries {
    /// They stand or fall together.
    Together(Place),
    /// All entries of the Bundle at a place.
    Of(Place),
    /// Each at a place of its own.
    Each(Vec<Place>),
}

impl Entries {
    /// Where an entry stands.
    pub fn place(&self, index: usize) -> Option<Place> {
        match self {
            Self::Together(place) => Some(place.clone()),
            Self::Of(place) => Some(place.entry(index)),
            Self::Each(places) => places.get(index).cloned(),
        }
    }

    /// Every place, when nothing is known of single entries.
    pub fn places(&self) -> Vec<Place> {
        match self {
            Self::Together(place) | Self::Of(place) => vec![place.clone()],
            Self::Each(places) => places.clone(),
        }
    }
}

/// Names a unit by what it is and where it stands: the same in the next run and on
/// another machine, another when anything of it has changed. A refusal is kept under
/// its key for days, so the next try of what was refused has another.
pub fn key(base: &str, place: &Place, body: &[u8]) -> String {
    let mut position = format!("{:?} {:?}", place.line, place.entry);
    if place.tries > 0 {
        position.push_str(&format!(" {}", place.tries));
    }
    let mut hash = Sha256::new();
    for part in ["chartseal-import/1", base, &place.name, &position] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(body);
    hex::encode(hash.finalize())
}

/// A batch Bundle that grows entry by entry.
#[derive(Debug, Default)]
pub struct Batch {
    entries: Vec<u8>,
    pub places: Vec<Place>,
}

impl Batch {
    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a resource: under its own id, when it has one.
    pub fn add(
        &mut self,
        resource: &[u8],
        kind: &ResourceType,
        id: Option<&LogicalId>,
        place: Place,
    ) {
        let request = match id {
            Some(id) => format!(r#"{{"method":"PUT","url":"{kind}/{id}"}}"#),
            None => format!(r#"{{"method":"POST","url":"{kind}"}}"#),
        };
        self.add_entry(
            &[
                br#"{"resource":"#,
                resource,
                br#","request":"#,
                request.as_bytes(),
                b"}",
            ],
            place,
        );
    }

    /// Adds an entry that is there already.
    pub fn add_entry(&mut self, parts: &[&[u8]], place: Place) {
        if !self.entries.is_empty() {
            self.entries.push(b',');
        }
        for part in parts {
            self.entries.extend_from_slice(part);
        }
        self.places.push(place);
    }

    /// The unit, if there is anything in it.
    pub fn finish(self, base: &str, stage: u8, read: u64) -> Option<Unit> {
        let first = self.places.first()?;
        let mut body = Vec::with_capacity(self.entries.len() + 64);
        body.extend_from_slice(br#"{"resourceType":"Bundle","type":"batch","entry":["#);
        body.extend_from_slice(&self.entries);
        body.extend_from_slice(b"]}");
        Some(Unit {
            key: key(base, first, &body),
            body: body.into(),
            count: self.places.len(),
            entries: Entries::Each(self.places),
            stage,
            read,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        Place::file(std::path::Path::new("/x/f"), name)
    }

    #[test]
    fn a_key_tells_base_name_position_and_content_apart() {
        let key = |base, name: &str, line, body: &[u8]| key(base, &place(name).line(line), body);
        let one = key("http://a/fhir", "Patient.ndjson", 1, b"body");
        assert_eq!(one.len(), 64);
        for other in [
            key("http://b/fhir", "Patient.ndjson", 1, b"body"),
            key("http://a/fhir", "b/Patient.ndjson", 1, b"body"),
            key("http://a/fhir", "Patient.ndjson", 2, b"body"),
            key("http://a/fhir", "Patient.ndjson", 1, b"Body"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_next_try_of_what_was_refused_has_another_key() {
        let first = place("p.ndjson").line(1);
        let next = Place {
            tries: 1,
            ..first.clone()
        };
        assert_ne!(
            key("http://a/fhir", &first, b"body"),
            key("http://a/fhir", &next, b"body")
        );
    }

    #[test]
    fn a_batch_names_what_it_knows_the_id_of() {
        let (kind, id) = (
            "Patient".parse().expect("a type"),
            "p-1".parse().expect("an id"),
        );
        let mut batch = Batch::default();
        batch.add(b"{\"a\":1.0}", &kind, Some(&id), place("f").line(1));
        batch.add(b"{}", &kind, None, place("f").line(3));
        let unit = batch.finish("http://a/fhir", 1, 9).expect("a unit");
        assert_eq!(
            std::str::from_utf8(&unit.body).expect("text"),
            "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[\
             {\"resource\":{\"a\":1.0},\"request\":{\"method\":\"PUT\",\"url\":\"Patient/p-1\"}},\
             {\"resource\":{},\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}]}"
        );
        assert_eq!(unit.entries.place(1), Some(place("f").line(3)));
        assert_eq!(unit.entries.place(2), None);
        assert_eq!(unit.count, 2);
        assert!(Batch::default().finish("http://a/fhir", 1, 9).is_none());
    }
}
