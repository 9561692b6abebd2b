//! Required bindings: the codes of each value set that can be listed.

use super::definitions::{Concept, ElementDefinition, Include, Terminology};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// Required value sets that cannot be listed, with the reason; their elements are
/// not checked beyond the format of a code.
const UNLISTED: [(&str, &str); 4] = [
    ("http://hl7.org/fhir/ValueSet/currencies", "all of ISO 4217"),
    ("http://hl7.org/fhir/ValueSet/mimetypes", "all of BCP 13"),
    ("http://hl7.org/fhir/ValueSet/ucum-units", "all of UCUM"),
    ("http://loinc.org/vs/LL379-9", "an answer list of LOINC"),
];

pub struct Bindings {
    value_sets: BTreeMap<String, Terminology>,
    code_systems: BTreeMap<String, Terminology>,
}

impl Bindings {
    /// Of several definitions of one URL the first counts.
    pub fn new(all: Vec<Terminology>) -> Self {
        let mut bindings = Self {
            value_sets: BTreeMap::new(),
            code_systems: BTreeMap::new(),
        };
        for one in all {
            let Some(url) = one.url.clone() else { continue };
            let known = match one.resource_type.as_str() {
                "ValueSet" => &mut bindings.value_sets,
                "CodeSystem" => &mut bindings.code_systems,
                _ => continue,
            };
            known.entry(url).or_insert(one);
        }
        bindings
    }

    /// Writes the codes of every value set that an element requires.
    pub fn write<'a>(
        &self,
        elements: impl Iterator<Item = &'a ElementDefinition>,
        text: &mut String,
    ) -> Result<(), String> {
        let urls: BTreeSet<&str> = elements.filter_map(required).collect();
        for url in urls {
            if let Some((_, reason)) = UNLISTED.iter().find(|(known, _)| *known == url) {
                let _ = writeln!(text, "unlisted {url} {reason}");
                continue;
            }
            let name = url.rsplit('/').next().unwrap_or(url);
            for (system, codes) in self.codes(url)? {
                let _ = writeln!(text, "codes {name} {system} {}", codes.join(" "));
            }
        }
        Ok(())
    }

    fn codes(&self, url: &str) -> Result<Vec<(String, Vec<String>)>, String> {
        let set = self.value_sets.get(url);
        let compose = set
            .and_then(|set| set.compose.as_ref())
            .filter(|compose| compose.exclude.is_empty())
            .ok_or_else(|| format!("`{url}` is not a list of codes"))?;
        compose
            .include
            .iter()
            .map(|one| self.included(url, one))
            .collect()
    }

    fn included(&self, url: &str, include: &Include) -> Result<(String, Vec<String>), String> {
        let failed = || format!("`{url}` cannot be listed: name it in UNLISTED, or support it");
        let system = include.system.clone().ok_or_else(failed)?;
        if !include.filter.is_empty() || !include.value_set.is_empty() {
            return Err(failed());
        }
        let mut codes = Vec::new();
        if include.concept.is_empty() {
            let all = self.code_systems.get(&system).ok_or_else(failed)?;
            if all.content.as_deref() != Some("complete") {
                return Err(failed());
            }
            flatten(&all.concept, &mut codes);
        } else {
            flatten(&include.concept, &mut codes);
        }
        if codes.iter().any(|code| code.contains(' ')) {
            return Err(format!("`{url}` has a code with a space"));
        }
        Ok((system, codes))
    }
}

/// The name under which the codes of an element's required binding stand.
pub fn name_of(element: &ElementDefinition) -> Option<&str> {
    let url = required(element)?;
    let unlisted = UNLISTED.iter().any(|(known, _)| *known == url);
    (!unlisted).then(|| url.rsplit('/').next().unwrap_or(url))
}

fn required(element: &ElementDefinition) -> Option<&str> {
    let binding = element.binding.as_ref()?;
    let url = binding
        .value_set
        .as_deref()
        .filter(|_| binding.strength == "required")?;
    Some(url.split('|').next().unwrap_or(url))
}

fn flatten(concepts: &[Concept], codes: &mut Vec<String>) {
    for concept in concepts {
        codes.push(concept.code.clone());
        flatten(&concept.concept, codes);
    }
}
