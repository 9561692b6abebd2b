//! Goes through a resource beside its definition.

use super::{
    contained::Container,
    rule::{self, Verdict},
};
use crate::{
    IssueCode,
    definition::{Element, Kind, Node, Type, Variant, r4},
    fault::Faults,
    json::{Object, Value},
    path::Path,
};

/// A walk through one resource, with those that it contains.
pub(super) struct Walk<'a> {
    /// The resource that is checked.
    pub(super) resource: Node<'a>,
    /// The outermost one, which may contain others.
    pub(super) container: Container<'a>,
    /// Whether the resource stands in another one's `contained`.
    pub(super) is_contained: bool,
    faults: Faults,
    work: u32,
}

/// What was met of an object while its members were read.
struct Met {
    /// A bit for each element that is there.
    elements: u128,
    /// Whether any member begins with `_`; most objects have none.
    has_companions: bool,
}

impl<'a> Walk<'a> {
    /// Checks a resource that stands at this path.
    pub(super) fn begin(value: &'a Value, path: &Path, faults: &mut Faults) {
        let Some(resource) = known_resource(value, path, faults) else {
            return;
        };
        let mut walk = Self {
            resource,
            container: Container::new(value),
            is_contained: false,
            faults: std::mem::replace(faults, Faults::up_to(0)),
            work: rule::MAX_WORK,
        };
        walk.object(resource, path);
        walk.container.check(path, &mut walk.faults);
        *faults = walk.faults;
    }

    pub(super) fn fault(&mut self, code: IssueCode, text: impl Into<String>, path: &Path) {
        self.faults.add(code, text, None, path);
    }

    /// Checks an object of a type: its members, what is missing, its rules.
    fn object(&mut self, node: Node<'a>, path: &Path) {
        let own = r4().get(node.type_id);
        let Some(object) = node.value.as_object() else {
            let text = format!("must be a JSON object of type {}", own.name);
            return self.fault(IssueCode::Structure, text, path);
        };
        if object.is_empty() {
            return self.broken("ele-1", "must not be an empty object; leave it out", path);
        }
        let has_companions = object.iter().any(|(name, _)| name.starts_with('_'));
        let mut met = Met {
            elements: 0,
            has_companions,
        };
        for (name, value) in object.iter() {
            self.member(own, object, name, value, path, &mut met);
        }
        self.missing(own, &met, path);
        if node.type_id == r4().extension() {
            self.extension(object, path);
        }
        self.rules(&own.rules, node, path);
    }

    fn member(
        &mut self,
        own: &'static Type,
        object: &'a Object,
        name: &str,
        value: &'a Value,
        path: &Path,
        met: &mut Met,
    ) {
        let is_resource = own.kind == Kind::Resource;
        let (json_name, is_companion) = match name.strip_prefix('_') {
            Some(json_name) => (json_name, true),
            None => (name, false),
        };
        let Some(member) = own.member(json_name) else {
            if !(is_resource && name == "resourceType") {
                self.unknown(own, name, path);
            }
            return;
        };
        let Some((element, variant)) = own.parts(member) else {
            return;
        };
        let is_primitive = matches!(r4().get(variant.type_id).kind, Kind::Primitive(_));
        if is_companion && !is_primitive {
            return self.unknown(own, name, path);
        }
        // `_name` goes with `name`; alone it stands for it.
        let companion = if is_primitive && met.has_companions {
            object.get(&format!("_{json_name}"))
        } else {
            None
        };
        if is_companion && object.get(json_name).is_some() {
            return;
        }
        let bit = 1_u128
            .checked_shl(member.element.into())
            .unwrap_or_default();
        let named = path.name(element.name);
        let typed = named.of_type(r4().get(variant.type_id).name);
        let path = if element.is_choice { &typed } else { &named };
        if met.elements & bit != 0 {
            let text = format!("only one type of `{}[x]` may be there", element.name);
            self.fault(IssueCode::Structure, text, path);
        }
        met.elements |= bit;
        let value = (!is_companion).then_some(value);
        self.element(element, variant, value, companion, path);
    }

    fn unknown(&mut self, own: &Type, name: &str, path: &Path) {
        // A name that is none may be anything of a patient.
        let is_name = name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let text = format!("{} has no such element in R4", own.name);
        if is_name {
            self.fault(IssueCode::Structure, text, &path.name(name));
        } else {
            self.fault(IssueCode::Structure, text, path);
        }
    }

