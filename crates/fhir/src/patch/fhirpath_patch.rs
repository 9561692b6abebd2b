//! FHIRPath Patch (<https://hl7.org/fhir/R4/fhirpatch.html>).

use super::{
    element_path::ElementPath,
    new_value::{self, Item, Misfit, NewValue},
    refusal,
    spot::{Lost, Place, Spot, Work, companion_of},
};
use crate::{
    IssueCode, Refusal,
    json::{Object, Value},
};

/// An operation, with its number in the patch, from 1.
pub(super) struct Operation {
    number: usize,
    path: ElementPath,
    change: Change,
}

enum Change {
    Add { name: String, value: NewValue },
    Insert { index: usize, value: NewValue },
    Delete,
    Replace(NewValue),
    Move { source: usize, destination: usize },
}

/// Why an operation cannot be carried out.
#[derive(Clone, Copy)]
enum Fault {
    /// The path names what R4 does not have, or begins with another type.
    Unknown,
    NotThere,
    /// The path leads to several elements.
    Several,
    /// The path leads to the resource itself.
    Whole,
    /// The path leads to no list, or to several.
    NoList,
    Index,
    TooCostly,
    Misfit(Misfit),
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Unknown => Self::Unknown,
            Lost::TooCostly => Self::TooCostly,
        }
    }
}

impl Operation {
    /// Reads a parameter named `operation`.
    pub(super) fn read(number: usize, parameter: &Value) -> Result<Self, Refusal> {
        let malformed = |text: &str| refusal(IssueCode::Structure, number, text);
        if parameter.get("name").and_then(Value::as_str) != Some("operation") {
            return Err(malformed("the name of the parameter must be `operation`"));
        }
        let parts = Parts(
            parameter
                .get("part")
                .and_then(Value::as_array)
                .unwrap_or_default(),
        );
        parts.refuse_others().map_err(malformed)?;
        let path = parts
            .text("path")
            .and_then(ElementPath::parse)
            .ok_or_else(|| {
                malformed(
                    "its `path` must be a FHIRPath of element names, indexes, first(), last(), \
                 where() with `=`, ofType() and extension()",
                )
            })?;
        let value = || {
            let value = parts.get("value").and_then(NewValue::read);
            value.ok_or_else(|| malformed("it must have a part `value`"))
        };
        let index = |name: &str| {
            let index = parts
                .get(name)
                .and_then(|part| part.get("valueInteger")?.as_u64());
            let index = index.and_then(|index| usize::try_from(index).ok());
            index.ok_or_else(|| malformed(&format!("it must have a part `{name}`, an integer")))
        };
        let change = match parts.text("type") {
            Some("add") => Change::Add {
                name: (parts.text("name").map(str::to_owned))
                    .ok_or_else(|| malformed("it must have a part `name`"))?,
                value: value()?,
            },
            Some("insert") => Change::Insert {
                index: index("index")?,
                value: value()?,
            },
            Some("delete") => Change::Delete,
            Some("replace") => Change::Replace(value()?),
            Some("move") => Change::Move {
                source: index("source")?,
                destination: index("destination")?,
            },
            _ => {
                let text = "its `type` must be one of add, insert, delete, replace, move";
                return Err(malformed(text));
            }
        };
        Ok(Self {
            number,
            path,
            change,
        })
    }

    /// Carries it out.
    pub(super) fn apply(&self, resource: &mut Value, work: &mut Work) -> Result<(), Refusal> {
        self.carry_out(resource, work)
            .map_err(|fault| self.refusal(fault))
    }

    fn carry_out(&self, resource: &mut Value, work: &mut Work) -> Result<(), Fault> {
        let spots = Spot::find(resource, &self.path, work)?;
        match &self.change {
            Change::Add { name, value } => {
                let spot = one(&spots)?.ok_or(Fault::NotThere)?;
                let type_id = spot.type_in(resource);
                let object = spot.value_mut(resource).ok_or(Fault::NotThere)?;
                new_value::add(object, (type_id, spot.steps()), name, value).map_err(Fault::Misfit)
            }
            Change::Insert { index, value } => {
                let list = List::of(&spots)?;
                if *index > spots.len() {
                    return Err(Fault::Index);
                }
                let (member, item) = list.item(value)?;
                let object = list.object(resource)?;
                new_value::insert(object, &member, *index, item);
                Ok(())
            }
            Change::Delete => match one(&spots)? {
                Some(spot) => take(resource, spot).map(drop),
                None => Ok(()),
            },
            Change::Replace(value) => {
                let spot = one(&spots)?.ok_or(Fault::NotThere)?;
                replace(resource, spot, value)
            }
            Change::Move {
                source,
                destination,
            } => {
                let list = List::of(&spots)?;
                let spot = spots.get(*source).ok_or(Fault::Index)?;
                if *destination >= spots.len() {
                    return Err(Fault::Index);
                }
                let item = take(resource, spot)?;
                let object = list.object(resource)?;
                new_value::insert(object, list.0.member, *destination, item);
                Ok(())
            }
        }
    }

