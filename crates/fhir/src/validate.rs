//! Whether a resource is valid by R4 itself (<https://hl7.org/fhir/R4/validation.html>):
//! structure, cardinality, primitive formats, choices, contained resources, targets of
//! references, required codes, invariants. docs/fhir.md lists what is left out.
//!
//! No terminology beyond required bindings, no profile, and nothing is looked up: whether
//! a reference leads anywhere is not asked. All faults are told at once, up to
//! [`MAX_FAULTS`]. Texts hold no value of the resource.

mod contained;
mod fault;
mod moment;
mod narrative;
mod primitive;
mod rule;
mod shape;
mod value;

use crate::{
    IssueCode, Resource,
    definition::Node,
    json::{Object, Value},
    path::Path,
};
pub use fault::{Fault, MAX_FAULTS};
use shape::Walk;

/// Checks a resource; no faults when it is valid.
#[must_use]
pub fn validate(resource: &Resource) -> Vec<Fault> {
    validate_value(resource.value())
}

/// Checks a value that should be a resource.
#[must_use]
pub fn validate_value(value: &Value) -> Vec<Fault> {
    let name = Node::resource(value).map_or("Resource", Node::type_name);
    Walk::begin(value, &Path::Root(name))
}

/// The `OperationOutcome` that has an issue for each fault; that of a valid resource says
/// so.
#[must_use]
pub fn outcome(faults: &[Fault]) -> Value {
    let valid = Fault {
        code: IssueCode::Informational,
        expression: String::new(),
        text: "the resource is valid".to_owned(),
        rule: None,
    };
    let issues: Vec<Value> = match faults {
        [] => vec![issue(&valid, "information")],
        faults => faults.iter().map(|fault| issue(fault, "error")).collect(),
    };
    Value::from([
        ("issue", issues.into()),
        ("resourceType", "OperationOutcome".into()),
    ])
}

fn issue(fault: &Fault, severity: &str) -> Value {
    let text = match fault.rule {
        Some(rule) => format!("{} ({rule})", fault.text),
        None => fault.text.clone(),
    };
    let mut issue = Object::new();
    issue.insert("code", fault.code.as_str());
    issue.insert("details", Value::from([("text", text.as_str().into())]));
    issue.insert("diagnostics", text);
    issue.insert("severity", severity);
    if !fault.expression.is_empty() {
        issue.insert("expression", vec![Value::from(fault.expression.as_str())]);
    }
    Value::Object(issue)
}
