//! Contained resources (<https://hl7.org/fhir/R4/references.html#contained>): each is
//! referred to, holds none itself, and carries no version and no label of its own.

use crate::{definition::Node, fault::Faults, json::Value, path::Path, search::contained_by_id};
use std::collections::{HashMap, HashSet};

/// The outermost resource and what it contains.
pub(super) struct Container<'a> {
    value: &'a Value,
    /// What it contains, by id.
    contained: HashMap<&'a str, &'a Value>,
    /// The ids of those that are referred to.
    referred_to: HashSet<&'a str>,
    /// The contained resource that is being checked.
    inside: Option<&'a str>,
}

impl<'a> Container<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self {
            value,
            contained: contained_by_id(value),
            referred_to: HashSet::new(),
            inside: None,
        }
    }

    /// The outermost resource.
    pub(super) fn node(&self) -> Option<Node<'a>> {
        Node::resource(self.value)
    }

    /// The resource of this id that it contains.
    pub(super) fn contained(&self, id: &str) -> Option<&'a Value> {
        self.contained.get(id).copied()
    }

    /// Notes a reference or URI such as `#id`. From inside, `#` leads back to the whole,
    /// which ties a contained resource to it too.
    pub(super) fn refers(&mut self, text: &str, is_contained: bool) {
        let Some(id) = text.strip_prefix('#') else {
            return;
        };
        let id = match self.inside.filter(|_| is_contained && id.is_empty()) {
            Some(inside) => inside,
            None => id,
        };
        if let Some((id, _)) = self.contained.get_key_value(id) {
            self.referred_to.insert(*id);
        }
    }

    /// Begins a contained resource.
    pub(super) fn enter(
        &mut self,
        value: &'a Value,
        is_nested: bool,
        path: &Path,
        faults: &mut Faults,
    ) {
        self.inside = id_of(value);
        let meta = |name| {
            value
                .get("meta")
                .is_some_and(|meta| meta.get(name).is_some())
        };
        for (is_broken, rule, text) in [
            (
                is_nested,
                "dom-2",
                "a contained resource must not contain others",
            ),
            (
                meta("versionId") || meta("lastUpdated"),
                "dom-4",
                "a contained resource must have no meta.versionId and no meta.lastUpdated",
            ),
            (
                meta("security"),
                "dom-5",
                "a contained resource must have no security label",
            ),
            (
                self.inside.is_none(),
                "dom-3",
                "a contained resource must have an id to be referred to",
            ),
        ] {
            if is_broken {
                faults.broken(rule, text, path);
            }
        }
    }

    /// Ends a contained resource.
    pub(super) fn leave(&mut self) {
        self.inside = None;
    }

    /// Tells which contained resources nothing refers to, at the end.
    pub(super) fn check(&self, path: &Path, faults: &mut Faults) {
        let contained = self.value.get("contained").and_then(Value::as_array);
        let path = path.name("contained");
        for (index, value) in contained.unwrap_or_default().iter().enumerate() {
            if id_of(value).is_some_and(|id| !self.referred_to.contains(id)) {
                let text = "a contained resource must be referred to, by `#` and its id";
                faults.broken("dom-3", text, &path.index(index));
            }
        }
    }
}

fn id_of(value: &Value) -> Option<&str> {
    value.get("id")?.as_str()
}

#[cfg(test)]
mod tests {
    use crate::{json, validate::validate_value};

    /// Two thousand million steps if each reference went through what is contained.
    #[test]
    fn many_references_to_many_contained_resources_are_checked_at_once() {
        const LAST: usize = 60_000;
        let name = |number: usize| {
            if number == LAST {
                "Location"
            } else {
                "Patient"
            }
        };
        let contained: Vec<_> = (0..=LAST)
            .map(|number| {
                let name = name(number);
                format!(r#"{{"resourceType":"{name}","id":"{number}"}}"#)
            })
            .collect();
        let performers: Vec<_> = (0..=LAST)
            .map(|number| format!(r##"{{"reference":"#{number}"}}"##))
            .collect();
        let text = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"a"}},
            "contained":[{}],"performer":[{}]}}"#,
            contained.join(","),
            performers.join(",")
        );
        let faults = validate_value(&json::parse(text.as_bytes()).unwrap());
        let expressions: Vec<_> = faults.iter().map(|one| one.expression.as_str()).collect();
        let wrong = format!("Observation.performer[{LAST}]");
        assert_eq!(expressions, [wrong]);
    }
}
