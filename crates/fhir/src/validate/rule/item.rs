//! What an expression gives: a list of items, and how two of them compare.

use crate::{
    definition::{Node, Primitive, r4},
    json::Value,
    validate::moment,
};
use std::{borrow::Cow, cmp::Ordering};

/// One item of a result.
#[derive(Debug, Clone)]
pub(super) enum Item<'a> {
    /// An element.
    Node(Node<'a>),
    /// A primitive element that has extensions and no value.
    WithoutValue,
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
}

impl<'a> Item<'a> {
    /// The truth value; a single item that is none counts as true.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Node(node) => node.value.as_bool().unwrap_or(true),
            _ => true,
        }
    }

    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Node(node) => match node.value {
                Value::String(text) => Some(Cow::Borrowed(text)),
                Value::Number(number) => Some(Cow::Borrowed(number.as_str())),
                Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Node(Node {
                value: Value::Number(number),
                ..
            }) => number.as_str().parse().ok(),
            _ => None,
        }
    }

    fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Node(node) => node.value.as_bool(),
            _ => None,
        }
    }

    /// Whether two items are equal; `None` when they do not compare.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        if let (Some(one), Some(other)) = (self.number(), other.number()) {
            return Some(one.total_cmp(&other).is_eq());
        }
        if let (Some(one), Some(other)) = (self.bool(), other.bool()) {
            return Some(one == other);
        }
        if let (Self::Node(one), Self::Node(other)) = (self, other) {
            return Some(one.value == other.value);
        }
        Some(self.text()? == other.text()?)
    }

    /// Which is less; `None` when they do not compare.
    pub(super) fn compares(&self, other: &Self) -> Option<Ordering> {
        if let (Some(one), Some(other)) = (self.number(), other.number()) {
            return one.partial_cmp(&other);
        }
        let (Self::Node(one), Self::Node(other)) = (self, other) else {
            return None;
        };
        if one.type_id == other.type_id && one.value.as_object().is_some() {
            return compare_quantities(*one, *other);
        }
        let is_moment = |node: &Node| {
            let primitive = r4().get(node.type_id).primitive();
            matches!(
                primitive,
                Some(Primitive::Date | Primitive::DateTime | Primitive::Instant)
            )
        };
        match (one.value.as_str(), other.value.as_str()) {
            (Some(a), Some(b)) if is_moment(one) && is_moment(other) => moment::compare(a, b),
            _ => None,
        }
    }
}

/// Quantities compare when they say the same of their unit.
fn compare_quantities(one: Node, other: Node) -> Option<Ordering> {
    let same = |name| one.value.get(name) == other.value.get(name);
    let comparable = same("unit") && same("code") && same("system");
    let comparator = one
        .value
        .get("comparator")
        .or_else(|| other.value.get("comparator"));
    if !comparable || comparator.is_some() {
        return None;
    }
    let number = |node: Node| match node.value.get("value") {
        Some(Value::Number(number)) => number.as_str().parse::<f64>().ok(),
        _ => None,
    };
    number(one)?.partial_cmp(&number(other)?)
}
