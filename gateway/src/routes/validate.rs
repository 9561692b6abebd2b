//! Routes of `$validate`
//! (<https://hl7.org/fhir/R4/resource-operation-validate.html>).

use super::{Answer, Arrived, path, sent_body};
use crate::{
    context::Context,
    exchange,
    http::{body, head},
    interaction::{kinds::Place, require_write},
    operation::validate::{self, Asked, Named},
};

/// Tells how the write of a body would go.
pub(super) async fn try_out(mut arrived: Arrived<'_>) -> Answer {
    let (row, request) = (arrived.row, arrived.request);
    let kind = path::kind(request)?;
    let id = match row.place {
        Place::ValidationOfRecord => Some(path::id(request)?),
        _ => None,
    };
    require_write(row.verb, &kind)?;
    let query = request.query_string().to_owned();
    head::of_query(request, &query)?;
    let body = sent_body::read(&mut arrived, Some(&kind)).await?;
    let long = body.as_ref().is_some_and(|body| body.is_long());
    let named = Named { kind, id };
    let try_out = async move |context: &Context| {
        let sent = match body.as_deref().unwrap_or_default().trim_ascii() {
            [] => None,
            bytes => Some(body::parse(&context.app, bytes)?),
        };
        let asked = Asked::of(context, &named, &query, sent)?;
        exchange::run(context, row.interaction(), async |exchange| {
            validate::validate(exchange, &asked).await
        })
        .await
    };
    let reply = arrived.context.carry_out(long, try_out).await?;
    Ok(reply.into_response())
}
