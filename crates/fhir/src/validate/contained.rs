//! Contained resources (<https://hl7.org/fhir/R4/references.html#contained>): each is
//! referred to, holds none itself, and carries no version and no label of its own.

use crate::{definition::Node, fault::Faults, json::Value, path::Path};
use std::collections::HashMap;

/// The outermost resource and what it contains.
pub(super) struct Container<'a> {
    value: &'a Value,
    /// Whether each contained resource is referred to, by its id.
    ids: HashMap<&'a str, bool>,
    /// The contained resource that is being checked.
    inside: Option<&'a str>,
}

impl<'a> Container<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        let contained = value
            .get("contained")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let ids = contained
            .iter()
            .filter_map(id_of)
            .map(|id| (id, false))
            .collect();
        Self {
            value,
            ids,
            inside: None,
        }
    }

    /// The outermost resource.
    pub(super) fn node(&self) -> Option<Node<'a>> {
        Node::resource(self.value)
    }

    /// Whether it contains a resource of this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.ids.contains_key(id)
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
        if let Some(is_referred_to) = self.ids.get_mut(id) {
            *is_referred_to = true;
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
            if id_of(value).is_some_and(|id| self.ids.get(id) == Some(&false)) {
                let text = "a contained resource must be referred to, by `#` and its id";
                faults.broken("dom-3", text, &path.index(index));
            }
        }
    }
}

fn id_of(value: &Value) -> Option<&str> {
    value.get("id")?.as_str()
}
