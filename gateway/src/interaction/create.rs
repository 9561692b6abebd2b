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
    // Under the id that it would have: whom a refused one was about has to be found.
    let mut asked = exchange.ask(Action::Create, resource.resource_type(), &new.id);
    if !exchange.permit(&mut asked, Action::Create, &target) {
        return Err(exchange.refuse(&asked, new.patients));
    }
    let mark = write::put(exchange, &asked, &target, VersionInteraction::Create, &new).await?;
    Ok(Reply {
        success: Success::Created,
        version: Some(mark),
        location: Some(exchange.location(&new, mark)),
        body: Some(new.canonical),
    })
}
