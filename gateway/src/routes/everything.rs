//! Routes of `$everything`
//! (<https://hl7.org/fhir/R4/operation-patient-everything.html>).

use super::{Answer, Arrived, path, sent_body};
use crate::{
    context::Context,
    exchange,
    failure::Failure,
    http::{body, head, query_text},
    operation::everything,
};

/// Shows all that there is of a patient; parameters stand in the URL, in the body, or in both.
pub(super) async fn show(mut arrived: Arrived<'_>) -> Answer {
    let request = arrived.request;
    let patient = path::id(request)?;
    let mut query = request.query_string().to_owned();
    let kind = "Patient".parse().map_err(Failure::fault)?;
    let sent = sent_body::read(&mut arrived, Some(&kind)).await?;
    if let Some(bytes) = sent.as_deref().map(<[u8]>::trim_ascii)
        && !bytes.is_empty()
    {
        let more = everything::query_of(&body::parse(&arrived.context.app, bytes)?)?;
        if !(query.is_empty() || more.is_empty()) {
            query.push('&');
        }
        query.push_str(&more);
    }
    query_text::check_url(&query)?;
    head::of_query(request, &query)?;
    let app = &arrived.context.app;
    app.throttle
        .searches(&arrived.context.caller)
        .inspect_err(|_| app.counters.throttled())?;
    let interaction = arrived.row.interaction();
    let show = async move |context: &Context| {
        exchange::run(context, interaction.clone(), async |exchange| {
            everything::everything(exchange, &patient, &query).await
        })
        .await
    };
    let reply = arrived.context.carry_out(true, show).await?;
    Ok(reply.into_response())
}
