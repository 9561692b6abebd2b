//! Routes of a search (<https://hl7.org/fhir/R4/http.html#search>).

use super::{Answer, Arrived, path::kind, shown};
use crate::{
    context::Context,
    http::{body, head, prefer::Preferences, query_text},
    interaction::look::Look,
};
use model::ResourceType;

/// Searches by the query, and by the form where one was sent.
pub(super) async fn search(mut arrived: Arrived<'_>) -> Answer {
    let request = arrived.request;
    let query = request.query_string().to_owned();
    let query = match arrived.payload.take() {
        None => query,
        Some(payload) => {
            let form = body::read_form(request, payload).await?;
            if query.is_empty() {
                form
            } else {
                format!("{query}&{form}")
            }
        }
    };
    query_text::check(request.method(), &query)?;
    let kind = kind(request)?;
    head::of_query(request, &query)?;
    let app = &arrived.context.app;
    app.throttle
        .searches(&arrived.context.caller)
        .inspect_err(|_| app.counters.throttled())?;
    let lenient = Preferences::of(request).lenient;
    let long = look(&kind, &query, lenient).is_long();
    let search = async move |context: &Context| {
        let look = look(&kind, &query, lenient);
        shown::show(context, &look).await
    };
    let reply = arrived.context.carry_out(long, search).await?;
    Ok(reply.into_response())
}

const fn look<'r>(kind: &'r ResourceType, query: &'r str, lenient: bool) -> Look<'r> {
    Look::Search {
        kind,
        query,
        lenient,
    }
}
