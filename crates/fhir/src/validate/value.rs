//! Single values of a resource: primitives, required codes, references, extensions.

use super::{narrative, primitive, shape::Walk};
use crate::{
    IssueCode,
    definition::{Element, Node, Primitive, Variant, r4},
    json::{Object, Value},
    path::Path,
    search::leads_to,
};

impl<'a> Walk<'a> {
    pub(super) fn primitive(
        &mut self,
        primitive: Primitive,
        element: &Element,
        value: &'a Value,
        path: &Path,
    ) {
        if let Some(text) = primitive::fault(primitive, value) {
            return self.fault(IssueCode::Value, text, path);
        }
        let Some(text) = value.as_str() else { return };
        match primitive {
            Primitive::Xhtml => {
                if let Some((rule, says)) = narrative::fault(text) {
                    self.broken(rule, says, path);
                }
            }
            Primitive::Uri | Primitive::Url | Primitive::Canonical => {
                self.container.refers(text, self.is_contained);
            }
            Primitive::Code => {
                let codes = element.codes.map(|number| r4().codes(number));
                if let Some(codes) = codes
                    && !codes.iter().any(|(_, code)| *code == text)
                {
                    self.fault(IssueCode::CodeInvalid, one_of(codes), path);
                }
            }
            _ => {}
        }
    }

    /// A CodeableConcept with a required binding has one of the codes.
    pub(super) fn concept(&mut self, element: &Element, value: &Value, path: &Path) {
        let Some(number) = element.codes else { return };
        let codes = r4().codes(number);
        let is_in = |coding: &Value| {
            let text = |name| coding.get(name).and_then(Value::as_str);
            let known = |(system, code): &(&str, &str)| {
                text("code") == Some(*code) && text("system") == Some(*system)
            };
            codes.iter().any(known)
        };
        let codings = value
            .get("coding")
            .and_then(Value::as_array)
            .unwrap_or_default();
        if !codings.iter().any(is_in) {
            let systems = codes.first().map(|(system, _)| *system).unwrap_or_default();
            let text = format!("needs a coding of `{systems}`: {}", one_of(codes));
            self.fault(IssueCode::CodeInvalid, text, path);
        }
    }

    pub(super) fn reference(&mut self, variant: &Variant, node: Node<'a>, path: &Path) {
        let text = node.text("reference");
        if let Some(id) = text.and_then(|text| text.strip_prefix('#')) {
            self.container
                .refers(text.unwrap_or_default(), self.is_contained);
            if !id.is_empty() && self.container.contained(id).is_none() {
                let says =
                    "the reference names no contained resource; add it or refer by `Type/id`";
                return self.broken("ref-1", says, path);
            }
        }
        // From a contained resource `#` and `#id` are seen from the outermost one.
        let outermost = self.container.node().unwrap_or(self.resource);
        let contained = |id: &str| self.container.contained(id);
        let Some(leads_to) = leads_to(outermost, contained, node) else {
            return;
        };
        let Some(leads_to) = r4().resource(leads_to) else {
            return;
        };
        if !variant.targets.is_empty() && !variant.targets.contains(&leads_to) {
            let names: Vec<&str> = variant
                .targets
                .iter()
                .map(|id| r4().get(*id).name)
                .collect();
            let text = format!("may refer to {} only", names.join(", "));
            self.fault(IssueCode::Value, text, path);
        }
    }

    /// ext-1; an extension without a value has extensions.
    pub(super) fn extension(&mut self, object: &Object, path: &Path) {
        let is_value = |name: &str| name.trim_start_matches('_').starts_with("value");
        let has_value = object.iter().any(|(name, _)| is_value(name));
        if has_value == object.get("extension").is_some() {
            let text = "an extension must have either a value or extensions";
            self.broken("ext-1", text, path);
        }
    }
}

/// Names the codes of a binding, if they are few.
fn one_of(codes: &[(&str, &str)]) -> String {
    if codes.len() > 24 {
        return "must be a code of the value set that R4 requires".to_owned();
    }
    let codes: Vec<&str> = codes.iter().map(|(_, code)| *code).collect();
    format!("must be one of {}", codes.join(", "))
}