    fn refusal(&self, fault: Fault) -> Refusal {
        let (code, text) = match fault {
            Fault::Unknown => (
                IssueCode::Value,
                "its path must begin with the type of the resource and name elements that R4 has",
            ),
            Fault::NotThere => (IssueCode::NotFound, "its path leads to no element"),
            Fault::Several => (
                IssueCode::MultipleMatches,
                "its path leads to several elements; name one by its index",
            ),
            Fault::Whole => (
                IssueCode::Value,
                "its path leads to the resource itself, which is replaced by PUT and deleted by \
                 DELETE",
            ),
            Fault::NoList => (
                IssueCode::Value,
                "its path must lead to all items of one list",
            ),
            Fault::Index => (IssueCode::Value, "the list is not so long"),
            Fault::TooCostly => (
                IssueCode::TooCostly,
                "the paths of the patch go through too much; send it in parts, or as a JSON Patch",
            ),
            Fault::Misfit(Misfit::Depth) => (
                IssueCode::Structure,
                "objects and arrays would nest deeper than 64",
            ),
            Fault::Misfit(Misfit::NoSuchElement) => {
                (IssueCode::Value, "R4 has no element of this name there")
            }
            Fault::Misfit(Misfit::IsThere) => (
                IssueCode::Duplicate,
                "the element is there already and is no list; replace it",
            ),
            Fault::Misfit(Misfit::Type) => (
                IssueCode::Value,
                "the element is a choice of types, and the value is of none of them",
            ),
        };
        refusal(code, self.number, text)
    }
}

/// The parts of an operation.
struct Parts<'v>(&'v [Value]);

impl<'v> Parts<'v> {
    fn get(&self, name: &str) -> Option<&'v Value> {
        let is_named = |part: &&Value| part.get("name").and_then(Value::as_str) == Some(name);
        self.0.iter().find(is_named)
    }

    /// The text of a part, by whichever type of string it is.
    fn text(&self, name: &str) -> Option<&'v str> {
        let part = self.get(name)?;
        let types = ["valueCode", "valueString"];
        types
            .into_iter()
            .find_map(|member| part.get(member)?.as_str())
    }

    /// Refuses parts that are not known, or stand twice.
    fn refuse_others(&self) -> Result<(), &'static str> {
        const NAMES: [&str; 7] = [
            "destination",
            "index",
            "name",
            "path",
            "source",
            "type",
            "value",
        ];
        let mut seen = Vec::new();
        for part in self.0 {
            let name = part.get("name").and_then(Value::as_str).unwrap_or_default();
            if !NAMES.contains(&name) {
                return Err(
                    "its parts are type, path, name, value, index, source and destination; one \
                     is named otherwise",
                );
            }
            if seen.contains(&name) {
                return Err("one of its parts stands twice");
            }
            seen.push(name);
        }
        Ok(())
    }
}

/// All items of one list.
struct List<'s>(Place<'s>);

impl<'s> List<'s> {
    fn of(spots: &'s [Spot]) -> Result<Self, Fault> {
        let first = spots.first().ok_or(Fault::NotThere)?;
        let first = first.place().ok_or(Fault::Whole)?;
        for (at, spot) in spots.iter().enumerate() {
            let place = spot.place().ok_or(Fault::Whole)?;
            let is_of_it = place.holder == first.holder && place.member == first.member;
            if !is_of_it || place.index != Some(at) {
                return Err(Fault::NoList);
            }
        }
        Ok(Self(first))
    }

    fn object<'v>(&self, resource: &'v mut Value) -> Result<&'v mut Object, Fault> {
        self.0.holder.find(resource).ok_or(Fault::NotThere)
    }

    fn item(&self, value: &NewValue) -> Result<(String, Item), Fault> {
        let element = self.0.holder.element(self.0.member).ok_or(Fault::Unknown)?;
        let (member, item) = value.item_of(element).map_err(Fault::Misfit)?;
        let way = self.0.holder.steps();
        item.require_depth(way).map_err(Fault::Misfit)?;
        Ok((member, item))
    }
}

/// The only spot, if there is any.
fn one(spots: &[Spot]) -> Result<Option<&Spot>, Fault> {
    match spots {
        [] => Ok(None),
        [spot] => Ok(Some(spot)),
        _ => Err(Fault::Several),
    }
}

/// Takes an item out, of a primitive with its companion.
fn take(resource: &mut Value, spot: &Spot) -> Result<Item, Fault> {
    let place = spot.place().ok_or(Fault::Whole)?;
    let object = place.holder.find(resource).ok_or(Fault::NotThere)?;
    let mut taken = |member: &str| match place.index {
        None => object.remove(member),
        Some(index) => match object.get_mut(member) {
            Some(Value::Array(items)) if index < items.len() => Some(items.remove(index)),
            _ => None,
        },
    };
    Ok(Item {
        value: taken(place.member),
        companion: taken(&companion_of(place.member)),
    })
}

fn replace(resource: &mut Value, spot: &Spot, value: &NewValue) -> Result<(), Fault> {
    let place = spot.place().ok_or(Fault::Whole)?;
    let element = place.holder.element(place.member).ok_or(Fault::Unknown)?;
    let (member, item) = value.item_of(element).map_err(Fault::Misfit)?;
    let way = place.holder.steps();
    item.require_depth(way).map_err(Fault::Misfit)?;
    take(resource, spot)?;
    let object = place.holder.find(resource).ok_or(Fault::NotThere)?;
    match place.index {
        Some(index) => new_value::insert(object, &member, index, item),
        None => new_value::set(object, &member, item),
    }
    Ok(())
}
