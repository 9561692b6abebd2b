//! The elements that search parameters find in a resource
//! (<https://hl7.org/fhir/R4/search.html>).
//!
//! What is made of the elements, such as tokens, dates or the parts of a card, is not
//! here. An extension of a primitive (`_birthDate`) is not looked into: no parameter of
//! R4 does.

use crate::{
    definition::{Filter, Node, Path, SearchParameter, Step, TypeId, r4},
    json::Value,
};
use std::{cell::OnceCell, collections::HashMap};

static TRUE: Value = Value::Bool(true);
static FALSE: Value = Value::Bool(false);

/// What one parameter finds in one resource.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// An element.
    Element(Node<'a>),
    /// One element of a composite: for each component what it finds there.
    Composite(Vec<Vec<Node<'a>>>),
}

/// What a search parameter finds in a resource; nothing when R4's expression is not
/// compiled. Of a composite only what has all its parts counts.
#[must_use]
pub fn find<'a>(resource: Node<'a>, parameter: &SearchParameter) -> Vec<Found<'a>> {
    let paths = parameter.paths.as_deref().unwrap_or_default();
    let searched = Searched::of(resource);
    let elements = paths
        .iter()
        .flat_map(|path| searched.evaluate(resource, path));
    if parameter.components.is_empty() {
        return elements.map(Found::Element).collect();
    }
    let parts = |element: Node<'a>| -> Option<Found<'a>> {
        let components = parameter.components.iter().map(|component| {
            let paths = component.paths.iter();
            let found: Vec<_> = paths
                .flat_map(|path| searched.evaluate(element, path))
                .collect();
            (!found.is_empty()).then_some(found)
        });
        Some(Found::Composite(components.collect::<Option<_>>()?))
    };
    elements.filter_map(parts).collect()
}

/// The elements that a path leads to, in the order in which they stand; [`Searched`] is for
/// more than one path.
#[must_use]
pub fn evaluate<'a>(resource: Node<'a>, from: Node<'a>, path: &Path) -> Vec<Node<'a>> {
    Searched::of(resource).evaluate(from, path)
}

/// A resource in which elements are found. What it contains is gathered by id once, when a
/// reference first asks for it.
pub struct Searched<'a> {
    resource: Node<'a>,
    contained: OnceCell<HashMap<&'a str, &'a Value>>,
}

impl<'a> Searched<'a> {
    /// Of this resource, the outermost one.
    #[must_use]
    pub const fn of(resource: Node<'a>) -> Self {
        Self {
            resource,
            contained: OnceCell::new(),
        }
    }

    /// The resource.
    #[must_use]
    pub const fn resource(&self) -> Node<'a> {
        self.resource
    }

    /// The elements that a path leads to, in the order in which they stand.
    #[must_use]
    pub fn evaluate(&self, from: Node<'a>, path: &Path) -> Vec<Node<'a>> {
        let start = [if path.is_absolute {
            self.resource
        } else {
            from
        }];
        let Some((first, rest)) = path.steps.split_first() else {
            return start.to_vec();
        };
        let mut at = self.follow(&start, first);
        for step in rest {
            at = self.follow(&at, step);
        }
        if path.is_truth {
            let is_true = at.iter().any(|node| node.value.as_bool() != Some(false));
            let value = if is_true { &TRUE } else { &FALSE };
            at = r4()
                .find("boolean")
                .map(|type_id| Node { value, type_id })
                .into_iter()
                .collect();
        }
        at
    }

    fn follow(&self, from: &[Node<'a>], step: &Step) -> Vec<Node<'a>> {
        let mut found = Vec::new();
        for node in from {
            node.children(step.name, &mut |child| {
                let goes_on = match &step.filter {
                    Filter::All | Filter::Index(_) => true,
                    Filter::OfType(name) => child.type_name() == *name,
                    Filter::Where(name, code) => child.text(name) == Some(*code),
                    Filter::Resolves(name) => self.leads_to(child) == Some(*name),
                };
                if goes_on {
                    found.push(child);
                }
            });
        }
        match step.filter {
            // Of all that were found, as FHIRPath counts, not of each parent.
            Filter::Index(index) => found.get(index).copied().into_iter().collect(),
            _ => found,
        }
    }

    fn leads_to(&self, reference: Node<'a>) -> Option<&'a str> {
        let by_id = || contained_by_id(self.resource.value);
        let contained = |id: &str| self.contained.get_or_init(by_id).get(id).copied();
        leads_to(self.resource, contained, reference)
    }
}

/// The system that R4 implies for a code found by a path from elements of a type: that of
/// the required binding of its element (<https://hl7.org/fhir/R4/search.html#token>).
#[must_use]
pub fn system_of(from: TypeId, path: &Path, code: &str) -> Option<&'static str> {
    let (last, before) = path.steps.split_last()?;
    let mut types = vec![from];
    for step in before {
        types = types.iter().flat_map(|from| led_to(*from, step)).collect();
    }
    let elements = types
        .iter()
        .filter_map(|from| r4().get(*from).element(last.name));
    let mut bindings = elements.filter_map(|element| element.codes);
    bindings.find_map(|number| {
        let codes = r4().codes(number);
        let found = codes.iter().find(|(_, own)| *own == code);
        found.map(|(system, _)| *system)
    })
}

fn led_to(from: TypeId, step: &Step) -> Vec<TypeId> {
    let element = r4().get(from).element(step.name);
    let variants = element.map(|element| element.variants.as_slice());
    let types = variants.unwrap_or_default().iter().map(|one| one.type_id);
    types.collect()
}

/// The type that a Reference leads to, as far as it says so itself: by its literal, by
/// the contained resource it names, which `contained` finds by id, or by its `type`.
pub(crate) fn leads_to<'a>(
    resource: Node<'a>,
    contained: impl FnOnce(&str) -> Option<&'a Value>,
    reference: Node<'a>,
) -> Option<&'a str> {
    let Some(text) = reference.text("reference") else {
        return reference.text("type");
    };
    match text.strip_prefix('#') {
        // The resource that contains, seen from one that it contains.
        Some("") => Some(resource.type_name()),
        Some(id) => contained(id)?.get("resourceType")?.as_str(),
        None => type_in(text).or_else(|| reference.text("type")),
    }
}

