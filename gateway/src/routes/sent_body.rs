//! The body of a request to write.

use super::Arrived;
use crate::{
    exchange::sent::Sent,
    failure::Failure,
    http::body::{self, Body},
};
use model::ResourceType;

/// Reads the body of a request, which counts as this number of records of its caller; none
/// of a method that has no content. A long one is read of those only who may send one.
pub(super) async fn read(
    arrived: &mut Arrived<'_>,
    kind: Option<&ResourceType>,
) -> Result<Option<Body>, Failure> {
    let (request, context, row) = (arrived.request, &arrived.context, arrived.row);
    let (Some(payload), Some(form)) = (arrived.payload.take(), row.body) else {
        return Ok(None);
    };
    if body::may_be_long(request) {
        let sent = Sent {
            interaction: row.interaction(),
            actions: row.sent_for,
            kind,
        };
        sent.admit(context).await?;
    }
    let body = form.read(request, payload).await?;
    let throttle = &context.app.throttle;
    throttle.opened(&context.caller, body.len());
    Ok(Some(body))
}
