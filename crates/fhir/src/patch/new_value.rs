//! The value that an operation of a FHIRPath Patch brings: `value[x]`, a resource, or
//! parts by element names.

use super::{fits, spot::companion_of};
use crate::{
    definition::{Element, TypeId, r4},
    json::{Object, Value},
};

/// A value before it is known which element it is for.
pub(super) enum NewValue {
    /// `value[x]`: the type that the member's name ends in, and the value, the companion
    /// or both.
    Typed(String, Item),
    /// `resource`
    Resource(Value),
    /// `part`: elements by name.
    Parts(Vec<(String, NewValue)>),
}

/// A value of an element; that of a primitive with its companion.
#[derive(Default)]
pub(super) struct Item {
    pub(super) value: Option<Value>,
    pub(super) companion: Option<Value>,
}

/// Why a value does not fit an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// R4 has no such element.
    NoSuchElement,
    /// The element is there already and is no list.
    IsThere,
    /// No type of the choice, or a type that does not tell which.
    Type,
    /// It would nest too deep.
    Depth,
}

impl NewValue {
    /// Of a parameter; `None` when it has none.
    pub(super) fn read(parameter: &Value) -> Option<Self> {
        let object = parameter.as_object()?;
        if let Some(resource) = object.get("resource") {
            return Some(Self::Resource(resource.clone()));
        }
        if let Some(parts) = object.get("part") {
            let named = |part: &Value| {
                let name = part.get("name")?.as_str()?.to_owned();
                Some((name, Self::read(part)?))
            };
            let parts = parts.as_array()?.iter().map(named);
            return parts.collect::<Option<_>>().map(Self::Parts);
        }
        let mut names = object.iter().map(|(name, _)| name.trim_start_matches('_'));
        let type_name = names.find_map(|name| name.strip_prefix("value"))?;
        let member = format!("value{type_name}");
        let item = Item {
            value: object.get(&member).cloned(),
            companion: object.get(&companion_of(&member)).cloned(),
        };
        Some(Self::Typed(type_name.to_owned(), item))
    }

    /// As an item of an element: the member that holds it, and the item.
    pub(super) fn item_of(&self, element: &Element) -> Result<(String, Item), Misfit> {
        let variant = match (self, element.is_choice) {
            (Self::Typed(type_name, _), true) => {
                let name = format!("{}{type_name}", element.name);
                element.variants.iter().find(|one| one.json_name == name)
            }
            (_, true) => None,
            (_, false) => element.variants.first(),
        };
        let variant = variant.ok_or(Misfit::Type)?;
        let item = match self {
            Self::Typed(_, item) => Item {
                value: item.value.clone(),
                companion: item.companion.clone(),
            },
            Self::Resource(resource) => resource.clone().into(),
            Self::Parts(parts) => object_of(variant.type_id, parts)?.into(),
        };
        Ok((variant.json_name.to_string(), item))
    }
}

impl Item {
    /// Refuses an item that would nest too deep in a member of an object that stands behind
    /// so many members and items.
    pub(super) fn require_depth(&self, way: usize) -> Result<(), Misfit> {
        let mut values = self.value.iter().chain(&self.companion);
        // The member, and the list that it may be.
        if values.all(|value| fits(way + 2, value)) {
            return Ok(());
        }
        Err(Misfit::Depth)
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Self {
            value: Some(value),
            companion: None,
        }
    }
}

fn object_of(type_id: TypeId, parts: &[(String, NewValue)]) -> Result<Value, Misfit> {
    let mut object = Value::Object(Object::new());
    for (name, value) in parts {
        add(&mut object, (type_id, 0), name, value)?;
    }
    Ok(object)
}

/// Adds an element to an object of a type, which stands behind so many members and items:
/// at the end of a list, else where none stands.
pub(super) fn add(
    object: &mut Value,
    (type_id, way): (TypeId, usize),
    name: &str,
    value: &NewValue,
) -> Result<(), Misfit> {
    let own = r4().get(type_id);
    if own.primitive().is_some() {
        return Err(Misfit::NoSuchElement);
    }
    // A choice is named by its element, and by the member of one of its types too.
    let element = own.element(name.strip_suffix("[x]").unwrap_or(name));
    let element = element.ok_or(Misfit::NoSuchElement)?;
    let (member, item) = value.item_of(element)?;
    item.require_depth(way)?;
    let object = object.as_object_mut().ok_or(Misfit::NoSuchElement)?;
    if element.is_array() {
        append(object, &member, item);
        return Ok(());
    }
    let is_there = element.variants.iter().any(|variant| {
        let name = variant.json_name.as_ref();
        object.get(name).is_some() || object.get(&companion_of(name)).is_some()
    });
    if is_there {
        return Err(Misfit::IsThere);
    }
    set(object, &member, item);
    Ok(())
}

/// Sets a member that is no list.
pub(super) fn set(object: &mut Object, member: &str, item: Item) {
    if let Some(value) = item.value {
        object.insert(member, value);
    }
    if let Some(companion) = item.companion {
        object.insert(companion_of(member), companion);
    }
}

fn append(object: &mut Object, member: &str, item: Item) {
    let lengths = [member, &companion_of(member)].map(|name| {
        let items = object.get(name).and_then(Value::as_array);
        items.map_or(0, <[_]>::len)
    });
    let length = lengths.into_iter().max().unwrap_or(0);
    insert(object, member, length, item);
}

/// Inserts into a list and its companion, which stay of one length.
pub(super) fn insert(object: &mut Object, member: &str, at: usize, item: Item) {
    let names = [member.to_owned(), companion_of(member)];
    let lists = names.map(|name| {
        let list = match object.remove(&name) {
            Some(Value::Array(items)) => Some(items),
            _ => None,
        };
        (name, list)
    });
    let lengths = lists
        .iter()
        .map(|(_, list)| list.as_ref().map_or(0, Vec::len));
    let length = lengths.max().unwrap_or(0).max(at);
    for ((name, list), value) in lists.into_iter().zip([item.value, item.companion]) {
        if list.is_none() && value.is_none() {
            continue;
        }
        let mut items = list.unwrap_or_default();
        items.resize(length, Value::Null);
        items.insert(at, value.unwrap_or(Value::Null));
        object.insert(name, items);
    }
}
