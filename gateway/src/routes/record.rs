//! Routes of one record: its interactions, and what is made at its type
//! (<https://hl7.org/fhir/R4/http.html#summary>).

use super::{Answer, Arrived, path, sent_body, shown, submission::Submission};
use crate::{
    context::Context,
    form::raw,
    http::{head, negotiation, precondition::Preconditions, prefer::Preferences},
    idempotency::Key,
    interaction::{
        kinds::{Change, Place, Verb},
        look::Look,
    },
};

/// Makes a change, as its line of the table does.
pub(super) async fn change(mut arrived: Arrived<'_>, change: Change) -> Answer {
    let (row, request) = (arrived.row, arrived.request);
    let url = path::url(request, row.place)?;
    let mut key = Key::of(request)?;
    let preconditions = match (row.place, row.verb) {
        (Place::Type, Verb::Post) => head::of_create(request)?,
        (Place::Type, _) => {
            key = key.map(|key| key.with_criteria(request.query_string()));
            head::beside_query(request)?
        }
        _ => head::of_record(request)?,
    };
    let wanted = Preferences::of(request).body;
    let body = sent_body::read(&mut arrived, url.resource_type()).await?;
    let long = body.as_ref().is_some_and(|body| body.is_long());
    let submission = Submission {
        row,
        change,
        url,
        preconditions,
        key,
        body,
    };
    let make = async move |context: &Context| submission.make(context).await;
    let answered = arrived.context.carry_out(long, make).await?;
    Ok(answered.into_response(wanted))
}

/// Shows a record, one of its versions, or all of them, or those of many records.
pub(super) async fn show(arrived: Arrived<'_>) -> Answer {
    let (place, request) = (arrived.row.place, arrived.request);
    let url = path::url(request, place)?;
    let has_content = matches!(place, Place::Instance | Place::Version)
        && url.resource_type().is_some_and(raw::is_binary);
    let as_raw = has_content && negotiation::takes_other(request);
    let preconditions = match place {
        Place::History | Place::TypeHistory | Place::SystemHistory => {
            head::of_query(request, request.query_string())?;
            Preconditions::default()
        }
        _ if as_raw => Preconditions::of_request(request)?,
        _ => head::beside_query(request)?,
    };
    // What cannot be read is refused before anything is run.
    let long = Look::at(&url, &preconditions)?.is_long();
    if place.is_of_many() {
        let app = &arrived.context.app;
        app.throttle
            .searches(&arrived.context.caller)
            .inspect_err(|_| app.counters.throttled())?;
    }
    let show = async move |context: &Context| {
        let look = Look::at(&url, &preconditions)?;
        shown::show(context, &look).await
    };
    let reply = arrived.context.carry_out(long, show).await?;
    Ok(match (has_content, as_raw) {
        (_, true) => raw::vary(raw::response(request, reply)?),
        (true, false) => raw::vary(reply.into_response()),
        (false, false) => reply.into_response(),
    })
}
