//! create: `POST [base]/[type]` (<https://hl7.org/fhir/R4/http.html#create>).

use crate::{
    exchange::Exchange,
    failure::Failure,
    http::reply::{Reply, Success},
    record::{
        security_context,
        write::{self, NewContent},
    },
};
use fhir::Resource;
use model::{LogicalId, Random, VersionInteraction, new_uuid};
use policies::Action;

/// An id for a new record: a random UUID, so that ids tell nothing.
///
/// # Errors
/// When the source of randomness fails.
pub fn assigned_id(random: &dyn Random) -> Result<LogicalId, Failure> {
    new_uuid(random)?.parse().map_err(Failure::fault)
}

/// Creates a record under an id that was assigned before, because a Bundle's
/// references already point to it, and because a decision may have to be made anew.
///
/// # Errors
/// Forbidden when policy does not permit it, unprocessable when its `securityContext`
/// is none that the caller may read; nothing is written then.
pub async fn create(
    exchange: &mut Exchange<'_>,
    resource: &Resource,
    id: LogicalId,
) -> Result<Reply, Failure> {
    let context = security_context::of(exchange, resource).await?;
    let new = NewContent::first(exchange, resource, id, context);
    let target = new.target(exchange);
    let Some(permit) = exchange.decide(Action::Create, &target) else {
        // Under the id that it would have had: whom it was about has to be found.
        let kind = resource.resource_type();
        exchange.touch_refused(kind, &new.id, Action::Create, new.patients);
        return Err(Failure::forbidden());
    };
    let mark = write::put(exchange, &permit, &target, VersionInteraction::Create, &new).await?;
    Ok(Reply {
        success: Success::Created,
        version: Some(mark),
        location: Some(exchange.location(&new, mark)),
        body: Some(new.canonical),
    })
}
