//! What the path of a request names.

use crate::{
    failure::{Category, Failure},
    http::outcome::unknown_interaction,
    interaction::{
        kinds::{Place, Verb},
        require_write,
    },
};
use actix_web::{HttpRequest, http::Method};
use fhir::{IssueCode, bundle::EntryUrl, definition::Definition};
use model::{LogicalId, ResourceType, VersionNumber};

/// The type of the path, when R4 has it.
pub(super) fn kind(request: &HttpRequest) -> Result<ResourceType, Failure> {
    let name = segment(request, "type");
    refuse_reserved(name)?;
    named(name)
}

fn named(name: &str) -> Result<ResourceType, Failure> {
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
    let id = segment(request, "id");
    refuse_reserved(id)?;
    id.parse().map_err(|_| {
        Failure::new(
            Category::Invalid,
            IssueCode::Value,
            "an id must be 1 to 64 of A-Z, a-z, 0-9, `-` and `.`",
        )
    })
}

/// The type of the records of a compartment; `None` for all types.
pub(super) fn members(request: &HttpRequest) -> Result<Option<ResourceType>, Failure> {
    let name = segment(request, "members");
    refuse_reserved(name)?;
    if name == "*" {
        return Ok(None);
    }
    named(name).map(Some)
}

/// What the path of a request names, at a place that an entry of a Bundle has too, with the
/// parameters that belong to it: those of a read or history, and the criteria of a change.
pub(super) fn url(request: &HttpRequest, place: Place) -> Result<EntryUrl, Failure> {
    let query = || Some(request.query_string().to_owned());
    if place == Place::SystemHistory {
        return Ok(EntryUrl::SystemHistory { query: query() });
    }
    let resource_type = kind(request)?;
    match place {
        Place::Type => {
            let chooses = *request.method() != Method::POST;
            return Ok(EntryUrl::Type {
                resource_type,
                query: query().filter(|_| chooses),
            });
        }
        Place::TypeHistory => {
            return Ok(EntryUrl::TypeHistory {
                resource_type,
                query: query(),
            });
        }
        _ => {}
    }
    let id = id(request)?;
    Ok(match place {
        Place::History => EntryUrl::History {
            resource_type,
            id,
            query: query(),
        },
        Place::Version => EntryUrl::Version {
            resource_type,
            id,
            version: version(request)?,
            query: query(),
        },
        _ => EntryUrl::Instance {
            resource_type,
            id,
            query: query(),
        },
    })
}

/// The names of interactions and operations stand where types and ids do
/// (<https://hl7.org/fhir/R4/http.html#summary>).
fn refuse_reserved(name: &str) -> Result<(), Failure> {
    if !name.starts_with(['_', '$']) {
        return Ok(());
    }
    Err(unknown_interaction())
}

fn segment<'r>(request: &'r HttpRequest, name: &str) -> &'r str {
    request.match_info().get(name).unwrap_or_default()
}

/// Whether the path of a request is that of a type of R4, or below one: no operation's.
pub(super) fn is_there(request: &HttpRequest) -> Result<(), Failure> {
    let path = request.match_info();
    match path.get("type") {
        None => {}
        Some(_) => drop(kind(request)?),
    }
    path.get("id").map_or(Ok(()), refuse_reserved)?;
    match path.get("members") {
        None => Ok(()),
        Some(_) => members(request).map(drop),
    }
}

/// Refuses a write of a type whose records do not take it.
pub(super) fn refuses(request: &HttpRequest, method: &Method) -> Result<(), Failure> {
    let verb = Verb::of(method).filter(|verb| *verb != Verb::Get);
    match (kind(request), verb) {
        (Ok(kind), Some(verb)) => require_write(verb, &kind),
        _ => Ok(()),
    }
}

/// The version of the path; one that cannot exist is simply not found.
pub(super) fn version(request: &HttpRequest) -> Result<VersionNumber, Failure> {
    let text = request.match_info().get("version").unwrap_or_default();
    text.parse().map_err(|_| Failure::not_found())
}
