//! The door that every handler of an authenticated path answers through: whatever is refused
//! once the caller is known leaves its audit record.
//!
//! What an exchange has audited is not audited again. Requests that were too many stay in the
//! aggregate, or the log could be grown by them; and what cannot be done now, because the
//! database is away say, cannot be audited now either.

use crate::{
    context::{Context, NotEntered},
    exchange::run,
    failure::{Category, Failure},
};
use actix_web::HttpRequest;
use fhir::definition::Definition;
use model::{Interaction, LogicalId, ResourceType};

/// Lets a request in and answers it.
///
/// # Errors
/// Those of the handler, once they are audited; unauthenticated without a valid token.
pub(crate) async fn answer<T>(
    request: &HttpRequest,
    interaction: Interaction,
    handle: impl AsyncFnOnce(Context) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (context, failure) = match Context::enter(request).await {
        Ok(context) => {
            let known = context.known();
            match handle(context).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => (Some(known), failure),
            }
        }
        Err(NotEntered { failure, known }) => (known, failure),
    };
    let aggregated = matches!(
        failure.category,
        Category::Throttled | Category::Unavailable
    );
    match context.filter(|_| !(failure.audited || aggregated)) {
        Some(context) => Err(run::refused(&context, interaction, named(request), failure).await),
        None => Err(failure),
    }
}

/// The record that the path names, if it does.
fn named(request: &HttpRequest) -> Option<(ResourceType, LogicalId)> {
    let path = request.match_info();
    let kind = path
        .get("type")
        .filter(|name| Definition::of(name).is_some())?;
    Some((kind.parse().ok()?, path.get("id")?.parse().ok()?))
}
