//! conditional delete of a single record: `DELETE [base]/[type]?..`
//! (<https://hl7.org/fhir/R4/http.html#2.1.0.12.1>).

use super::{at, chosen, require, url_of};
use crate::{
    exchange::Exchange,
    failure::Failure,
    http::reply::Reply,
    idempotency::done::Wrote,
    interaction::{
        delete,
        kinds::{Change, Does, Place, RECORDS, Row, Submitted, Verb},
    },
};
use model::Restful;
use policies::Action;

/// How the record that criteria choose ends.
pub static ROW: Row = Row {
    place: Place::Type,
    verb: Verb::Delete,
    interactions: &[Restful::Delete],
    classes: RECORDS,
    sent_for: &[],
    body: None,
    does: Does::Changes(Change {
        make: |exchange, sent| Box::pin(delete(exchange, sent)),
        again: |exchange, sent, wrote| Box::pin(again(exchange, sent, wrote)),
    }),
};

/// Deletes the one record that meets the criteria; that there is none is no error.
///
/// # Errors
/// Those of a choice and of a delete.
async fn delete(exchange: &mut Exchange<'_>, sent: &Submitted<'_>) -> Result<Reply, Failure> {
    let (kind, criteria) = sent.criteria()?;
    require(exchange, Action::Delete, kind)?;
    let choice = chosen(exchange, sent, kind, &criteria).await?;
    let Some(found) = choice.record() else {
        sent.preconditions.check_change(None)?;
        return Ok(Reply::deleted(None));
    };
    let id = &found.version.id;
    let url = url_of(kind, id);
    let reply = delete::delete(exchange, &at(sent, &url)).await?;
    Ok(reply.of_chosen(id))
}

/// Answers again; where nothing was found there is no record to decide over.
async fn again(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    let (kind, _) = sent.criteria()?;
    require(exchange, Action::Delete, kind)?;
    let Some(id) = &wrote.id else {
        return Ok(Reply::deleted(wrote.version));
    };
    let url = url_of(kind, id);
    delete::again(exchange, &at(sent, &url), wrote).await
}
