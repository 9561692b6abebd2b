//! An element of a resource together with its FHIR type.

use super::{Kind, TypeId, r4};
use crate::json::Value;

/// A JSON value and the type it has by R4's definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node<'a> {
    /// The value as it stands in the resource.
    pub value: &'a Value,
    /// Its type.
    pub type_id: TypeId,
}

impl<'a> Node<'a> {
    /// A resource by its `resourceType`; `None` when R4 has no such type.
    #[must_use]
    pub fn resource(value: &'a Value) -> Option<Self> {
        let name = value.get("resourceType")?.as_str()?;
        let type_id = r4().resource(name)?;
        Some(Self { value, type_id })
    }

    /// Shows each item of the element of this name; `value` finds every type of
    /// `value[x]`.
    pub fn children(self, name: &str, show: &mut impl FnMut(Self)) {
        let Some(element) = r4().get(self.type_id).element(name) else {
            return;
        };
        for variant in &element.variants {
            if let Some(value) = self.value.get(&variant.json_name) {
                items(value, variant.type_id, show);
            }
        }
    }

    /// Shows each item of every element.
    pub(crate) fn each_child(self, show: &mut impl FnMut(Self)) {
        let own = r4().get(self.type_id);
        let Some(object) = self.value.as_object() else {
            return;
        };
        for (name, value) in object.iter() {
            if let Some((_, variant)) = own.member(name).and_then(|one| own.parts(one)) {
                items(value, variant.type_id, show);
            }
        }
    }

    /// The name of its type.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        r4().get(self.type_id).name
    }

    /// The code, when one of its elements of this name is a string.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }
}

/// Shows each item; of an array of primitives `null` stands for an item that has
/// extensions alone.
fn items<'a>(value: &'a Value, type_id: TypeId, show: &mut impl FnMut(Node<'a>)) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| items(value, type_id, show)),
        Value::Null => {}
        value if matches!(r4().get(type_id).kind, Kind::Abstract | Kind::Resource) => {
            show(Node::resource(value).unwrap_or(Node { value, type_id }));
        }
        value => show(Node { value, type_id }),
    }
}
