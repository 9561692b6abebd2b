//! Content that would be written, checked by itself.

use crate::{
    context::Context,
    failure::{Category, Failure},
};
use fhir::{IssueCode, Resource, validate};
use model::ResourceType;

/// Checks that a resource is of the type that the path names, its references are clear and
/// it is valid R4 (docs/fhir.md).
///
/// # Errors
/// Invalid; unprocessable with all faults of what is not valid.
pub fn check(
    context: &Context,
    resource: &mut Resource,
    kind: &ResourceType,
) -> Result<(), Failure> {
    resource.refuse_conditional_references()?;
    resource.refuse_unclear_references(&context.local)?;
    check_type(resource, kind)?;
    validate::require(resource)?;
    Ok(())
}

/// Checks that a resource is of the type that the path names.
///
/// # Errors
/// Invalid.
pub fn check_type(resource: &Resource, kind: &ResourceType) -> Result<(), Failure> {
    if resource.resource_type() == kind {
        return Ok(());
    }
    Err(Failure::new(
        Category::Invalid,
        IssueCode::Invalid,
        format!("the body is not a {kind}, as the URL says; post it to its own type"),
    )
    .at("resourceType"))
}
