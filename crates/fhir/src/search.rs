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
    let elements = paths
        .iter()
        .flat_map(|path| evaluate(resource, resource, path));
    if parameter.components.is_empty() {
        return elements.map(Found::Element).collect();
    }
    let parts = |element: Node<'a>| -> Option<Found<'a>> {
        let components = parameter.components.iter().map(|component| {
            let paths = component.paths.iter();
            let found: Vec<_> = paths
                .flat_map(|path| evaluate(resource, element, path))
                .collect();
            (!found.is_empty()).then_some(found)
        });
        Some(Found::Composite(components.collect::<Option<_>>()?))
    };
    elements.filter_map(parts).collect()
}

/// The elements that a path leads to, in the order in which they stand.
#[must_use]
pub fn evaluate<'a>(resource: Node<'a>, from: Node<'a>, path: &Path) -> Vec<Node<'a>> {
    let start = [if path.is_absolute { resource } else { from }];
    let Some((first, rest)) = path.steps.split_first() else {
        return start.to_vec();
    };
    let mut at = follow(resource, &start, first);
    for step in rest {
        at = follow(resource, &at, step);
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

fn follow<'a>(resource: Node<'a>, from: &[Node<'a>], step: &Step) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    for node in from {
        node.children(step.name, &mut |child| {
            let goes_on = match &step.filter {
                Filter::All | Filter::Index(_) => true,
                Filter::OfType(name) => child.type_name() == *name,
                Filter::Where(name, code) => child.text(name) == Some(*code),
                Filter::Resolves(name) => leads_to(resource, child) == Some(*name),
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
/// the contained resource it names, or by its `type`.
#[must_use]
pub fn leads_to<'a>(resource: Node<'a>, reference: Node<'a>) -> Option<&'a str> {
    let Some(text) = reference.text("reference") else {
        return reference.text("type");
    };
    match text.strip_prefix('#') {
        // The resource that contains, seen from one that it contains.
        Some("") => Some(resource.type_name()),
        Some(id) => contained(resource.value, id)?.get("resourceType")?.as_str(),
        None => type_in(text).or_else(|| reference.text("type")),
    }
}

fn contained<'a>(resource: &'a Value, id: &str) -> Option<&'a Value> {
    let all = resource.get("contained")?.as_array()?;
    all.iter()
        .find(|one| one.get("id").and_then(Value::as_str) == Some(id))
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
