//! Whether a resource is valid by R4 itself (<https://hl7.org/fhir/R4/validation.html>):
//! structure, cardinality, primitive formats, choices, contained resources, targets of
//! references, required codes, invariants. docs/fhir.md lists what is left out.
//!
//! No terminology beyond required bindings, no profile, and nothing is looked up: whether
//! a reference leads anywhere is not asked. All faults are told at once, up to
//! [`MAX_FAULTS`], and the number of the others. Texts hold no value of the resource.

mod contained;
mod moment;
mod narrative;
mod primitive;
mod rule;
mod shape;
mod value;

pub use crate::fault::{Fault, MAX_FAULTS, outcome};
use crate::{Refusal, Resource, definition::Node, fault::Faults, json::Value, path::Path};
use shape::Walk;

/// Checks a resource; no faults when it is valid.
#[must_use]
pub fn validate(resource: &Resource) -> Vec<Fault> {
    validate_value(resource.value())
}

/// Refuses a resource that is not valid.
///
/// # Errors
/// With all faults at once.
pub fn require(resource: &Resource) -> Result<(), Refusal> {
    Refusal::of_faults(validate(resource))
}

/// Refuses a value that is no valid resource.
///
/// # Errors
/// With all faults at once.
pub fn require_value(value: &Value) -> Result<(), Refusal> {
    Refusal::of_faults(validate_value(value))
}

/// Checks a value that should be a resource.
#[must_use]
pub fn validate_value(value: &Value) -> Vec<Fault> {
    let name = Node::resource(value).map_or("Resource", Node::type_name);
    let path = Path::Root(name);
    let mut faults = Faults::up_to(MAX_FAULTS);
    validate_at(value, &path, &mut faults);
    faults.into_told(&path)
}

/// Checks a value that should be a resource and stands at this path.
pub(crate) fn validate_at(value: &Value, path: &Path, faults: &mut Faults) {
    Walk::begin(value, path, faults);
}
