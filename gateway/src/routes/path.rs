//! What the path of a request names.

use crate::failure::{Category, Failure};
use actix_web::HttpRequest;
use fhir::{IssueCode, definition::Definition};
use model::{LogicalId, ResourceType, VersionNumber};

/// The type of the path, when R4 has it.
pub(super) fn kind(request: &HttpRequest) -> Result<ResourceType, Failure> {
    let name = request.match_info().get("type").unwrap_or_default();
    refuse_reserved(name)?;
    if Definition::of(name).is_some() {
        return name.parse().map_err(Failure::fault);
    }
    Err(Failure::new(
        Category::NotFound,
        IssueCode::NotSupported,
        "FHIR R4 has no such resource type; names are case-sensitive",
    ))
}

pub(super) fn id(request: &HttpRequest) -> Result<LogicalId, Failure> {
    let id = request.match_info().get("id").unwrap_or_default();
    refuse_reserved(id)?;
    id.parse().map_err(|_| {
        Failure::new(
            Category::Invalid,
            IssueCode::Value,
            "an id must be 1 to 64 of A-Z, a-z, 0-9, `-` and `.`",
        )
    })
}

/// The names of interactions and operations stand where types and ids do
/// (<https://hl7.org/fhir/R4/http.html#summary>).
fn refuse_reserved(name: &str) -> Result<(), Failure> {
    if !name.starts_with(['_', '$']) {
        return Ok(());
    }
    Err(Failure::new(
        Category::NotFound,
        IssueCode::NotSupported,
        "this interaction or operation is not supported here; `/metadata` says what is offered",
    ))
}

/// The version of the path; one that cannot exist is simply not found.
pub(super) fn version(request: &HttpRequest) -> Result<VersionNumber, Failure> {
    let text = request.match_info().get("version").unwrap_or_default();
    text.parse().map_err(|_| Failure::not_found())
}
