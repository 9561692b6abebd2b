//! Elements of a resource by where they stand, so that they can be changed.

use super::element_path::{ElementPath, Equality, Step};
use crate::{
    definition::{Element, Kind, TypeId, r4},
    json::{Object, Value},
};

/// Steps through a resource that the paths of one patch may take.
const MAX_WORK: usize = 2_000_000;

/// Steps that may still be taken.
pub(super) struct Work(usize);

/// Why a path leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// It names what R4 does not have.
    Unknown,
    /// There was too much to go through.
    TooCostly,
}

impl Default for Work {
    fn default() -> Self {
        Self(MAX_WORK)
    }
}

impl Work {
    fn take(&mut self, steps: usize) -> Result<(), Lost> {
        self.0 = self.0.checked_sub(steps).ok_or(Lost::TooCostly)?;
        Ok(())
    }
}

/// One item of an element: the resource itself, or what a member of an object holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    /// From the resource to the value.
    way: Vec<Part>,
    /// Its type by R4's definitions.
    type_id: TypeId,
    /// The type of the object that has the member; of the resource itself its own.
    holder: TypeId,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Member(String),
    Item(usize),
}

/// The member that holds an item, and which of its items it is.
pub(super) struct Place<'s> {
    /// The object that has the member.
    pub(super) holder: Holder<'s>,
    /// The member's name in JSON.
    pub(super) member: &'s str,
    /// Where the item stands; `None` when the member is no list.
    pub(super) index: Option<usize>,
}

/// The way to an object, and its type.
#[derive(PartialEq)]
pub(super) struct Holder<'s> {
    way: &'s [Part],
    type_id: TypeId,
}

impl Spot {
    /// The spots that a path leads to.
    ///
    /// # Errors
    /// When it names what R4 does not have, or there is too much to go through.
    pub(super) fn find(
        resource: &Value,
        path: &ElementPath,
        work: &mut Work,
    ) -> Result<Vec<Self>, Lost> {
        let name = resource.get("resourceType").and_then(Value::as_str);
        let name = name.ok_or(Lost::Unknown)?;
        if path.root != name && !matches!(path.root.as_str(), "Resource" | "DomainResource") {
            return Err(Lost::Unknown);
        }
        let type_id = r4().resource(name).ok_or(Lost::Unknown)?;
        let start = Self {
            way: Vec::new(),
            type_id,
            holder: type_id,
        };
        let mut steps = path.steps.iter();
        steps.try_fold(vec![start], |spots, step| {
            follow(resource, spots, step, work)
        })
    }

    /// Its type; of a resource within another that of the resource.
    pub(super) fn type_in(&self, resource: &Value) -> TypeId {
        let is_resource = matches!(r4().get(self.type_id).kind, Kind::Resource | Kind::Abstract);
        let name = self
            .value(resource)
            .and_then(|value| value.get("resourceType"));
        match name.and_then(Value::as_str) {
            Some(name) if is_resource => r4().resource(name).unwrap_or(self.type_id),
            _ => self.type_id,
        }
    }

    /// Its value; `None` of a primitive that has extensions alone.
    pub(super) fn value<'v>(&self, resource: &'v Value) -> Option<&'v Value> {
        self.way
            .iter()
            .try_fold(resource, |value, part| match part {
                Part::Member(name) => value.get(name),
                Part::Item(index) => value.as_array()?.get(*index),
            })
    }

    /// Its value, to change it.
    pub(super) fn value_mut<'v>(&self, resource: &'v mut Value) -> Option<&'v mut Value> {
        descend(resource, &self.way)
    }

    /// Number of members and items on the way to it.
    pub(super) const fn steps(&self) -> usize {
        self.way.len()
    }

    /// Where it stands; `None` for the resource itself.
    pub(super) fn place(&self) -> Option<Place<'_>> {
        let (index, way) = match self.way.split_last()? {
            (Part::Item(index), way) => (Some(*index), way),
            _ => (None, self.way.as_slice()),
        };
        match way.split_last()? {
            (Part::Member(member), holder) => Some(Place {
                holder: Holder {
                    way: holder,
                    type_id: self.holder,
                },
                member,
                index,
            }),
            (Part::Item(_), _) => None,
        }
    }

    /// The items of an element of it.
    fn children(
        &self,
        resource: &Value,
        element: &Element,
        work: &mut Work,
    ) -> Result<Vec<Self>, Lost> {
        let mut found = Vec::new();
        let holder = self.type_in(resource);
        work.take(self.way.len() + 1)?;
        let Some(object) = self.value(resource).and_then(Value::as_object) else {
            return Ok(found);
        };
        for variant in &element.variants {
            let name = variant.json_name.as_ref();
            let companion = companion_of(name);
            let [value, companion] = [name, companion.as_str()].map(|name| object.get(name));
            let length = |value: Option<&Value>| value.and_then(Value::as_array).map(<[_]>::len);
            let mut push = |index: Option<usize>| {
                let mut way = self.way.clone();
                way.push(Part::Member(name.to_owned()));
                way.extend(index.map(Part::Item));
                found.push(Self {
                    way,
                    type_id: variant.type_id,
                    holder,
                });
            };
            let items = length(value).max(length(companion));
            work.take(items.unwrap_or(1).saturating_mul(self.way.len() + 2))?;
            match items {
                Some(length) => (0..length).for_each(|index| push(Some(index))),
                None if value.is_some() || companion.is_some() => push(None),
                None => {}
            }
        }
        Ok(found)
    }

    /// Whether there is one value, and it is the one asked for
    /// (<http://hl7.org/fhirpath/N1/#equals>).
    fn meets(&self, resource: &Value, equality: &Equality, work: &mut Work) -> Result<bool, Lost> {
        work.take(self.way.len() + 1)?;
        let mut spots = vec![self.clone()];
        for name in &equality.names {
            match children_of_all(resource, &spots, name, work) {
                Ok(next) => spots = next,
                Err(Lost::Unknown) => return Ok(false),
                Err(lost) => return Err(lost),
            }
        }
        let mut values = spots.iter().filter_map(|spot| spot.value(resource));
        let (value, another) = (values.next(), values.next());
        Ok(match (value, &equality.value) {
            _ if another.is_some() => false,
            (Some(Value::Number(one)), Value::Number(other)) => one.says_as(other),
            (one, other) => one == Some(other),
        })
    }
}