/// The resources that a resource contains, by their ids; of one id the first counts.
pub(crate) fn contained_by_id(resource: &Value) -> HashMap<&str, &Value> {
    let contained = resource.get("contained").and_then(Value::as_array);
    let mut by_id = HashMap::new();
    for one in contained.unwrap_or_default() {
        if let Some(id) = one.get("id").and_then(Value::as_str) {
            by_id.entry(id).or_insert(one);
        }
    }
    by_id
}

/// The type in `Type/id`, `Type/id/_history/1`, `Type?criteria`, or such an end of a URL
/// (<https://hl7.org/fhir/R4/references.html#literal>).
fn type_in(text: &str) -> Option<&str> {
    let is_type = |name: &&str| r4().resource(name).is_some();
    if let Some((before, _)) = text.split_once('?') {
        return before.rsplit('/').next().filter(is_type);
    }
    let text = text
        .split_once("/_history/")
        .map_or(text, |(before, _)| before);
    let (before, id) = text.rsplit_once('/')?;
    let name = before.rsplit('/').next().filter(is_type)?;
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    ((1..=64).contains(&id.len()) && id.bytes().all(is_id)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    /// A Provenance with these contained resources, `(type, id)`, and a target `#id` each.
    fn provenance(contained: &[(&str, String)]) -> Value {
        let show = |(name, id): &(&str, String)| {
            let contained = format!(r#"{{"resourceType":"{name}","id":"{id}"}}"#);
            (contained, format!(r##"{{"reference":"#{id}"}}"##))
        };
        let (contained, targets): (Vec<_>, Vec<_>) = contained.iter().map(show).unzip();
        let text = format!(
            r#"{{"resourceType":"Provenance","contained":[{}],"target":[{}]}}"#,
            contained.join(","),
            targets.join(",")
        );
        json::parse(text.as_bytes()).unwrap()
    }

    fn patients(value: &Value) -> usize {
        let resource = Node::resource(value).unwrap();
        let parameter = r4().parameter(resource.type_id, "patient").unwrap();
        find(resource, parameter).len()
    }

    /// Five thousand million steps if each reference went through what is contained.
    #[test]
    fn many_references_to_many_contained_resources_are_followed_at_once() {
        let name = |number: usize| ["Patient", "Device"][number % 2];
        let contained: Vec<_> = (0..100_000)
            .map(|number| (name(number), number.to_string()))
            .collect();
        assert_eq!(patients(&provenance(&contained)), 50_000);
    }

    #[test]
    fn of_contained_resources_of_one_id_the_first_counts() {
        let both = ["Patient", "Device"].map(|name| (name, "a".to_owned()));
        assert_eq!(patients(&provenance(&both)), 2);
        let both = ["Device", "Patient"].map(|name| (name, "a".to_owned()));
        assert_eq!(patients(&provenance(&both)), 0);
    }
}