    /// Checks one element: the array or the single value, and what goes with it.
    fn element(
        &mut self,
        element: &'static Element,
        variant: &'static Variant,
        value: Option<&'a Value>,
        companion: Option<&'a Value>,
        path: &Path,
    ) {
        if !element.is_array() {
            if matches!(value, Some(Value::Array(_))) || matches!(companion, Some(Value::Array(_)))
            {
                return self.fault(IssueCode::Structure, "must not be an array", path);
            }
            return self.item(element, variant, value, companion, path);
        }
        let values = match value.map(Value::as_array) {
            Some(None) => return self.fault(IssueCode::Structure, "must be an array", path),
            Some(Some(values)) => values,
            None => &[],
        };
        let companions = match companion.map(Value::as_array) {
            Some(None) => {
                let text = "the extensions of an array must be an array";
                return self.fault(IssueCode::Structure, text, path);
            }
            Some(Some(companions)) => companions,
            None => &[],
        };
        let count = values.len().max(companions.len());
        if count == 0 {
            let text = "must not be an empty array; leave it out";
            return self.fault(IssueCode::Structure, text, path);
        }
        if companion.is_some() && value.is_some() && values.len() != companions.len() {
            let text =
                "the extensions of an array must be as many as its items, with `null` between";
            self.fault(IssueCode::Structure, text, path);
        }
        let not_null = |value: Option<&'a Value>| value.filter(|value| **value != Value::Null);
        for index in 0..count {
            let (value, companion) = (values.get(index), companions.get(index));
            // In an array `null` stands for what is on the other side only.
            let (value, companion) = match not_null(companion) {
                Some(companion) => (not_null(value), Some(companion)),
                None => (value, None),
            };
            self.item(element, variant, value, companion, &path.index(index));
        }
    }

    fn item(
        &mut self,
        element: &'static Element,
        variant: &'static Variant,
        value: Option<&'a Value>,
        companion: Option<&'a Value>,
        path: &Path,
    ) {
        let own = r4().get(variant.type_id);
        if let Some(companion) = companion {
            let type_id = r4().element_type();
            self.object(
                Node {
                    value: companion,
                    type_id,
                },
                path,
            );
        }
        let Some(value) = value else {
            if companion.is_none() {
                self.fault(
                    IssueCode::Structure,
                    "must not be `null`; leave it out",
                    path,
                );
            }
            return;
        };
        if *value == Value::Null {
            return self.fault(
                IssueCode::Structure,
                "must not be `null`; leave it out",
                path,
            );
        }
        let node = Node {
            value,
            type_id: variant.type_id,
        };
        match own.kind {
            Kind::Primitive(primitive) => self.primitive(primitive, element, value, path),
            Kind::Complex | Kind::Nested => {
                self.object(node, path);
                if variant.type_id == r4().reference() {
                    self.reference(variant, node, path);
                }
                self.concept(element, value, path);
            }
            Kind::Resource | Kind::Abstract => self.nested(element, variant, value, path),
        }
        self.rules(&element.rules, node, path);
    }

    /// A resource in a resource.
    fn nested(
        &mut self,
        element: &'static Element,
        variant: &'static Variant,
        value: &'a Value,
        path: &Path,
    ) {
        let Some(resource) = known_resource(value, path, &mut self.faults) else {
            return;
        };
        let one_type = variant.type_id != r4().any_resource();
        if one_type && resource.type_id != variant.type_id {
            let text = format!("must be of type {}", r4().get(variant.type_id).name);
            self.fault(IssueCode::Structure, text, path);
        }
        if element.name == "contained" {
            let outer = std::mem::replace(&mut self.resource, resource);
            let was_contained = std::mem::replace(&mut self.is_contained, true);
            self.container
                .enter(value, was_contained, path, &mut self.faults);
            self.object(resource, path);
            self.container.leave();
            self.is_contained = was_contained;
            self.resource = outer;
        } else {
            // An entry of a Bundle has contained resources of its own.
            let mut inner = Walk {
                resource,
                container: Container::new(value),
                is_contained: false,
                faults: std::mem::replace(&mut self.faults, Faults::up_to(0)),
                work: self.work,
            };
            inner.object(resource, path);
            inner.container.check(path, &mut inner.faults);
            self.work = inner.work;
            self.faults = inner.faults;
        }
    }

    fn missing(&mut self, own: &Type, met: &Met, path: &Path) {
        for (number, element) in (0_u32..).zip(&own.elements) {
            let bit = 1_u128.checked_shl(number).unwrap_or_default();
            if element.min > 0 && met.elements & bit == 0 {
                self.fault(IssueCode::Required, "is required", &path.name(element.name));
            }
        }
    }

    fn rules(&mut self, rules: &[u16], node: Node<'a>, path: &Path) {
        for number in rules {
            match rule::check(*number, self.resource, node, &mut self.work) {
                Verdict::Kept => {}
                Verdict::Broken => {
                    if let Some(rule) = r4().rules.get(usize::from(*number)) {
                        let key = rule.key.split('~').next().unwrap_or(rule.key);
                        self.broken(key, rule.human, path);
                    }
                }
                Verdict::TooCostly => {
                    let text = "the resource is too large for R4's rules to be checked";
                    return self.fault(IssueCode::TooCostly, text, path);
                }
            }
        }
    }

    pub(super) fn broken(&mut self, rule: &'static str, text: &str, path: &Path) {
        self.faults.broken(rule, text, path);
    }
}

fn known_resource<'a>(value: &'a Value, path: &Path, faults: &mut Faults) -> Option<Node<'a>> {
    let node = Node::resource(value);
    if node.is_none() {
        let text = match value.get("resourceType") {
            None => "must be an object with a resourceType, such as `Patient`",
            Some(_) => "unknown `resourceType`; FHIR R4 (4.0.1) names are case-sensitive",
        };
        faults.add(IssueCode::Structure, text, None, path);
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bit each in [`Met`].
    #[test]
    fn no_type_has_more_elements_than_bits() {
        let most = r4().types().map(|(_, own)| own.elements.len()).max();
        assert!(most < Some(128), "{most:?}");
    }
}
