//! Invariants of R4: which are evaluated, which are checked by code of their own,
//! which are left out and why.

use super::definitions::ElementDefinition;
use std::{collections::BTreeMap, fmt::Write as _};

/// Checked by code of their own in `crates/fhir/src/validate`.
const BY_CODE: [(&str, &str); 9] = [
    ("dom-2", "contained.rs"),
    ("dom-3", "contained.rs"),
    ("dom-4", "contained.rs"),
    ("dom-5", "contained.rs"),
    ("ref-1", "value.rs"),
    ("ext-1", "value.rs"),
    ("ele-1", "shape.rs"),
    ("txt-1", "narrative.rs"),
    ("txt-2", "narrative.rs"),
];

/// Not checked, with the reason.
const LEFT_OUT: [(&str, &str); 7] = [
    ("ctm-1", "needs the resource that a reference leads to"),
    ("eld-16", "a regular expression over names in a definition"),
    ("eld-19", "a regular expression over names in a definition"),
    (
        "sdf-19",
        "a regular expression, on HL7's own definitions only",
    ),
    (
        "sdf-8",
        "compares each element of a definition with all others",
    ),
    ("sdf-8a", "a regular expression, on definitions only"),
    ("sdf-9", "walks the children of a definition without names"),
];

#[derive(Default)]
pub struct Rules {
    /// Key to expression and sentence. A key that R4 uses for several rules gets a
    /// number: `inv-1`, `inv-1~2`.
    rules: BTreeMap<String, (String, String)>,
}

impl Rules {
    /// Notes the rules of an element.
    pub fn add(&mut self, element: &ElementDefinition) -> Result<(), String> {
        for one in element
            .constraint
            .iter()
            .filter(|one| one.severity == "error")
        {
            let expression = one
                .expression
                .as_deref()
                .ok_or_else(|| format!("the rule {} has no expression", one.key))?;
            let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
            if self.key_of(&one.key, &expression).is_none() {
                let mut key = one.key.clone();
                for number in 2.. {
                    if !self.rules.contains_key(&key) {
                        break;
                    }
                    key = format!("{}~{number}", one.key);
                }
                let human = one.human.split_whitespace().collect::<Vec<_>>().join(" ");
                self.rules.insert(key, (expression, human));
            }
        }
        Ok(())
    }

    fn key_of(&self, key: &str, expression: &str) -> Option<String> {
        let same = |candidate: &String| {
            self.rules
                .get(candidate)
                .is_some_and(|(known, _)| known == expression)
        };
        let numbered = (2..10).map(|number| format!("{key}~{number}"));
        std::iter::once(key.to_owned()).chain(numbered).find(same)
    }

    /// The keys of an element's rules that are evaluated.
    pub fn of(&self, element: &ElementDefinition) -> Vec<String> {
        let errors = element
            .constraint
            .iter()
            .filter(|one| one.severity == "error");
        errors
            .filter(|one| !is_listed(&BY_CODE, &one.key) && !is_listed(&LEFT_OUT, &one.key))
            .filter_map(|one| {
                let expression = one.expression.as_deref()?;
                let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
                self.key_of(&one.key, &expression)
            })
            .collect()
    }

    /// Writes every rule: the sentence and the expression of those evaluated.
    pub fn write(&self, text: &mut String) {
        for (key, (expression, human)) in &self.rules {
            let by_code = BY_CODE.iter().find(|(listed, _)| listed == key);
            let left_out = LEFT_OUT.iter().find(|(listed, _)| listed == key);
            let _ = match (by_code, left_out) {
                (Some((_, file)), _) => writeln!(text, "rule {key} code {file}"),
                (None, Some((_, reason))) => writeln!(text, "rule {key} out {reason}"),
                (None, None) => writeln!(text, "rule {key} eval {expression}\n human {human}"),
            };
        }
    }
}

fn is_listed(list: &[(&str, &str)], key: &str) -> bool {
    list.iter().any(|(listed, _)| *listed == key)
}
