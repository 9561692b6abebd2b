//! conditional patch: `PATCH [base]/[type]?..` (<https://hl7.org/fhir/R4/http.html#patch>).

use super::{at, chosen, require, url_of};
use crate::{
    exchange::Exchange,
    failure::Failure,
    http::{body::BodyForm, reply::Reply},
    idempotency::done::Wrote,
    interaction::{
        kinds::{Change, Does, Place, Row, Submitted, TypeClass, Verb},
        patch,
    },
};
use model::Restful;
use policies::Action;

/// How the content of the record that criteria choose is changed in part.
pub static ROW: Row = Row {
    place: Place::Type,
    verb: Verb::Patch,
    interactions: &[Restful::Patch],
    classes: &[TypeClass::Stored],
    sent_for: &[Action::Update],
    body: Some(BodyForm::Patch),
    does: Does::Changes(Change {
        make: |exchange, sent| Box::pin(patch(exchange, sent)),
        again: |exchange, sent, wrote| Box::pin(again(exchange, sent, wrote)),
    }),
};

/// Patches the one record that meets the criteria.
///
/// # Errors
/// Those of a choice and of a patch; not found when no record meets them.
async fn patch(exchange: &mut Exchange<'_>, sent: &Submitted<'_>) -> Result<Reply, Failure> {
    let (kind, criteria) = sent.criteria()?;
    require(exchange, Action::Update, kind)?;
    require(exchange, Action::Read, kind)?;
    let choice = chosen(exchange, sent, kind, &criteria).await?;
    let Some(found) = choice.record() else {
        sent.preconditions.check_change(None)?;
        return Err(Failure::not_found());
    };
    let id = &found.version.id;
    let url = url_of(kind, id);
    let reply = patch::patch(exchange, &at(sent, &url)).await?;
    Ok(reply.of_chosen(id))
}

/// Answers again with the version that was made.
async fn again(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    let id = wrote.id.as_ref();
    let id = id.ok_or_else(|| Failure::fault("a kept answer has no id"))?;
    let url = url_of(sent.criteria()?.0, id);
    patch::again(exchange, &at(sent, &url), wrote).await
}
