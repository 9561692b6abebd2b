//! Elements that change the meaning of what they stand in: `implicitRules`
//! (<https://hl7.org/fhir/R4/resource-definitions.html#Resource.implicitRules>) and
//! `modifierExtension` (<https://hl7.org/fhir/R4/extensibility.html#modifierExtension>). None
//! is known here, so what is carried out may have none. A resource that is stored keeps its
//! own.

use crate::{IssueCode, Refusal, json::Value, path::Path};

/// Refuses a Bundle under rules of its own.
pub(super) fn refuse_rules(bundle: &Value, path: &Path) -> Result<(), Refusal> {
    let text = "rules under which the Bundle was made are not known here; send it without \
                `implicitRules`, if it means the same without them";
    ["implicitRules", "_implicitRules"]
        .iter()
        .try_for_each(|name| refuse(bundle, name, path, text))
}

/// Refuses an element that an extension may make mean something else.
pub(super) fn refuse_extension(element: &Value, path: &Path) -> Result<(), Refusal> {
    let text = "no modifier extension is known here; send the entry without it, if it means the \
                same without it";
    refuse(element, "modifierExtension", path, text)
}

fn refuse(element: &Value, name: &str, path: &Path, text: &str) -> Result<(), Refusal> {
    match element.get(name) {
        None => Ok(()),
        Some(_) => Err(Refusal::at(IssueCode::Extension, text, &path.name(name))),
    }
}
