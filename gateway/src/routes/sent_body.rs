//! The body of a request to write.

use super::{Arrived, path};
use crate::{
    exchange::sent::Sent,
    failure::Failure,
    form::raw::{self, RawHead},
    http::body::{self, Body, BodyForm},
    interaction::kinds::Place,
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
    let raw = match kind {
        Some(kind) if form == BodyForm::Fhir && raw::is_binary(kind) => RawHead::of(request)?,
        _ => None,
    };
    let body = match raw {
        Some(head) => {
            let named = row.place == Place::Instance;
            let id = named.then(|| path::id(request)).transpose()?;
            body::read_raw(request, payload, head, id.as_ref()).await?
        }
        None => form.read(request, payload).await?,
    };
    let throttle = &context.app.throttle;
    throttle.opened(&context.caller, body.len());
    Ok(Some(body))
}
