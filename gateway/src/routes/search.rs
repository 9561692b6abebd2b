//! Routes of a search (<https://hl7.org/fhir/R4/http.html#search>).

use super::{Answer, path::kind, show};
use crate::{
    audit::sealed::AUDIT_EVENT,
    context::Context,
    exchange::door,
    http::{body, head, prefer::Preferences, query_text},
    interaction::look::Look,
};
use actix_web::{HttpRequest, web};
use model::{Interaction, Restful};

pub(super) async fn get_search(request: HttpRequest) -> Answer {
    let query = request.query_string().to_owned();
    door::answer(&request, search_type(), async |context| {
        run_search(&request, context, query).await
    })
    .await
}

pub(super) async fn post_search(request: HttpRequest, payload: web::Payload) -> Answer {
    // Authenticated first: nobody sends us a body without a token.
    door::answer(&request, search_type(), async |context| {
        let form = body::read_form(&request, payload).await?;
        let query = match request.query_string() {
            "" => form,
            query => format!("{query}&{form}"),
        };
        run_search(&request, context, query).await
    })
    .await
}

fn search_type() -> Interaction {
    Restful::SearchType.into()
}

async fn run_search(request: &HttpRequest, context: Context, query: String) -> Answer {
    query_text::check(request.method(), &query)?;
    let kind = kind(request)?;
    head::of_query(request, &query)?;
    let app = &context.app;
    app.throttle
        .searches(&context.caller)
        .inspect_err(|_| app.counters.throttled())?;
    let lenient = Preferences::of(request).lenient;
    // An audit record can have thousands of events.
    let long = query_text::is_long(&query) || kind.as_str() == AUDIT_EVENT;
    let search = async move |context: &Context| {
        let look = Look::Search {
            kind: &kind,
            query: &query,
            lenient,
        };
        show(context, &look).await
    };
    Ok(context.carry_out(long, search).await?.into_response())
}