impl Holder<'_> {
    /// The object, to change its members.
    pub(super) fn find<'v>(&self, resource: &'v mut Value) -> Option<&'v mut Object> {
        descend(resource, self.way)?.as_object_mut()
    }

    /// Number of members and items on the way to it.
    pub(super) const fn steps(&self) -> usize {
        self.way.len()
    }

    /// The element that a member of it is of.
    pub(super) fn element(&self, member: &str) -> Option<&'static Element> {
        let own = r4().get(self.type_id);
        own.parts(own.member(member)?).map(|(element, _)| element)
    }
}

/// The member that holds id and extensions of a primitive one
/// (<https://hl7.org/fhir/R4/json.html#primitive>).
pub(super) fn companion_of(member: &str) -> String {
    format!("_{member}")
}

fn descend<'v>(resource: &'v mut Value, way: &[Part]) -> Option<&'v mut Value> {
    way.iter()
        .try_fold(resource, |value, part| match (part, value) {
            (Part::Member(name), Value::Object(object)) => object.get_mut(name),
            (Part::Item(index), Value::Array(items)) => items.get_mut(*index),
            _ => None,
        })
}

fn follow(
    resource: &Value,
    mut spots: Vec<Spot>,
    step: &Step,
    work: &mut Work,
) -> Result<Vec<Spot>, Lost> {
    match step {
        Step::Name(name) => children_of_all(resource, &spots, name, work),
        Step::Index(index) => Ok(spots.get(*index).cloned().into_iter().collect()),
        Step::First => {
            spots.truncate(1);
            Ok(spots)
        }
        Step::Last => Ok(spots.pop().into_iter().collect()),
        Step::Where(equalities) => those_that_meet(resource, spots, equalities, work),
        Step::OfType(name) => {
            r4().find(name).ok_or(Lost::Unknown)?;
            spots.retain(|spot| r4().get(spot.type_in(resource)).name == name);
            Ok(spots)
        }
        Step::Extension(url) => {
            let extensions = children_of_all(resource, &spots, "extension", work)?;
            let equality = Equality {
                names: vec!["url".to_owned()],
                value: url.as_str().into(),
            };
            those_that_meet(resource, extensions, &[equality], work)
        }
    }
}

fn those_that_meet(
    resource: &Value,
    spots: Vec<Spot>,
    equalities: &[Equality],
    work: &mut Work,
) -> Result<Vec<Spot>, Lost> {
    let mut kept = Vec::new();
    for spot in spots {
        let mut meets = true;
        for equality in equalities {
            meets = meets && spot.meets(resource, equality, work)?;
        }
        if meets {
            kept.push(spot);
        }
    }
    Ok(kept)
}

/// Unknown when some of them have items, and none can have an element of this name.
fn children_of_all(
    resource: &Value,
    spots: &[Spot],
    name: &str,
    work: &mut Work,
) -> Result<Vec<Spot>, Lost> {
    let mut found = Vec::new();
    let mut is_known = spots.is_empty();
    for spot in spots {
        if let Some(element) = r4().get(spot.type_in(resource)).element(name) {
            is_known = true;
            found.append(&mut spot.children(resource, element, work)?);
        }
    }
    if is_known {
        Ok(found)
    } else {
        Err(Lost::Unknown)
    }
}
