//! The nine records of the crud loop: the types of the public k6 benchmark
//! (<https://github.com/HealthSamurai/fhir-server-performance-benchmark>,
//! `k6/crud.js`), each the one of middle size among Synthea's, which are about as
//! large as the seeds there.

use crate::{Failed, house::data};
use serde_json::Value;
use std::collections::BTreeMap;

/// The types in the order in which they are made, so that each can refer to those
/// before it.
const TYPES: [&str; 9] = [
    "Patient",
    "Location",
    "Organization",
    "Practitioner",
    "Encounter",
    "Observation",
    "MedicationRequest",
    "Claim",
    "ExplanationOfBenefit",
];

/// A record to be made again and again.
pub struct Seed {
    /// Its type.
    pub resource_type: &'static str,
    /// Its JSON after `{"resourceType":"…"`, in pieces: what stands before the
    /// reference, and the type of the record of this round that it refers to.
    pieces: Vec<(String, Option<&'static str>)>,
}

impl Seed {
    /// All nine.
    pub fn all() -> Result<Vec<Self>, Failed> {
        let mut records = data::resources()?;
        let kinds: BTreeMap<String, &'static str> = records
            .iter()
            .filter_map(|record| {
                let kind = TYPES.into_iter().find(|kind| *kind == record.kind())?;
                Some((record.full_url.clone(), kind))
            })
            .collect();
        records.sort_by_key(|record| record.resource.to_string().len());
        TYPES
            .into_iter()
            .map(|kind| {
                let of_kind: Vec<_> = records
                    .iter()
                    .filter(|record| record.kind() == kind)
                    .collect();
                let middle = of_kind.get(of_kind.len() / 2).ok_or("a type is missing")?;
                Self::of(kind, middle.resource.clone(), &kinds)
            })
            .collect()
    }

    fn of(
        resource_type: &'static str,
        mut resource: Value,
        kinds: &BTreeMap<String, &'static str>,
    ) -> Result<Self, Failed> {
        let members = resource.as_object_mut().ok_or("a record is no object")?;
        members.remove("resourceType");
        members.remove("id");
        let text = resource.to_string();
        let mut rest = text.strip_prefix('{').ok_or("a record is no object")?;
        let mut pieces = Vec::new();
        // What is made later in a round cannot be referred to; it stays as it is.
        let made = TYPES.iter().position(|kind| *kind == resource_type);
        let is_made = |kind: &str| TYPES.iter().position(|other| *other == kind) < made;
        let mut before = String::new();
        while let Some((head, tail)) = rest.split_once("urn:uuid:") {
            let (uuid, tail) = tail.split_at_checked(36).ok_or("a reference is cut off")?;
            let url = format!("urn:uuid:{uuid}");
            before.push_str(head);
            match kinds.get(&url).filter(|kind| is_made(kind)) {
                Some(kind) => pieces.push((std::mem::take(&mut before), Some(*kind))),
                None => before.push_str(&url),
            }
            rest = tail;
        }
        before.push_str(rest);
        pieces.push((before, None));
        Ok(Self {
            resource_type,
            pieces,
        })
    }

    /// The body of a POST, or of a PUT that changes one field when the record has
    /// an id, with references to what was `made` this round.
    pub fn body(&self, id: Option<&str>, made: &BTreeMap<&'static str, String>) -> Vec<u8> {
        let mut body = format!(r#"{{"resourceType":"{}","#, self.resource_type);
        if let Some(id) = id {
            body.push_str(&format!(r#""id":"{id}","language":"en","#));
        }
        for (text, refers) in &self.pieces {
            body.push_str(text);
            if let Some((kind, id)) = refers.and_then(|kind| Some((kind, made.get(kind)?))) {
                body.push_str(&format!("{kind}/{id}"));
            }
        }
        body.into_bytes()
    }
}
