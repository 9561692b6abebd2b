//! Evaluates an expression over an element.
//!
//! FHIRPath's three values: an empty result is neither true nor false. Work is counted, so
//! that no resource makes a rule run long.

use super::{
    item::Item,
    parse::{Expr, Operator},
};
use crate::definition::{Kind, Node, r4};
use std::{borrow::Cow, collections::HashSet};

type Items<'a> = Vec<Item<'a>>;

/// What a rule is evaluated over.
pub(super) struct Evaluation<'a, 'w> {
    pub(super) resource: Node<'a>,
    pub(super) context: Node<'a>,
    /// Steps that are left for the whole resource.
    pub(super) work: &'w mut u32,
}

impl<'a> Evaluation<'a, '_> {
    /// The truth of an expression; `None` when its result is empty.
    pub(super) fn truth(&mut self, expression: &Expr, this: &Item<'a>) -> Option<bool> {
        match self.evaluate(expression, this).as_slice() {
            [one] => Some(one.truth()),
            _ => None,
        }
    }

    fn evaluate(&mut self, expression: &Expr, this: &Item<'a>) -> Items<'a> {
        if *self.work == 0 {
            return Vec::new();
        }
        *self.work -= 1;
        match expression {
            Expr::This => vec![this.clone()],
            Expr::Resource => vec![Item::Node(self.resource)],
            Expr::Context => vec![Item::Node(self.context)],
            Expr::Empty => Vec::new(),
            Expr::Text(text) => vec![Item::Text(Cow::Borrowed(text))],
            Expr::Texts(texts) => texts
                .iter()
                .map(|text| Item::Text(Cow::Borrowed(text)))
                .collect(),
            Expr::Number(number) => vec![Item::Number(*number)],
            Expr::Bool(value) => vec![Item::Bool(*value)],
            Expr::Child(from, name) => {
                let from = self.evaluate(from, this);
                self.children(&from, name)
            }
            Expr::Call(from, name, arguments) => self.call(from, name, arguments, this),
            Expr::Binary(operator, left, right) => self.binary(*operator, left, right, this),
            Expr::Is(from, name) => {
                let from = self.evaluate(from, this);
                from.first()
                    .map(|one| Item::Bool(is_type(one, name)))
                    .into_iter()
                    .collect()
            }
            Expr::As(from, name) => {
                let mut from = self.evaluate(from, this);
                from.retain(|one| is_type(one, name));
                from
            }
        }
    }

    fn children(&mut self, from: &[Item<'a>], name: &str) -> Items<'a> {
        let mut found = Vec::new();
        for item in from {
            let Item::Node(node) = item else { continue };
            let before = found.len();
            node.children(name, &mut |child| found.push(Item::Node(child)));
            if found.len() == before && has_extensions_alone(*node, name) {
                found.push(Item::WithoutValue);
            }
        }
        self.spend(found.len());
        found
    }

    fn spend(&mut self, steps: usize) {
        *self.work = self
            .work
            .saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
    }

    fn call(&mut self, from: &Expr, name: &str, arguments: &[Expr], this: &Item<'a>) -> Items<'a> {
        let from = self.evaluate(from, this);
        let bool = |value: bool| vec![Item::Bool(value)];
        match (name, arguments) {
            ("exists", []) => bool(!from.is_empty()),
            ("exists", [test]) => bool(!self.filter(&from, test).is_empty()),
            ("empty", _) => bool(from.is_empty()),
            ("count", _) => vec![Item::Number(from.len() as f64)],
            ("not", _) => match from.as_slice() {
                [one] => bool(!one.truth()),
                _ => Vec::new(),
            },
            ("where", [test]) => self.filter(&from, test),
            ("all", [test]) => {
                let all = from.iter().all(|one| self.truth(test, one) != Some(false));
                bool(all)
            }
            ("allFalse", _) => bool(!from.iter().any(Item::truth)),
            ("select", [path]) => from
                .iter()
                .flat_map(|one| self.evaluate(path, one))
                .collect(),
            ("first", _) => from.into_iter().take(1).collect(),
            ("last", _) => from.into_iter().next_back().into_iter().collect(),
            ("tail", _) => from.into_iter().skip(1).collect(),
            ("trace", _) => from,
            ("isDistinct", _) => bool(distinct(&from).len() == from.len()),
            ("distinct", _) => distinct(&from),
            ("hasValue", _) => bool(matches!(from.as_slice(), [Item::Node(_)])),
            ("descendants", _) => self.descendants(&from),
            ("iif", [test, then, otherwise @ ..]) => {
                if self.truth(test, this) == Some(true) {
                    self.evaluate(then, this)
                } else {
                    otherwise
                        .iter()
                        .flat_map(|one| self.evaluate(one, this))
                        .collect()
                }
            }
            ("combine", [other]) => {
                let other = self.evaluate(other, this);
                from.into_iter().chain(other).collect()
            }
            ("intersect", [other]) => {
                let other = self.evaluate(other, this);
                self.spend(from.len().saturating_mul(other.len()));
                let among = |one: &Item| other.iter().any(|two| one.equals(two) == Some(true));
                from.into_iter().filter(among).collect()
            }
            _ => self
                .text_call(&from, name, arguments, this)
                .into_iter()
                .collect(),
        }
    }

    /// Functions of one text.
    fn text_call(
        &mut self,
        from: &[Item<'a>],
        name: &str,
        arguments: &[Expr],
        this: &Item<'a>,
    ) -> Option<Item<'a>> {
        let [one] = from else { return None };
        let text = one.text()?;
        let argument = arguments
            .first()
            .map(|argument| self.evaluate(argument, this));
        let argument = argument.and_then(|found| found.first().and_then(Item::text));
        Some(match name {
            "startsWith" => Item::Bool(text.starts_with(argument?.as_ref())),
            "contains" => Item::Bool(text.contains(argument?.as_ref())),
            "toInteger" => Item::Number(text.parse::<i32>().ok()?.into()),
            "toString" => Item::Text(text),
            _ => return None,
        })
    }

    fn filter(&mut self, from: &[Item<'a>], test: &Expr) -> Items<'a> {
        let kept = from
            .iter()
            .filter(|one| self.truth(test, one) == Some(true));
        kept.cloned().collect()
    }

    /// Every element below, in no order that a rule asks for.
    fn descendants(&mut self, from: &[Item<'a>]) -> Items<'a> {
        let mut found = from.to_vec();
        let mut next = 0;
        while let Some(item) = found.get(next) {
            next += 1;
            let Item::Node(node) = item else { continue };
            let (node, before) = (*node, found.len());
            node.each_child(&mut |child| found.push(Item::Node(child)));
            self.spend(found.len() - before);
            if *self.work == 0 {
                break;
            }
        }
        found.drain(..from.len());
        found
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expr,
        right: &Expr,
        this: &Item<'a>,
    ) -> Items<'a> {
        if let Operator::And | Operator::Or | Operator::Xor | Operator::Implies = operator {
            let truth = self.logic(operator, left, right, this);
            return truth.map(Item::Bool).into_iter().collect();
        }
        let (left, right) = (self.evaluate(left, this), self.evaluate(right, this));
        self.spend(left.len().saturating_add(right.len()));
        match operator {
            Operator::Union => distinct(&left.into_iter().chain(right).collect::<Vec<_>>()),
            Operator::Concatenate => {
                let text = |items: &[Item<'a>]| items.first().and_then(Item::text);
                let (left, right) = (text(&left), text(&right));
                let both = left.unwrap_or_default() + right.unwrap_or_default();
                vec![Item::Text(both)]
            }
            _ => compare(operator, &left, &right).into_iter().collect(),
        }
    }

    fn logic(
        &mut self,
        operator: Operator,
        left: &Expr,
        right: &Expr,
        this: &Item<'a>,
    ) -> Option<bool> {
        let left = self.truth(left, this);
        // The right side is looked at only where it can change the result.
        match (operator, left) {
            (Operator::And | Operator::Implies, Some(false)) => {
                return Some(operator == Operator::Implies);
            }
            (Operator::Or, Some(true)) => return Some(true),
            _ => {}
        }
        let right = self.truth(right, this);
        match (operator, left, right) {
            (Operator::And, _, Some(false)) => Some(false),
            (Operator::Or | Operator::Implies, _, Some(true)) => Some(true),
            (Operator::Xor, left, right) => Some(left? != right?),
            (Operator::Or, left, right) => Some(left? || right?),
            (_, left, right) => Some(left? && right?),
        }
    }
}

/// Operators that need both sides; membership and comparison of single items.
fn compare<'a>(operator: Operator, left: &[Item<'a>], right: &[Item<'a>]) -> Option<Item<'a>> {
    let holds = match (operator, left, right) {
        (Operator::In, [one], all) | (Operator::Contains, all, [one]) => {
            all.iter().any(|other| one.equals(other) == Some(true))
        }
        (Operator::Equal, [one], [other]) => one.equals(other)?,
        (Operator::NotEqual, [one], [other]) => !one.equals(other)?,
        (Operator::Less, [one], [other]) => one.compares(other)?.is_lt(),
        (Operator::LessOrEqual, [one], [other]) => one.compares(other)?.is_le(),
        (Operator::Greater, [one], [other]) => one.compares(other)?.is_gt(),
        (Operator::GreaterOrEqual, [one], [other]) => one.compares(other)?.is_ge(),
        (Operator::Add, [one], [other]) => {
            return Some(Item::Number(one.number()? + other.number()?));
        }
        _ => return None,
    };
    Some(Item::Bool(holds))
}

/// Each item once.
fn distinct<'a>(items: &[Item<'a>]) -> Items<'a> {
    let mut seen = HashSet::new();
    let key = |item: &Item| {
        let mut key = Vec::new();
        match item {
            Item::Node(node) => node.value.write_canonical(&mut key),
            other => key.extend(format!("{other:?}").into_bytes()),
        }
        key
    };
    items
        .iter()
        .filter(|item| seen.insert(key(item)))
        .cloned()
        .collect()
}

/// Whether a primitive element stands there as `_name` alone.
fn has_extensions_alone(node: Node, name: &str) -> bool {
    let Some(object) = node.value.as_object() else {
        return false;
    };
    if !object.iter().any(|(name, _)| name.starts_with('_')) {
        return false;
    }
    let element = r4().get(node.type_id).element(name);
    element.is_some_and(|element| {
        element.variants.iter().any(|variant| {
            matches!(r4().get(variant.type_id).kind, Kind::Primitive(_))
                && object.get(&format!("_{}", variant.json_name)).is_some()
        })
    })
}

/// `Boolean` and the other types of FHIRPath stand for those of FHIR.
fn is_type(item: &Item, name: &str) -> bool {
    match item {
        Item::Node(node) => {
            let own = node.type_name();
            own == name || (own == "boolean" && name == "Boolean")
        }
        Item::Bool(_) => name == "Boolean",
        _ => false,
    }
}
