//! Parts of a resource: `_summary` and `_elements`
//! (<https://hl7.org/fhir/R4/search.html#summary>,
//! <https://hl7.org/fhir/R4/search.html#elements>).
//!
//! Elements that R4 requires and those that can change the meaning of what holds them are
//! always left in, so that a part is valid R4 and says nothing else than the whole. What was
//! left out is told by the tag `SUBSETTED`.

#[cfg(test)]
mod tests;

use crate::{
    definition::{Element, Kind, Node, TypeId, r4},
    json::{Object, Value},
};

/// The code system and code of the tag.
const SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
const CODE: &str = "SUBSETTED";

/// Elements of every resource that are always left in.
const ALWAYS: [&str; 3] = ["id", "meta", "resourceType"];

/// Which part of a resource is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subset {
    /// The elements that R4 marks as part of a summary (`_summary=true`).
    Summary,
    /// The narrative, and elements that R4 requires (`_summary=text`).
    Text,
    /// All but the narrative (`_summary=data`).
    Data,
    /// Elements by name (`_elements`).
    Elements(Vec<String>),
}

impl Subset {
    /// The elements of a type that a list with commas names; `None` when it names another or
    /// none.
    #[must_use]
    pub fn elements(resource_type: &str, list: &str) -> Option<Self> {
        let own = r4().get(r4().resource(resource_type)?);
        let name = |name: &str| {
            let known = own.element(name.trim());
            known.map(|element| element.name.to_owned())
        };
        list.split(',')
            .map(name)
            .collect::<Option<_>>()
            .map(Self::Elements)
    }

    /// The part of a resource; one of no type that R4 has is left as it is.
    #[must_use]
    pub fn of(&self, mut resource: Value) -> Value {
        let type_id = Node::resource(&resource).map(|node| node.type_id);
        let (Some(type_id), Some(object)) = (type_id, resource.as_object_mut()) else {
            return resource;
        };
        let contained = match self {
            Self::Data => None,
            Self::Elements(names) if names.iter().any(|name| name == "contained") => None,
            _ => object.remove("contained"),
        };
        match self {
            Self::Summary => summarise(object, type_id),
            Self::Data => drop(object.remove("text")),
            Self::Text => keep(object, type_id, |element| element.name == "text"),
            Self::Elements(names) => keep(object, type_id, |element| {
                let modifies = element.is_modifier;
                modifies || names.iter().any(|name| name == element.name)
            }),
        }
        // What is referred to comes along.
        if let Some(contained) = contained.filter(|_| names_contained(object)) {
            object.insert("contained", contained);
        }
        mark(object);
        resource
    }
}

/// Whether content says that it is a part of a resource only.
#[must_use]
pub fn is_subset(resource: &Value) -> bool {
    let tags = resource.get("meta").and_then(|meta| meta.get("tag"));
    let tags = tags.and_then(Value::as_array).unwrap_or_default();
    tags.iter()
        .any(|tag| tag.get("code").and_then(Value::as_str) == Some(CODE))
}

/// The element that a member is of, or its extensions are.
fn element_of(type_id: TypeId, member: &str) -> Option<(&'static Element, TypeId)> {
    let own = r4().get(type_id);
    let name = member.strip_prefix('_').unwrap_or(member);
    let (element, variant) = own.parts(own.member(name)?)?;
    Some((element, variant.type_id))
}

/// Keeps elements of the resource itself, beside those that are required.
fn keep(object: &mut Object, type_id: TypeId, is_wanted: impl Fn(&Element) -> bool) {
    object.retain(|name, _| {
        let element = element_of(type_id, name).map(|(element, _)| element);
        ALWAYS.contains(&name)
            || element.is_some_and(|element| element.min > 0 || is_wanted(element))
    });
}

/// Keeps what is part of a summary, at every depth.
fn summarise(object: &mut Object, type_id: TypeId) {
    let is_kept = |name: &str| {
        let element = element_of(type_id, name).map(|(element, _)| element);
        name == "resourceType"
            || element
                .is_some_and(|element| element.is_summary || element.is_modifier || element.min > 0)
    };
    object.retain(|name, _| is_kept(name));
    for (name, value) in object.iter_mut() {
        if let Some((_, inner)) = element_of(type_id, name) {
            summarise_value(value, inner);
        }
    }
    object.retain(|_, value| !is_empty(value));
}

fn summarise_value(value: &mut Value, type_id: TypeId) {
    match value {
        Value::Array(items) => {
            items
                .iter_mut()
                .for_each(|item| summarise_value(item, type_id));
            items.retain(|item| !is_empty(item));
        }
        Value::Object(_) => {
            let type_id = match r4().get(type_id).kind {
                Kind::Abstract | Kind::Resource => {
                    Node::resource(value).map_or(type_id, |node| node.type_id)
                }
                // Its extensions are whole or not there.
                Kind::Primitive(_) => return,
                _ => type_id,
            };
            if let (Some(object), true) = (value.as_object_mut(), type_id != r4().extension()) {
                summarise(object, type_id);
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// Whether something refers to a contained resource.
fn names_contained(object: &Object) -> bool {
    object.iter().any(|(_, value)| holds_fragment(value))
}

fn holds_fragment(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with('#'),
        Value::Array(items) => items.iter().any(holds_fragment),
        Value::Object(object) => names_contained(object),
        _ => false,
    }
}

/// Adds the tag, unless it is there.
fn mark(object: &mut Object) {
    if object.get("meta").is_none() {
        object.insert("meta", Value::Object(Object::default()));
    }
    let Some(meta) = object.get_mut("meta").and_then(Value::as_object_mut) else {
        return;
    };
    let tag = Value::from([("code", CODE.into()), ("system", SYSTEM.into())]);
    match meta.get_mut("tag") {
        Some(Value::Array(tags)) if tags.contains(&tag) => {}
        Some(Value::Array(tags)) => tags.push(tag),
        _ => drop(meta.insert("tag", Value::Array(vec![tag]))),
    }
}
