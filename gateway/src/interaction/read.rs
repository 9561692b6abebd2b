//! read and vread: `GET [base]/[type]/[id]` and `.../_history/[vid]`
//! (<https://hl7.org/fhir/R4/http.html#read>).

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    reply::{Reply, Success, VersionMark},
    version::{Found, OpenVersion, is_delete},
};
use fhir::IssueCode;
use model::{LogicalId, ResourceType, VersionNumber};
use policies::Action;

/// The current version of a record.
///
/// # Errors
/// Not found for what is absent or hidden alike; gone after a delete.
pub async fn read(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
) -> Result<Reply, Failure> {
    let found = exchange.current(kind, id).await?;
    answer(exchange, Action::Read, kind, id, found)
}

/// One version of a record.
///
/// # Errors
/// Not found for what is absent or hidden alike; gone for the delete's version.
pub async fn vread(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    version: VersionNumber,
) -> Result<Reply, Failure> {
    let found = exchange.version(kind, id, version).await?;
    answer(exchange, Action::Vread, kind, id, found)
}

fn answer(
    exchange: &mut Exchange<'_>,
    action: Action,
    kind: &ResourceType,
    id: &LogicalId,
    found: Option<Found>,
) -> Result<Reply, Failure> {
    let version = permitted(exchange, action, kind, id, found)?;
    let mark = VersionMark {
        number: version.row.number,
        time: version.row.time,
    };
    if is_delete(&version.row) {
        return Err(Failure::new(
            Category::Gone,
            IssueCode::Deleted,
            "the record was deleted; its earlier versions can still be read",
        ));
    }
    Ok(Reply {
        success: Success::Ok,
        version: Some(mark),
        location: None,
        body: Some(version.content.to_vec()),
    })
}

/// Decides over what was found and releases it. What was not found is decided
/// over too, so that hidden and absent take the same steps and leave the same
/// audit.
///
/// # Errors
/// Not found for what is absent or hidden alike.
pub fn permitted(
    exchange: &mut Exchange<'_>,
    action: Action,
    kind: &ResourceType,
    id: &LogicalId,
    found: Option<Found>,
) -> Result<OpenVersion, Failure> {
    let target = match &found {
        Some(found) => found.withheld.target(),
        None => exchange.absent(kind, id),
    };
    let permit = exchange.decide(action, &target);
    match (permit, found) {
        (Some(permit), Some(found)) => exchange.release(&permit, found),
        _ => {
            exchange.touch(kind, id, None, action, Vec::new());
            Err(Failure::not_found())
        }
    }
}
