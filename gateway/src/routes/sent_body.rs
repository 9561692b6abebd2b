//! The body of a request to write.

use super::Arrived;
use crate::{
    exchange::sent::Sent,
    failure::Failure,
    http::body::{self, Body},
    interaction::kinds::{Does, Verb},
};
use model::ResourceType;

/// Reads the body of a request, which counts as this number of records of its caller; none
/// of a method that has no content. A long one is read of those only who may send one.
pub(super) async fn read(
    arrived: &mut Arrived<'_>,
    kind: Option<&ResourceType>,
) -> Result<Option<Body>, Failure> {
    let Some(payload) = arrived.payload.take() else {
        return Ok(None);
    };
    let (request, context, row) = (arrived.request, &arrived.context, arrived.row);
    if body::may_be_long(request) {
        let sent = Sent {
            interaction: row.interaction(),
            actions: row.sent_for,
            kind,
        };
        sent.admit(context).await?;
    }
    let bytes = match row.does {
        // A delete is tried without content.
        Does::Validates => body::read_fhir_if_any(request, payload).await?,
        _ if row.verb == Verb::Patch => body::read_patch(request, payload).await?,
        _ => body::read_fhir(request, payload).await?,
    };
    let throttle = &context.app.throttle;
    throttle.opened(&context.caller, bytes.len());
    Ok(Some(bytes))
}
